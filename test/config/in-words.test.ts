import { expect, test } from "bun:test";
import { z } from "zod";
import { inWords } from "../../src/config/in-words.ts";
import { optionSchema } from "../../src/config/option-schema.ts";
import { path, pattern, ref, seconds } from "../../src/config/schema.ts";

const CASES: readonly (readonly [string, z.ZodType])[] = [
  ["text", z.string()],
  ["non-empty text", z.string().min(1)],
  ["text of at most 400 characters", z.string().max(400)],
  ["text of 2 to 4 characters", z.string().min(2).max(4)],
  ["text of 3 characters", z.string().length(3)],
  ["text matching ^a", z.string().regex(/^a/)],
  ["a number", z.number()],
  ["a number from 0 to 60", seconds({ min: 0, max: 60 })],
  ["a number above 0 and below 1", z.number().gt(0).lt(1)],
  ["an integer", z.int()],
  ["an integer of at least 0", z.int().min(0)],
  ["an integer of at most 5", z.int().max(5)],
  ["true or false", z.boolean().default(true)],
  ["true, false or null", z.boolean().nullable()],
  ['one of "a", "b"', z.enum(["a", "b"]).optional()],
  ['"a"', z.literal("a")],
  ["a path", path()],
  ["an absolute path", path({ absolute: true }).optional()],
  ["a regular expression", pattern()],
  ["a node", ref("node")],
  ["a storage", ref("storage", { defaultTag: "LogStorage" }).optional()],
  ["a list of storages", z.array(ref("storage"))],
  ["a list of texts", z.array(z.string())],
  ["a list of numbers from 0 to 1 of 1 to 3 items", z.array(z.number().min(0).max(1)).min(1).max(3)],
  ["a list of absolute paths", z.array(path({ absolute: true }))],
  ["a list of lists of integers", z.array(z.array(z.int()))],
  ['a list of (one of "a", "b")', z.array(z.enum(["a", "b"]))],
  ["a list of (text or a number)", z.array(z.union([z.string(), z.number()]))],
  ["a list of texts matching ^a", z.array(z.string().regex(/^a/))],
  ["a list", z.array(z.unknown())],
  ["a mapping of texts to labelers", z.record(z.string(), ref("labeler"))],
  ["a mapping of texts to booleans", z.record(z.string(), z.boolean())],
  ["a mapping", z.record(z.string(), z.unknown())],
  ["a mapping with a, b", z.strictObject({ a: z.string(), b: z.string().optional() })],
  ["true or false or a regular expression", z.union([z.boolean(), pattern()])],
  ["anything", z.unknown()],
];

for (const [words, schema] of CASES) {
  test(`inWords() says ${words}`, () => expect(inWords(optionSchema(schema))).toBe(words));
}

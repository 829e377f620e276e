import { expect, test } from "bun:test";
import * as fs from "node:fs";
import fc from "fast-check";
import { Names } from "../../../src/kernel/names.ts";
import { parseVmstat } from "../../../src/kernel/proc/vmstat.ts";
import { expectOnlySyntaxErrors, parseText } from "./text.ts";

test.each([
  ["takes every key", "nr_foo 20\nnr_bar 30\n", { nr_foo: 20, nr_bar: 30 }],
  ["skips what is no key and number", "a\n\n b 1\nc x\nd 1 2\ne 2x\nf 3\n", { f: 3 }],
  ["takes a line without newline at the end", "a 1\nb 22", { a: 1, b: 22 }],
  ["gives nothing for empty text", "", {}],
  ["takes large counters to the nearest number", "a 18446744073709551615\n", { a: 2 ** 64 }],
])("parseVmstat() %s", (_what, text, values) => {
  expect(parseText(parseVmstat, text)).toEqual(values);
});

test("parseVmstat() gives what stands there now when the keys of a file change", () => {
  const names = new Names();
  const parse = (text: string) => parseText((bytes, length) => parseVmstat(bytes, length, names), text);
  expect(parse("a 1\nbc 2\nd 3\n")).toEqual({ a: 1, bc: 2, d: 3 });
  expect(parse("a 4\nd 5\nbd 6\n")).toEqual({ a: 4, d: 5, bd: 6 });
});

test("parseVmstat() reads what was written, with names of an earlier reading or without", () => {
  const keys = fc.string({ unit: fc.constantFrom(..."abnr_".split("")), minLength: 1, maxLength: 6 });
  const values = fc.dictionary(keys, fc.nat({ max: Number.MAX_SAFE_INTEGER }), { noNullPrototype: true });
  const names = new Names();
  fc.assert(
    fc.property(values, (expected) => {
      const text = Object.entries(expected).map(([key, value]) => `${key} ${value}\n`);
      expect(parseText((bytes, length) => parseVmstat(bytes, length, names), text.join(""))).toEqual(
        expected,
      );
    }),
  );
});

test("parseVmstat() never throws", () => {
  expectOnlySyntaxErrors(parseVmstat, ["nr_foo 20\n", "nr_bar", " 30"]);
});

test("parseVmstat() of this host takes as many keys as there are lines", () => {
  const bytes = fs.readFileSync("/proc/vmstat");
  const values = parseVmstat(bytes, bytes.length);
  expect(Object.keys(values)).toHaveLength(bytes.toString().trim().split("\n").length);
  expect(values["pgfault"]).toBeGreaterThanOrEqual(values["pgmajfault"] ?? Number.NaN);
});

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { KeyedNumbers } from "../../src/kernel/keyed.ts";

const buffer = new Uint8Array(4096);

/** Parses with a buffer in which earlier, longer files have left their rest, as the host's does. */
function parse(parser: KeyedNumbers, keys: readonly string[], text: string): readonly number[] {
  const { written } = new TextEncoder().encodeInto(text, buffer);
  const values = new Float64Array(keys.length).fill(-1);
  parser.parse(buffer, written, values);
  return [...values];
}

function naive(keys: readonly string[], text: string): readonly number[] {
  const lines = text.split("\n").map((line) => line.split(" "));
  return keys.map((key) => {
    const value = lines.find(([name]) => name === key)?.[1] ?? "";
    return /^\d+/.test(value) ? Number.parseInt(value, 10) : Number.NaN;
  });
}

function sequence(keys: readonly string[], texts: readonly string[]): void {
  const parser = new KeyedNumbers(keys);
  expect(texts.map((text) => parse(parser, keys, text))).toEqual(texts.map((text) => naive(keys, text)));
}

describe("parse() picks numbers by key", () => {
  test("from the same lines again and again", () => {
    sequence(
      ["anon", "pgfault"],
      [
        "anon 1\nfile 22\npgfault 3\n",
        "anon 100\nfile 2\npgfault 30\n",
        "anon 1\nfile 2\npgfault 18446744073709551615",
      ],
    );
  });

  test("from a file that has more lines than the first one, as cpu.stat of a cgroup with the cpu controller", () => {
    const short = "usage_usec 5\nuser_usec 3\nsystem_usec 2\n";
    sequence(
      ["usage_usec", "nr_throttled"],
      [short, `${short}nr_periods 7\nnr_throttled 4\n`, short, `${short}nr_periods 7\nnr_throttled 5\n`],
    );
  });

  test("from a file that has a wanted key in place of an unwanted one of the same length", () => {
    sequence(["anon", "file"], ["aaaa 1\nfile 2\n", "anon 7\nfile 2\n", "aaaa 1\nfile 2\n"]);
    sequence(["anon", "swap"], ["anon 1\nfile 2\n", "anon 1\nswap 9\n"]);
  });

  test("from files that lost or gained a line in front", () => {
    sequence(
      ["b", "c"],
      ["a 1\nb 2\nc 3\n", "b 2\nc 3\n", "x 0\na 1\nb 2\nc 3\n", "b 5\n", "", "c 1\nb 2\n"],
    );
  });

  test("not from keys that only start like it or are cut", () => {
    sequence(
      ["pgfault"],
      ["pgfaultx 1\nxpgfault 2\npg 3\npgmajfault 4\n", "pgfault 5\n", "pgfaul", "pgfault"],
    );
  });

  test("not where the value is a word, empty or negative", () => {
    sequence(
      ["max", "low"],
      ["low max\nmax 5\n", "low -1\nmax 5\n", "low \nmax 5\n", "low 3\nmax 5\n", "\n\nlow 3\nmax 4\n"],
    );
  });

  test("like a naive parser, whatever files follow each other", () => {
    const names = ["a", "b", "aa", "ab", "ba", "abc", "x"];
    const wanted = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 4 });
    const line = fc.tuple(
      fc.constantFrom(...names),
      fc.oneof(
        { weight: 5, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String) },
        fc.constantFrom("max", "-5", "0"),
      ),
    );
    const file = fc
      .tuple(fc.uniqueArray(line, { selector: ([key]) => key, maxLength: 7 }), fc.boolean())
      .map(
        ([lines, ended]) =>
          lines.map((parts) => parts.join(" ")).join("\n") + (ended && lines.length > 0 ? "\n" : ""),
      );
    fc.assert(
      fc.property(
        wanted,
        fc.array(file, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (keys, files, order) => {
          sequence(keys, [...files, ...order.map((at) => files[at % files.length] ?? "")]);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

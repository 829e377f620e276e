import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { asciiSlice, DecimalReader } from "../../src/kernel/decimal.ts";

function read(text: string, start = 0, length = text.length): readonly [number, number] {
  const reader = new DecimalReader();
  // What stands behind the length is left from an earlier file.
  const value = reader.read(new TextEncoder().encode(`${text}99999`), start, length);
  return [value, reader.end];
}

test.each([
  ["0", 0, 1],
  ["7\n", 7, 1],
  ["42 x", 42, 2],
  ["007", 7, 3],
  ["999999999999999", 999_999_999_999_999, 15],
  ["1000000000000001", 1_000_000_000_000_001, 16],
  ["9007199254740993", 9_007_199_254_740_992, 16],
  ["9223372036854771712", 2 ** 63 - 4096, 19],
  ["18446744073709551615", 2 ** 64, 20],
  ["000000000000000000012", 12, 21],
])("read() of %j gives %p and stops at %p", (text, value, end) => {
  expect(read(text)).toEqual([value, end]);
});

test.each(["", "max", "-1", "\n", " 1", "+1", ":", "/"])("read() of %j gives NaN and stays", (text) => {
  expect(read(text)).toEqual([Number.NaN, 0]);
});

test("read() starts and ends where it is told", () => {
  expect(read("12345", 1, 3)).toEqual([23, 3]);
  expect(read("12345", 5, 5)).toEqual([Number.NaN, 5]);
});

test("read() of any 64-bit number gives the nearest double", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n }), (number) => {
      expect(read(`${number}`)).toEqual([Number(number), `${number}`.length]);
    }),
    { numRuns: 2000 },
  );
});

test("asciiSlice() gives the text between two positions", () => {
  expect(asciiSlice(new TextEncoder().encode("some avg10"), 5, 10)).toBe("avg10");
});

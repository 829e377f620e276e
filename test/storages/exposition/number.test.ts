import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatNumber, LONGEST_NUMBER, writeNumber } from "../../../src/storages/exposition/number.ts";
import { anyValue } from "./samples.ts";

const CASES: readonly (readonly [number, string])[] = [
  [0, "0"],
  [-0, "0"],
  [1, "1"],
  [9, "9"],
  [10, "10"],
  [99, "99"],
  [100, "100"],
  [-17, "-17"],
  [8.223, "8.223"],
  [0.1, "0.1"],
  [1e-5, "0.00001"],
  [1e-7, "1e-7"],
  [5e-324, "5e-324"],
  [Number.MAX_SAFE_INTEGER, "9007199254740991"],
  [-Number.MAX_SAFE_INTEGER, "-9007199254740991"],
  [2 ** 53, "9007199254740992"],
  [2 ** 53 + 2, "9007199254740994"],
  [2 ** 63 - 4096, "9223372036854771712"],
  [-(2 ** 63), "-9223372036854775808"],
  [2 ** 64, "18446744073709551616"],
  [1e20, "100000000000000000000"],
  [1e21, "1e+21"],
  [1.7976931348623157e308, "1.7976931348623157e+308"],
  [-1.2345678901234568e-300, "-1.2345678901234568e-300"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
];

function written(value: number): string {
  const bytes = new Uint8Array(3 + LONGEST_NUMBER);
  const end = writeNumber(value, bytes, 3);
  expect([...bytes.subarray(0, 3), ...bytes.subarray(end)].every((byte) => byte === 0)).toBe(true);
  return new TextDecoder().decode(bytes.subarray(3, end));
}

test("formatNumber() gives the shortest text that reads back the same, whole numbers with all digits", () => {
  expect(CASES.map(([value]) => formatNumber(value))).toEqual(CASES.map(([, text]) => text));
});

test("writeNumber() writes what formatNumber() gives and nothing beside it", () => {
  expect(CASES.map(([value]) => written(value))).toEqual(CASES.map(([, text]) => text));
});

test("writeNumber() of any double reads back as the same double within LONGEST_NUMBER bytes", () => {
  fc.assert(
    fc.property(anyValue(), (value) => {
      const text = written(value);
      expect(text).toBe(formatNumber(value));
      expect(text.length).toBeLessThanOrEqual(LONGEST_NUMBER);
      expect(Number(text.replace("Inf", "Infinity"))).toBe(value === 0 ? 0 : value);
    }),
    { numRuns: 2000 },
  );
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { isUnassigned, MonValue } from "../../../src/kernel/resctrl/mon-value.ts";

const BITS_64 = 2n ** 64n - 1n;

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function parsed(text: string): MonValue | undefined {
  const value = new MonValue();
  const bytes = bytesOf(text);
  return value.parse(bytes, bytes.length) ? value : undefined;
}

test("MonValue.since() is exact for any two counters of 64 bits that are near each other", () => {
  const near = fc.tuple(fc.bigInt(0n, BITS_64 - 2n ** 53n), fc.bigInt(0n, 2n ** 53n - 1n));
  fc.assert(
    fc.property(near, ([earlier, increase]) => {
      const before = parsed(`${earlier}\n`);
      const after = parsed(`${earlier + increase}\n`);
      expect(after?.since(before?.high ?? 0, before?.low ?? 0)).toBe(Number(increase));
    }),
  );
});

test("MonValue.since() of a counter that fell is what it has counted since", () => {
  expect(parsed("18446744073709551615\n")?.since(0, 0)).toBe(2 ** 64);
  expect(parsed("700")?.since(18446, 744073709551615)).toBe(700);
  expect(parsed("699\n")?.since(0, 700)).toBe(699);
});

test.each(["Unavailable\n", "Error\n", "Unassigned\n", "", "\n", "-1\n", "1.5\n", "12 34\n", "0x10\n"])(
  "MonValue.parse() finds no value in %j",
  (text) => {
    expect(parsed(text)).toBeUndefined();
  },
);

test("MonValue.parse() reads numbers with and without a newline", () => {
  expect(
    ["0\n", "0", "18874368\n", "999999999999999", "1000000000000000"].map((text) => parsed(text)?.value),
  ).toEqual([0, 0, 18_874_368, 999_999_999_999_999, 1_000_000_000_000_000]);
});

test("isUnassigned() knows the one word", () => {
  const texts = ["Unassigned\n", "Unavailable\n", "Un", "17\n"];
  expect(texts.map((text) => isUnassigned(bytesOf(text), text.length))).toEqual([true, false, false, false]);
});

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { FractionReader } from "../../src/kernel/fraction.ts";

const reader = new FractionReader();

/** The number at the start of the text and where it ends. Behind it stands what an earlier file left. */
function read(text: string, rest = "777.7"): readonly [number, number] {
  const bytes = new TextEncoder().encode(text + rest);
  return [reader.read(bytes, 0, text.length), reader.end];
}

describe("FractionReader", () => {
  test.each([
    ["0", 0, 1],
    ["42\n", 42, 2],
    ["1.5 x", 1.5, 3],
    ["-2", -2, 2],
    ["-0.000123", -0.000123, 9],
    ["11536928.519689", 11536928.519689, 15],
    ["9223372036854775807.999999", 2 ** 63, 26],
    ["0.10000000000000000555", 0.1, 22],
    ["1.2.3", 1.2, 3],
  ])("read(%j) is %p and ends at %p", (text, value, end) => {
    expect(read(text)).toEqual([value, end]);
  });

  test.each(["", "-", "x", " 1", ".5", "1.", "--1", "1. 5", "-x"])("read(%j) is no number", (text) => {
    expect(read(text)[0]).toBeNaN();
  });

  test("read() does not go on into what stands behind the end", () => {
    expect([read("12", ".5"), read("12", "34"), read("1.5", "6")]).toEqual([
      [12, 2],
      [12, 2],
      [1.5, 3],
    ]);
    expect(read("", "-5")[0]).toBeNaN();
    expect(read("-", "5")[0]).toBeNaN();
  });

  test("read() gives what Number() gives", () => {
    const digits = fc.stringMatching(/^\d{1,22}$/);
    fc.assert(
      fc.property(fc.boolean(), digits, fc.option(digits), (negative, whole, fraction) => {
        const text = `${negative ? "-" : ""}${whole}${fraction === null ? "" : `.${fraction}`}`;
        // There is no negative zero among sums.
        expect(read(text)).toEqual([Number(text) + 0, text.length]);
      }),
    );
  });
});

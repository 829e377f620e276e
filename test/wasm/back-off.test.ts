import { expect, test } from "bun:test";
import { BackOff } from "../../src/wasm/back-off.ts";

function pausesAfter(failure: "timeout" | "trap" | "error", count: number, gapMs = 0): readonly number[] {
  let now = 0;
  const backOff = new BackOff(() => now);
  return Array.from({ length: count }, () => {
    backOff.failed(failure);
    const { pauseMs } = backOff;
    now += pauseMs + gapMs;
    return pauseMs;
  });
}

test("a pause doubles with each failure in a row; the fifth puts it off for ten minutes", () => {
  expect(pausesAfter("timeout", 6)).toEqual([500, 1000, 2000, 4000, 600_000, 600_000]);
});

test("one trap or error is not worth a pause, as the process is still there", () => {
  expect(pausesAfter("trap", 6)).toEqual([0, 500, 1000, 2000, 600_000, 600_000]);
  expect(pausesAfter("error", 2)).toEqual([0, 500]);
});

test("failures more than ten minutes apart are not in a row", () => {
  expect(pausesAfter("timeout", 8, 600_000)).toEqual(new Array(8).fill(500));
});

test("a success begins anew, and says whether it was off", () => {
  let now = 0;
  const backOff = new BackOff(() => now);
  const off = [1, 2, 3, 4, 5, 6].map(() => backOff.failed("died"));
  expect([off, backOff.isOff]).toEqual([[false, false, false, false, true, false], true]);
  now = 600_000;
  expect([backOff.pauseMs, backOff.succeeded(), backOff.isOff, backOff.succeeded()]).toEqual([
    0,
    true,
    false,
    false,
  ]);
  expect([backOff.failed("timeout"), backOff.pauseMs]).toEqual([false, 500]);
});

test("what cannot be used is never tried again", () => {
  let now = 0;
  const backOff = new BackOff(() => now);
  expect(backOff.failed("load")).toBe(true);
  now = 1e12;
  expect([backOff.isOff, backOff.pauseMs]).toEqual([true, Number.POSITIVE_INFINITY]);
});

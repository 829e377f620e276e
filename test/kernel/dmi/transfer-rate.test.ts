import { expect, test } from "bun:test";
import { transferRate } from "../../../src/kernel/dmi/transfer-rate.ts";

test.each([
  [1600, 12.8e9],
  [1866, 14.93333e9],
  [2133, 17.06667e9],
  [2400, 19.2e9],
  [2666, 21.33333e9],
  [2933, 23.46667e9],
  [3200, 25.6e9],
  [1333, 10.664e9],
  [4800, 38.4e9],
  [6400, 51.2e9],
])("transferRate(%d) is that of 64 bits", (speed, rate) => {
  expect(transferRate(speed)).toBe(rate);
});

test("transferRate() is in proportion to the width", () => {
  expect([transferRate(3200, 32), transferRate(4800, 1024)]).toEqual([12.8e9, 614.4e9]);
});

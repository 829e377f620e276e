import { expect, test } from "bun:test";
import { parsePressure } from "../../../src/kernel/proc/pressure.ts";
import { expectOnlySyntaxErrors, parseText } from "./text.ts";

const SOME = "some avg10=0.10 avg60=0.84 avg300=0.55 total=6993837\n";
const FULL = "full avg10=0.00 avg60=0.00 avg300=0.00 total=1\n";

test.each([
  ["both lines", SOME + FULL, { some: 6.993837, full: 0.000001 }],
  ["cpu before Linux 5.13", SOME, { some: 6.993837 }],
  ["irq", FULL, { full: 0.000001 }],
])("parsePressure() gives seconds of %s", (_what, text, pressure) => {
  expect(parseText(parsePressure, text)).toEqual(pressure);
});

test("parsePressure() refuses text without totals", () => {
  expect(() => parseText(parsePressure, "")).toThrow(SyntaxError);
});

test("parsePressure() throws nothing but SyntaxError", () => {
  expectOnlySyntaxErrors(parsePressure, [SOME, FULL, "some", "total=", "full "]);
});

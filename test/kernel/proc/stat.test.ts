import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { parseStat } from "../../../src/kernel/proc/stat.ts";
import { expectOnlySyntaxErrors, parseText } from "./text.ts";

test.each([
  [
    "adds user, nice, system, irq, softirq and steal",
    "cpu0 100 100 100 100 100 100 100 0 0 0\n",
    { "0": 500 },
  ],
  ["leaves out idle, iowait and guest", "cpu0 1 2 4 1000 2000 8 16 32 5000 6000\n", { "0": 63 }],
  ["skips the line of all CPUs", "cpu  9 9 9 9\ncpu3 1 0 0 0\n", { "3": 1 }],
  ["takes CPUs as they are numbered", "cpu0 1 1 1\ncpu10 2 2 2\nctxt 5\n", { "0": 3, "10": 6 }],
  ["stops at the first other line", "cpu0 1 1 1\nintr 5 5\ncpu1 1 1 1\n", { "0": 3 }],
  ["takes a line without newline at the end", "cpu0 1 1 1", { "0": 3 }],
])("parseStat() %s", (_what, text, ticks) => {
  expect(parseText(parseStat, text)).toEqual(ticks);
});

test("parseStat() refuses text without CPUs", () => {
  expect(() => parseText(parseStat, "")).toThrow(SyntaxError);
  expect(() => parseText(parseStat, "cpu  1 2 3\nctxt 5\n")).toThrow("Cannot find a line of a CPU");
});

test("parseStat() throws nothing but SyntaxError", () => {
  expectOnlySyntaxErrors(parseStat, ["cpu", "cpu0 ", "cpu1 1 2 3", "intr 1"]);
});

test("parseStat() of this host adds up to nearly the line of all CPUs", () => {
  const bytes = fs.readFileSync("/proc/stat");
  const sum = Object.values(parseStat(bytes, bytes.length)).reduce((total, ticks) => total + ticks, 0);
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (
    bytes.toString().split("\n")[0] ?? ""
  )
    .split(/\s+/)
    .map(Number);
  // The kernel rounds every number down to ticks on its own.
  expect(Math.abs(sum - (user + nice + system + irq + softirq + steal))).toBeLessThan(1000);
});

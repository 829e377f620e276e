import { expect, test } from "bun:test";
import { PressureParser } from "../../../src/kernel/cgroup/pressure.ts";

const parser = new PressureParser();
const AVERAGES = "avg10=1.50 avg60=0.20 avg300=0.00";

function parse(text: string): { someUs: number; fullUs: number } {
  const bytes = new TextEncoder().encode(`${text}total=77\nfull total=78\n`);
  const into = { someUs: -1, fullUs: -1 };
  parser.parse(bytes, new TextEncoder().encode(text).length, into);
  return into;
}

const CASES: readonly (readonly [string, string, number, number])[] = [
  ["both lines", `some ${AVERAGES} total=123\nfull ${AVERAGES} total=45\n`, 123, 45],
  ["totals beyond 2^53", "some total=18446744073709551615\nfull total=0\n", 2 ** 64, 0],
  ["no full line, as cpu.pressure before Linux 5.13", `some ${AVERAGES} total=123\n`, 123, Number.NaN],
  ["only a full line, as irq.pressure", `full ${AVERAGES} total=9\n`, Number.NaN, 9],
  ["no newline at the end", `some total=1\nfull ${AVERAGES} total=12`, 1, 12],
  ["lines without a total", "some\nfull\n", Number.NaN, Number.NaN],
  ["a line without a value after one with", "some total=5\nfull\n", 5, Number.NaN],
  ["an empty file", "", Number.NaN, Number.NaN],
];

test.each(CASES)("parse() gives totals: %s", (_, text, someUs, fullUs) => {
  expect(parse(text)).toEqual({ someUs, fullUs });
});

import { expect, test } from "bun:test";
import { type LogRecord, Repetitions } from "../../src/log/repetitions.ts";

const A: LogRecord = { logger: "wca.A", level: "error", message: "a" };

/** Says it at the time; whether it is to be written. */
function say(repetitions: Repetitions, record: LogRecord, nowMs: number): boolean {
  if (repetitions.isRepeated(record, nowMs)) return false;
  repetitions.remember(record, nowMs);
  return true;
}

test("Repetitions takes for the same what has the same logger, level and message", () => {
  const repetitions = new Repetitions();
  expect([
    say(repetitions, A, 0),
    say(repetitions, { ...A, logger: "wca.B" }, 0),
    say(repetitions, { ...A, level: "warning" }, 0),
    say(repetitions, { ...A, message: "b" }, 0),
    say(repetitions, { ...A }, 1),
  ]).toEqual([true, true, true, true, false]);
});

test("Repetitions tells counts in the order of what was said last, once", () => {
  const repetitions = new Repetitions();
  const B = { ...A, message: "b" };
  for (const [index, record] of [A, B, A, B, B, A].entries()) say(repetitions, record, index * 1000);
  expect(repetitions.take(10_000)).toEqual([
    { ...B, count: 2, elapsedMs: 9000 },
    { ...A, count: 2, elapsedMs: 10_000 },
  ]);
  expect(repetitions.take(10_000)).toEqual([]);
  // What was told counts as written now.
  expect(say(repetitions, A, 69_000)).toBe(false);
});

test("Repetitions forgets after a minute without a repetition, or when the clock is set back", () => {
  const repetitions = new Repetitions();
  expect([0, 60_000, 119_999, 170_000].map((now) => say(repetitions, A, now))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(repetitions.take(180_000)).toEqual([{ ...A, count: 2, elapsedMs: 120_000 }]);
  expect(say(repetitions, A, 100)).toBe(true);
});

test("Repetitions tells about a message that others displace", () => {
  const repetitions = new Repetitions();
  say(repetitions, A, 0);
  say(repetitions, A, 1000);
  const displaced = Array.from({ length: 5000 }, (_, index) =>
    repetitions.remember({ ...A, message: `other ${index}` }, 2000),
  );
  expect(displaced.flat()).toEqual([{ ...A, count: 1, elapsedMs: 2000 }]);
  expect(repetitions.isRepeated({ ...A, message: "other 4999" }, 3000)).toBe(true);
  expect(repetitions.isRepeated({ ...A, message: "other 10" }, 3000)).toBe(false);
});

test("Repetitions stays small, whatever it is told", () => {
  const repetitions = new Repetitions();
  const long = "x".repeat(8000);
  function feed(from: number, count: number): void {
    for (let index = from; index < from + count; index++)
      say(repetitions, { ...A, message: `${index}${long}` }, 0);
    Bun.gc(true);
  }
  feed(0, 2000);
  const before = process.memoryUsage().heapUsed;
  feed(2000, 20_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6);
  expect(repetitions.isRepeated({ ...A, message: `21999${long}` }, 0)).toBe(true);
  expect(repetitions.isRepeated({ ...A, message: `21000${long}` }, 0)).toBe(false);
});

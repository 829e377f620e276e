import { expect, test } from "bun:test";
import { EventCounts, exportedCount } from "../../../src/collectors/perf/event-counts.ts";

const RAN = { enabledNs: 10, runningNs: 5 };
const WAITED = { enabledNs: 10, runningNs: 0 };
const IDLE = { enabledNs: 0, runningNs: 0 };

/** [sum, increase, starved] after rounds of one event. */
function after(...rounds: readonly (readonly [number, typeof RAN])[]) {
  const counts = new EventCounts(2);
  for (const [increase, time] of rounds) {
    counts.begin();
    counts.add(1, increase, time);
  }
  return [counts.sum(1), counts.increase(1), counts.starved(1)];
}

test("EventCounts tells nothing of an event that is not open", () => {
  const counts = new EventCounts(2);
  expect([counts.sum(0), counts.increase(0), counts.starved(0)]).toEqual([undefined, undefined, false]);
});

test.each([
  ["idle", [[0, IDLE]], [0, 0, false]],
  ["counted", [[7, RAN]], [7, 7, false]],
  [
    "counted twice",
    [
      [7, RAN],
      [2, RAN],
    ],
    [9, 2, false],
  ],
  ["waiting in vain", [[0, WAITED]], [undefined, undefined, true]],
  [
    "waiting in vain, then idle",
    [
      [0, WAITED],
      [0, IDLE],
    ],
    [undefined, 0, true],
  ],
  [
    "waiting after it counted",
    [
      [7, RAN],
      [0, WAITED],
    ],
    [7, undefined, false],
  ],
  [
    "counted after it waited",
    [
      [0, WAITED],
      [7, RAN],
    ],
    [7, 7, false],
  ],
] as const)("EventCounts of an event that is %s", (_, rounds, told) => {
  expect(after(...rounds)).toEqual([...told]);
});

test("EventCounts adds up CPUs, of which one was counted", () => {
  const counts = new EventCounts(1);
  counts.begin();
  counts.add(0, 0, WAITED);
  counts.add(0, 3, RAN);
  counts.add(0, 4, IDLE);
  expect([counts.sum(0), counts.increase(0)]).toEqual([7, 7]);
});

test.each([
  [7.5, 1, 8],
  [10.5, 1, 10],
  [10.49, 1, 10],
  [0, 1, 0],
  [2 ** 53, 1, 2 ** 53],
  [676_000_001, 1e-9, 0.676000001],
  [3, 0.5, 1.5],
  [3, 2, 6],
  [10, 0.3, 3],
])("exportedCount() of %d with scale %d is %d", (sum, scale, value) => {
  expect(exportedCount(sum, scale)).toBe(value);
});

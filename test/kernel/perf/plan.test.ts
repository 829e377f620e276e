import { expect, test } from "bun:test";
import { EventPlan } from "../../../src/kernel/perf/plan.ts";
import { CYCLES, eventWith, INSTRUCTIONS, TASK_CLOCK } from "./events.ts";

const ATOM = eventWith({ metric: "atom", kind: "pmu", type: 10, cpus: [2, 3] });

test("EventPlan knows what is opened on which CPU and how many descriptors that takes", () => {
  const plan = new EventPlan([CYCLES, ATOM, TASK_CLOCK]);
  expect([plan.metrics, plan.scales]).toEqual([
    ["task_cycles", "atom", "task_cpu_clock_seconds"],
    [1, 1, 1e-9],
  ]);
  expect([plan.on(0), plan.on(2)]).toEqual([
    [CYCLES, TASK_CLOCK],
    [CYCLES, ATOM, TASK_CLOCK],
  ]);
  expect([plan.descriptors([0, 1, 2, 3]), plan.descriptors([])]).toEqual([10, 0]);
});

test("refuse() takes out one event for good, metrics keep their index", () => {
  const plan = new EventPlan([CYCLES, ATOM, INSTRUCTIONS]);
  expect(plan.on(2).length).toBe(3);
  plan.refuse(ATOM);
  expect([plan.on(2), plan.events, plan.metrics]).toEqual([
    [CYCLES, INSTRUCTIONS],
    [CYCLES, INSTRUCTIONS],
    ["task_cycles", "atom", "task_instructions"],
  ]);
  plan.update([CYCLES, ATOM, INSTRUCTIONS]);
  expect(plan.events).toEqual([CYCLES, INSTRUCTIONS]);
});

test("update() takes over CPUs and nothing that is new", () => {
  const plan = new EventPlan([CYCLES, ATOM]);
  expect(plan.on(4)).toEqual([CYCLES]);
  const moved = { ...ATOM, cpus: [4] };
  plan.update([CYCLES, moved, INSTRUCTIONS]);
  expect([plan.on(4), plan.on(2)]).toEqual([[CYCLES, moved], [CYCLES]]);
});

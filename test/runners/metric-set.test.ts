import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Catalogue } from "../../src/model/catalogue.ts";
import type { Measurement, Measurements, Metric } from "../../src/model/metric.ts";
import type { ObservedTask } from "../../src/model/snapshot.ts";
import type { Labels } from "../../src/model/task.ts";
import { MetricSet, type Told } from "../../src/runners/metric-set.ts";
import { taskWith } from "../roles/labeler.ts";

const catalogue = new Catalogue();
const NOTHING: Told = { commonLabels: {}, internal: {}, platform: {}, tasks: [], agent: {} };

function metricSet(): MetricSet {
  return new MetricSet({ catalogue, metricNames: "current" });
}

function observed(id: string, measurements: Measurements, labels: Labels = {}): ObservedTask {
  return { task: taskWith({ id, labels }), measurements };
}

/** What the set has to give, made from nothing. */
function rebuilt({ commonLabels, internal, platform, tasks, agent }: Told): readonly Metric[] {
  return [
    ...metricsOf(internal, {}, commonLabels),
    ...metricsOf(platform, {}, commonLabels),
    ...tasks.flatMap(({ task, measurements }) => metricsOf(measurements, task.labels, commonLabels)),
    ...metricsOf(agent, {}, commonLabels),
  ];
}

function metricsOf(measurements: Measurements, own: Labels, common: Labels): readonly Metric[] {
  return Object.entries(measurements).flatMap(([name, measurement]) => {
    const row = catalogue.get(name);
    const told = row === undefined ? {} : { type: row.type, help: row.help, unit: row.unit };
    return leavesOf(measurement).map(([levels, value]) => {
      const byLevel = levels.map((key, depth) => [row?.labels[depth] ?? `level${depth + 1}`, key]);
      return { name, value, labels: { ...own, ...Object.fromEntries(byLevel), ...common }, ...told };
    });
  });
}

function leavesOf(measurement: Measurement): readonly (readonly [readonly string[], number])[] {
  if (typeof measurement === "number") return [[[], measurement]];
  return Object.entries(measurement).flatMap(([key, below]) =>
    leavesOf(below).map(([levels, value]) => [[key, ...levels], value] as const),
  );
}

describe("MetricSet", () => {
  test("update() gives internal, platform, tasks in their order and the agent's own", () => {
    const metrics = metricSet().update({
      commonLabels: { host: "h" },
      internal: { wca_up: 1 },
      platform: { platform_topology_cpus: 2 },
      tasks: [observed("b", { task_up: 3 }, { x: "b" }), observed("a", { task_up: 4 }, { x: "a" })],
      agent: { wca_round_overruns_total: 5 },
    });
    expect(metrics.map(({ name, labels, value }) => [name, labels, value])).toEqual([
      ["wca_up", { host: "h" }, 1],
      ["platform_topology_cpus", { host: "h" }, 2],
      ["task_up", { host: "h", x: "b" }, 3],
      ["task_up", { host: "h", x: "a" }, 4],
      ["wca_round_overruns_total", { host: "h" }, 5],
    ]);
  });

  test("update() gives the same array of the same objects as long as no series comes or goes", () => {
    const set = metricSet();
    const labels = { task_id: "a" };
    const first = set.update({
      ...NOTHING,
      internal: { wca_up: 1 },
      tasks: [observed("a", { task_up: 1 }, labels)],
    });
    const objects = [...first];
    const second = set.update({
      ...NOTHING,
      internal: { wca_up: 2 },
      tasks: [observed("a", { task_up: 3 }, labels)],
    });
    expect(second === first).toBe(true);
    expect(second.map((metric, index) => metric === objects[index])).toEqual([true, true]);
    expect(second.map(({ value }) => value)).toEqual([2, 3]);
  });

  test("update() keeps the objects of tasks that stay when others come, go or change places", () => {
    const set = metricSet();
    const [a, b, c] = ["a", "b", "c"].map((id) => observed(id, { task_up: 1 }, { task_id: id }));
    const tasksOf = (...tasks: (ObservedTask | undefined)[]) =>
      set.update({ ...NOTHING, tasks: tasks.filter((task) => task !== undefined) });
    const [ofA, ofB] = tasksOf(a, b);
    expect(tasksOf(b, a).map((metric) => [ofA, ofB].indexOf(metric))).toEqual([1, 0]);
    expect(tasksOf(c, a).map((metric) => [ofA, ofB].indexOf(metric))).toEqual([-1, 0]);
    expect(tasksOf(c, b, a).map((metric) => [ofA, ofB].indexOf(metric))).toEqual([-1, -1, 0]);
  });

  test("update() gives a task with other labels new objects, and leaves the old ones as they were", () => {
    const set = metricSet();
    const [before] = set.update({ ...NOTHING, tasks: [observed("a", { task_up: 1 }, { v: "1" })] });
    const after = set.update({ ...NOTHING, tasks: [observed("a", { task_up: 2 }, { v: "2" })] });
    expect(after.map(({ labels, value }) => [labels, value])).toEqual([[{ v: "2" }, 2]]);
    expect([before?.labels, before?.value]).toEqual([{ v: "1" }, 1]);
  });

  test("update() keeps the objects of a task whose node gives it anew in each round", () => {
    const set = metricSet();
    const told = (value: number): Told => ({
      ...NOTHING,
      tasks: [observed("a", { task_up: value }, { v: "1" })],
    });
    const [before] = set.update(told(1));
    const [after] = set.update(told(2));
    expect(after === before).toBe(true);
    expect(after?.value).toBe(2);
  });

  test("update() forgets a task that changed its labels and then tells nothing", () => {
    const set = metricSet();
    set.update({ ...NOTHING, tasks: [observed("a", { task_up: 1 }, { v: "1" })] });
    expect(set.update({ ...NOTHING, tasks: [observed("a", {}, { v: "2" })] })).toEqual([]);
  });

  test("update() gives all series the new common labels", () => {
    const set = metricSet();
    const told = {
      ...NOTHING,
      internal: { wca_up: 1 },
      tasks: [observed("a", { task_up: 1 }, { host: "own" })],
    };
    set.update({ ...told, commonLabels: { host: "a" } });
    const metrics = set.update({ ...told, commonLabels: { host: "b", rack: "1" } });
    expect(metrics.map(({ labels }) => labels)).toEqual([
      { host: "b", rack: "1" },
      { host: "b", rack: "1" },
    ]);
    expect(set.update({ ...NOTHING, commonLabels: {} })).toEqual([]);
  });

  test("renew() leaves what was given before untouched for whoever still holds it", () => {
    const set = metricSet();
    const told = (value: number): Told => ({
      ...NOTHING,
      internal: { wca_up: value },
      platform: { platform_cpu_usage: { 0: value } },
      tasks: [observed("a", { task_up: value })],
      agent: { wca_round_overruns_total: value },
    });
    const held = set.update(told(1));
    const copy = structuredClone(held);
    set.renew();
    const next = set.update(told(2));
    expect(held).toEqual(copy);
    expect(next.map(({ value }) => value)).toEqual([2, 2, 2, 2]);
    expect(next.filter((metric) => held.includes(metric))).toEqual([]);
  });

  test("update() always gives what a set made from nothing gives, and changes no label of it later", () => {
    const names = fc.constantFrom(
      "task_up",
      "task_mem_numa_pages",
      "platform_zoneinfo",
      "own",
      "constructor",
    );
    const keys = fc.constantFrom("0", "1", "x", "toString");
    const { measurement } = fc.letrec<{ measurement: Measurement }>((tie) => ({
      measurement: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.nat(99),
        fc.dictionary(keys, tie("measurement"), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    const measurements = fc.dictionary(names, measurement, { maxKeys: 4, noNullPrototype: true });
    const labels = fc.constantFrom<Labels>({}, { a: "1" }, { a: "2" }, { host: "own", level1: "own" });
    // Labels are compared by identity: the same object in several rounds has to occur as well.
    const task = fc.record({ id: fc.constantFrom("t1", "t2", "t3"), labels, measurements });
    const round = fc.record({
      commonLabels: fc.constantFrom<Labels>({ host: "h" }, { host: "h" }, { host: "i" }, {}),
      internal: measurements,
      platform: measurements,
      tasks: fc.uniqueArray(task, { selector: ({ id }) => id, maxLength: 3 }),
      agent: measurements,
      renew: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(round, { maxLength: 6 }), (rounds) => {
        const set = metricSet();
        let held: readonly Metric[] = [];
        for (const { renew, tasks, ...rest } of rounds) {
          const copy = structuredClone(held);
          if (renew) set.renew();
          const told = {
            ...rest,
            tasks: tasks.map(({ id, ...each }) => observed(id, each.measurements, each.labels)),
          };
          const metrics = set.update(told);
          expect(metrics).toEqual(rebuilt(told) as Metric[]);
          if (renew) expect(held).toEqual(copy);
          else
            expect(held.map(({ name, labels }) => [name, labels])).toEqual(
              copy.map(({ name, labels }) => [name, labels]),
            );
          held = metrics;
        }
      }),
      { numRuns: 500 },
    );
  });
});

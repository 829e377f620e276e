import { describe, expect, test } from "bun:test";
import { ExampleDetector } from "../../src/detectors/example.ts";
import { detectorConformance, manyTasks, snapshotWith } from "../roles/detector.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

function started({ cycle_length = 90, skew = false, hostname = "host1" } = {}) {
  using tree = tempTree({});
  const context = { ...testContext(tree.host), hostname };
  return { detector: new ExampleDetector({ cycle_length, skew }, context), logged: context.logged };
}

/** A moment at which a cycle of 90 seconds begins. */
const CYCLE_MS = 90_000 * 19_000_000;

function at(second: number, tasks = 10) {
  return snapshotWith({ timeMs: CYCLE_MS + second * 1000 + 999, tasks: manyTasks(tasks) });
}

detectorConformance("ExampleDetector", () => started());

describe("ExampleDetector", () => {
  const PHASES: readonly (readonly [
    from: number,
    to: number,
    tasks: number,
    resources: number,
    metrics: number,
  ])[] = [
    [0, 9, 1, 1, 1],
    [10, 19, 1, 2, 2],
    [20, 29, 1, 3, 2],
    [30, 39, 2, 2, 3],
    [40, 49, 3, 1, 1],
    [50, 89, 0, 0, 0],
  ];
  for (const [from, to, tasks, resources, metrics] of PHASES) {
    test(`makes up ${tasks} tasks on ${resources} resources with ${metrics} metrics from second ${from} to ${to}`, () => {
      const { detector } = started();
      for (const second of [from, to]) {
        const { anomalies, metrics: extra } = detector.detect(at(second));
        expect({
          anomalies: anomalies.length,
          tasks: new Set(anomalies.map(({ contendedTaskId }) => contendedTaskId)).size,
          resources: new Set(anomalies.map(({ resource }) => resource)).size,
          metrics: [...new Set(anomalies.map((anomaly) => anomaly.metrics?.length))],
          extra,
        }).toEqual({
          anomalies: tasks * resources,
          tasks,
          resources,
          metrics: tasks === 0 ? [] : [metrics],
          extra: [{ name: "second_of_cycle", value: second, labels: {}, type: "gauge" }],
        });
      }
    });
  }

  test("names contended and contending tasks in the order of their ids", () => {
    const { detector } = started();
    const { anomalies } = detector.detect({ ...at(40), tasks: manyTasks(10).toReversed() });
    expect(
      anomalies.map(({ contendedTaskId, contendingTaskIds }) => [contendedTaskId, ...contendingTaskIds]),
    ).toEqual([
      ["t00", "t05"],
      ["t01", "t06"],
      ["t02", "t07"],
    ]);
    expect(anomalies[0]).toEqual({
      resource: "memory bandwidth",
      contendedTaskId: "t00",
      contendingTaskIds: ["t05"],
      metrics: [{ name: "example_memory_bandwidth_1", value: 1, labels: {}, type: "gauge" }],
    });
  });

  test("is quiet with fewer than ten tasks, and says so once", () => {
    const { detector, logged } = started();
    expect([detector.detect(at(0, 9)).anomalies, detector.detect(at(1, 9)).anomalies]).toEqual([[], []]);
    expect(logged).toEqual([["warning", "Cannot make up anomalies: saw 9 tasks, wanted at least 10"]]);
  });

  test("repeats after the length of a cycle", () => {
    const { detector } = started({ cycle_length: 20 });
    const secondAt = (timeMs: number) => detector.detect(snapshotWith({ timeMs })).metrics?.[0]?.value;
    expect([0, 19_999, 20_000, 41_000].map(secondAt)).toEqual([0, 19, 0, 1]);
  });

  test("shifts the cycle by the hostname with skew", () => {
    const second = (hostname: string, skew: boolean) =>
      started({ hostname, skew }).detector.detect(at(0)).metrics?.[0]?.value;
    expect([second("host1", false), second("host2", false)]).toEqual([0, 0]);
    expect(second("host1", true)).toBe(second("host1", true));
    expect(new Set(["host1", "host2", "host3"].map((name) => second(name, true))).size).toBe(3);
  });
});

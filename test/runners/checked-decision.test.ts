import { describe, expect, test } from "bun:test";
import { anomalyUuid } from "../../src/runners/anomaly-uuid.ts";
import { checkedDecision } from "../../src/runners/checked-decision.ts";
import { DetectionFaults } from "../../src/runners/detection-faults.ts";
import { taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

const [A, B, C] = ["a", "b", "c"].map((id) => taskWith({ id, name: id }));
const TASKS = new Map([A, B, C].flatMap((task) => (task === undefined ? [] : [[task.id, task] as const])));
const GOOD = { resource: "cache", contendedTaskId: "a", contendingTaskIds: ["b"] };

function checking() {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  const faults = new DetectionFaults("Mine", log);
  return {
    logged,
    check: (answer: unknown) => checkedDecision(answer, { tasks: TASKS, faults }),
    /** What was counted, zeros left out. */
    counted: () =>
      Object.fromEntries(
        Object.values(faults.measurements()).flatMap((counts) =>
          Object.entries(counts).filter(([, count]) => count !== 0),
        ),
      ),
  };
}

describe("checkedDecision()", () => {
  test("takes what is right as it is, the tasks in the place of their ids", () => {
    const { check, logged, counted } = checking();
    const metric = {
      name: "x:y_1",
      value: -1.5,
      labels: { l: "v" },
      type: "gauge",
      help: "h",
      unit: "bytes",
    };
    const given = { ...GOOD, metrics: [metric], severity: 0, confidence: 1, state: "onset" };
    expect(check({ anomalies: [given], metrics: [{ name: "m", value: 2 }] })).toEqual({
      anomalies: [
        {
          uuid: anomalyUuid(["a", "b"]),
          resource: "cache",
          contendedTaskId: "a",
          contended: taskWith({ id: "a", name: "a" }),
          contending: [taskWith({ id: "b", name: "b" })],
          metrics: [metric as never],
          severity: 0,
          confidence: 1,
          state: "onset",
        },
      ],
      metrics: [{ name: "m", value: 2, labels: {} }],
    });
    expect({ logged, counted: counted() }).toEqual({ logged: [], counted: {} });
  });

  for (const answer of [
    undefined,
    null,
    7,
    "x",
    {},
    [],
    { anomalies: {} },
    { anomalies: [], metrics: "no" },
  ]) {
    test(`throws for ${JSON.stringify(answer)}`, () => {
      expect(() => checking().check(answer)).toThrow(/^saw .*, wanted a decision/);
    });
  }

  const WRONG: readonly (readonly [fault: string, given: unknown, message: string])[] = [
    ["shape", null, "saw null, wanted {resource, contendedTaskId, contendingTaskIds: […], metrics: […]}"],
    ["shape", { ...GOOD, contendedTaskId: 7 }, "contendedTaskId: 7"],
    ["shape", { ...GOOD, contendingTaskIds: "b" }, 'contendingTaskIds: "b"'],
    ["shape", { ...GOOD, metrics: {} }, "metrics: {}"],
    [
      "resource",
      { ...GOOD, resource: "disk" },
      'saw resource "disk", wanted one of memory bandwidth, cache, cpus, thermal design power, unknown resource',
    ],
    ["state", { ...GOOD, state: "over" }, 'saw state "over", wanted one of onset, ongoing, clear'],
    ["contended_task", { ...GOOD, contendedTaskId: "gone" }, 'contended task "gone" is none of the round'],
  ];
  for (const [fault, given, message] of WRONG) {
    test(`leaves out an anomaly, and counts and says it once: ${fault}, ${JSON.stringify(given)}`, () => {
      const { check, counted, logged } = checking();
      expect(check({ anomalies: [given, GOOD] }).anomalies.map(({ resource }) => resource)).toEqual([
        "cache",
      ]);
      check({ anomalies: [given] });
      expect(counted()).toEqual({ [fault]: 2 });
      expect(logged.map(([level]) => level)).toEqual(["warning"]);
      const [, text = ""] = logged[0] ?? [];
      expect(text).toStartWith("Cannot use all of an anomaly of Mine: ");
      expect(text).toContain(message);
      expect(text).toEndWith("; further ones are counted in wca_anomalies_refused_total");
    });
  }

  test("leaves out contending tasks that are not there", () => {
    const { check, counted } = checking();
    const [anomaly] = check({
      anomalies: [{ ...GOOD, contendingTaskIds: ["x", "c", "b", "c", 7] }],
    }).anomalies;
    expect(anomaly?.contending.map(({ id }) => id)).toEqual(["c", "b"]);
    expect(anomaly?.uuid).toBe(anomalyUuid(["a", "b", "c"]));
    expect(counted()).toEqual({ contending_task: 2 });
  });

  for (const value of [-0.1, 1.1, Number.NaN, "1", null]) {
    test(`leaves out a severity of ${value} and a confidence of the same`, () => {
      const { check, counted } = checking();
      const [anomaly] = check({ anomalies: [{ ...GOOD, severity: value, confidence: value }] }).anomalies;
      expect(anomaly).not.toHaveProperty("severity");
      expect(anomaly).not.toHaveProperty("confidence");
      expect(counted()).toEqual({ severity: 1, confidence: 1 });
    });
  }

  test("takes the end of an anomaly whose tasks are gone", () => {
    const { check, counted } = checking();
    const given = { ...GOOD, contendedTaskId: "gone", contendingTaskIds: ["gone too"], state: "clear" };
    const [anomaly] = check({ anomalies: [given] }).anomalies;
    expect([anomaly?.contendedTaskId, anomaly?.contended, anomaly?.contending]).toEqual([
      "gone",
      undefined,
      [],
    ]);
    expect(counted()).toEqual({});
  });

  test("takes the same anomaly once", () => {
    const { check, counted } = checking();
    const anomalies = [
      GOOD,
      { ...GOOD, resource: "cpus" },
      GOOD,
      { ...GOOD, contendedTaskId: "b", contendingTaskIds: ["a"] },
    ];
    expect(check({ anomalies }).anomalies.length).toBe(3);
    expect(counted()).toEqual({ duplicate: 1 });
  });

  const METRICS: readonly (readonly [fault: string, metric: unknown])[] = [
    ["shape", 7],
    ["shape", null],
    ["name", { name: "a b", value: 1 }],
    ["name", { name: "1a", value: 1 }],
    ["name", { value: 1 }],
    ["value", { name: "a", value: Number.NaN }],
    ["value", { name: "a", value: Number.POSITIVE_INFINITY }],
    ["value", { name: "a", value: "1" }],
    ["value", { name: "a", value: 1n }],
    ["type", { name: "a", value: 1, type: "histogram" }],
    ["labels", { name: "a", value: 1, labels: ["x"] }],
    ["labels", { name: "a", value: 1, labels: { "a-b": "x" } }],
    ["labels", { name: "a", value: 1, labels: { a: 1 } }],
    ["labels", { name: "a", value: 1, labels: null }],
  ];
  for (const [fault, metric] of METRICS) {
    test(`leaves out a metric of its own and of an anomaly: ${fault}, ${Bun.inspect(metric, { compact: true })}`, () => {
      const { check, counted, logged } = checking();
      const good = { name: "good", value: 1 };
      const decision = check({ anomalies: [{ ...GOOD, metrics: [metric, good] }], metrics: [good, metric] });
      expect(decision.metrics.map(({ name }) => name)).toEqual(["good"]);
      expect(decision.anomalies[0]?.metrics.map(({ name }) => name)).toEqual(["good"]);
      expect(counted()).toEqual({ [fault]: 2 });
      expect(logged.length).toBe(1);
    });
  }

  test("copies metrics, which may change afterwards", () => {
    const metric = { name: "m", value: 1, labels: { a: "1" } };
    const { metrics } = checking().check({ anomalies: [], metrics: [metric] });
    metric.value = 2;
    metric.labels.a = "2";
    expect(metrics).toEqual([{ name: "m", value: 1, labels: { a: "1" } }]);
  });

  test("says values that are huge or cannot be shown on one short line", () => {
    const { check, logged } = checking();
    check({ anomalies: [{ ...GOOD, resource: "x\n".repeat(5000) }] });
    const text = logged[0]?.[1] ?? "";
    expect(text.length).toBeLessThan(400);
    expect(text).not.toContain("\n");
  });
});

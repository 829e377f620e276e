import { describe, expect, test } from "bun:test";
import { ROWS } from "../../src/model/catalogue/rows.ts";
import { Catalogue } from "../../src/model/catalogue.ts";
import type { Metric } from "../../src/model/metric.ts";
import { anomalyMetrics } from "../../src/runners/anomaly-metrics.ts";
import { checkedDecision } from "../../src/runners/checked-decision.ts";
import { DetectionFaults } from "../../src/runners/detection-faults.ts";
import { taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

const TASKS = new Map(
  ["t1", "t2", "t3"].map((id) => [
    id,
    taskWith({ id, labels: { task_id: id, workload_instance: `${id} instance` } }),
  ]),
);

/** Metrics of anomalies as a detector gives them, without what the catalogue says. */
function metricsOf(anomalies: readonly unknown[], tasks = TASKS): readonly Metric[] {
  using tree = tempTree({});
  const faults = new DetectionFaults("Mine", testContext(tree.host).log);
  const checked = checkedDecision({ anomalies }, { tasks, faults });
  return anomalyMetrics(checked.anomalies, { tasks, catalogue: new Catalogue([]) });
}

const UUID = "9a824883-1462-f212-4c14-30521962af20";
const ANOMALY = { resource: "memory bandwidth", contendedTaskId: "t2", contendingTaskIds: ["t1", "t3"] };
const LABELS = {
  contended_task_id: "t2",
  resource: "memory bandwidth",
  uuid: UUID,
  type: "contention",
  task_id: "t2",
  workload_instance: "t2 instance",
};
const BY_T1 = { ...LABELS, contending_task_id: "t1", contending_workload_instance: "t1 instance" };
const BY_T3 = { ...LABELS, contending_task_id: "t3", contending_workload_instance: "t3 instance" };

describe("anomalyMetrics()", () => {
  test("are as the original's: one for each contending task, then the context", () => {
    const context = [{ name: "cpi", value: 2.5, labels: { task: "own" }, type: "gauge", help: "CPI." }];
    expect(metricsOf([{ ...ANOMALY, metrics: context }])).toEqual([
      { name: "anomaly", value: 1, labels: BY_T1 },
      { name: "anomaly", value: 1, labels: BY_T3 },
      {
        name: "cpi",
        value: 2.5,
        labels: { task: "own", uuid: UUID, type: "anomaly" },
        type: "gauge",
        help: "CPI.",
      },
    ]);
  });

  test("are only the context without contending tasks", () => {
    expect(metricsOf([{ ...ANOMALY, contendingTaskIds: [], metrics: [{ name: "m", value: 1 }] }])).toEqual([
      {
        name: "m",
        value: 1,
        labels: { uuid: expect.any(String) as unknown as string, type: "anomaly" },
      },
    ]);
  });

  test("say that a contending task has no workload instance", () => {
    const tasks = new Map(["t1", "t2"].map((id) => [id, taskWith({ id, labels: { task_id: id } })]));
    const [metric] = metricsOf([{ ...ANOMALY, contendingTaskIds: ["t1"] }], tasks);
    expect(metric?.labels).toEqual({
      contended_task_id: "t2",
      contending_task_id: "t1",
      resource: "memory bandwidth",
      uuid: "996d84f8-49ff-579f-1e98-7f2973b3ea04",
      type: "contention",
      task_id: "t2",
      contending_workload_instance: "workload not found",
    });
  });

  test("let labels of the contended task win, but for the state", () => {
    const labels = {
      uuid: "own",
      type: "own",
      resource: "own",
      state: "own",
      contending_workload_instance: "own",
    };
    const tasks = new Map([...TASKS, ["t2", taskWith({ id: "t2", labels })]]);
    const [metric] = metricsOf([{ ...ANOMALY, state: "onset" }], tasks);
    expect(metric?.labels).toEqual({
      contended_task_id: "t2",
      contending_task_id: "t1",
      uuid: "own",
      type: "own",
      resource: "own",
      state: "onset",
      contending_workload_instance: "t1 instance",
    });
  });

  test("know tasks that a metric of the context names", () => {
    const labels = { contended_task_id: "t1", contending_task_id: "t3" };
    const metrics = [{ name: "m", value: 1, labels }];
    expect(metricsOf([{ ...ANOMALY, contendingTaskIds: [], metrics }])[0]?.labels).toEqual({
      ...labels,
      uuid: expect.any(String) as unknown as string,
      type: "anomaly",
      task_id: "t1",
      workload_instance: "t1 instance",
      contending_workload_instance: "t3 instance",
    });
  });

  test("tell severity and confidence with the same labels, and the state of the anomaly", () => {
    expect(metricsOf([{ ...ANOMALY, severity: 0.5, confidence: 0.75, state: "ongoing" }])).toEqual([
      { name: "anomaly", value: 1, labels: { ...BY_T1, state: "ongoing" } },
      { name: "anomaly", value: 1, labels: { ...BY_T3, state: "ongoing" } },
      { name: "anomaly_severity", value: 0.5, labels: BY_T1 },
      { name: "anomaly_confidence", value: 0.75, labels: BY_T1 },
      { name: "anomaly_severity", value: 0.5, labels: BY_T3 },
      { name: "anomaly_confidence", value: 0.75, labels: BY_T3 },
    ]);
  });

  test("tell the severity of an anomaly that nobody is known to cause", () => {
    const metrics = metricsOf([{ ...ANOMALY, contendingTaskIds: [], severity: 1 }]);
    expect(
      metrics.map(({ name, labels }) => [name, Object.keys(labels).includes("contending_task_id")]),
    ).toEqual([["anomaly_severity", false]]);
  });

  test("are 0 when an anomaly has ended", () => {
    const metrics = metricsOf([{ ...ANOMALY, state: "clear" }]);
    expect(metrics.map(({ value, labels }) => [value, labels["state"]])).toEqual([
      [0, "clear"],
      [0, "clear"],
    ]);
  });

  test("are none when the contended task is gone", () => {
    expect(metricsOf([{ ...ANOMALY, contendedTaskId: "gone", state: "clear" }])).toEqual([]);
  });

  test("have the same uuid in either direction", () => {
    const other = { ...ANOMALY, resource: "cache", contendedTaskId: "t1", contendingTaskIds: ["t3", "t2"] };
    const uuids = metricsOf([ANOMALY, other]).map(({ labels }) => labels["uuid"]);
    expect(uuids).toEqual([UUID, UUID, UUID, UUID]);
  });

  test("have the type and help of the catalogue", () => {
    using tree = tempTree({});
    const faults = new DetectionFaults("Mine", testContext(tree.host).log);
    const { anomalies } = checkedDecision({ anomalies: [ANOMALY] }, { tasks: TASKS, faults });
    const [metric] = anomalyMetrics(anomalies, { tasks: TASKS, catalogue: new Catalogue() });
    const { type, help, unit } = ROWS.anomaly;
    expect(metric).toEqual({ name: "anomaly", value: 1, labels: BY_T1, type, help, unit });
    expect(type).toBe("counter");
  });
});

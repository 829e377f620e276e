import { ANOMALY_STATES, type AnomalyState, RESOURCES, type Resource } from "../model/anomaly.ts";
import type { Metric } from "../model/metric.ts";
import type { Task } from "../model/task.ts";
import { anomalyUuid } from "./anomaly-uuid.ts";
import { checkedMetric } from "./checked-metric.ts";
import type { DetectionFaults } from "./detection-faults.ts";
import { shown } from "./shown.ts";

/** An anomaly of which everything is right. */
export interface CheckedAnomaly {
  readonly uuid: string;
  readonly resource: Resource;
  readonly contendedTaskId: string;
  /** Absent when an anomaly ends because its task has. */
  readonly contended: Task | undefined;
  readonly contending: readonly Task[];
  readonly metrics: readonly Metric[];
  readonly severity?: number;
  readonly confidence?: number;
  readonly state?: AnomalyState;
}

export interface CheckedDecision {
  readonly anomalies: readonly CheckedAnomaly[];
  readonly metrics: readonly Metric[];
}

export const NO_DECISION: CheckedDecision = { anomalies: [], metrics: [] };

type Fields = Readonly<Record<string, unknown>>;

/** What a decision is checked against. */
export interface Checking {
  /** Tasks of the round by id. */
  readonly tasks: ReadonlyMap<string, Task>;
  readonly faults: DetectionFaults;
}

/**
 * What can be used of a decision, which may be anything: what is wrong is left out and counted. Throws a
 * `TypeError` when it is no decision at all.
 */
export function checkedDecision(answer: unknown, checking: Checking): CheckedDecision {
  const { anomalies, metrics = [] } = fieldsOf(answer) ?? {};
  if (!Array.isArray(anomalies) || !Array.isArray(metrics)) {
    throw new TypeError(`saw ${shown(answer)}, wanted a decision {anomalies: […], metrics: […]}`);
  }
  const known = new Set<string>();
  const checked: CheckedAnomaly[] = [];
  for (const given of anomalies) {
    const anomaly = checkedAnomaly(given, checking);
    if (anomaly === undefined) continue;
    const key = JSON.stringify([anomaly.uuid, anomaly.contendedTaskId, anomaly.resource]);
    if (known.has(key)) checking.faults.anomaly("duplicate", () => `saw it twice: ${shown(given)}`);
    else checked.push(anomaly);
    known.add(key);
  }
  return { anomalies: checked, metrics: checkedMetrics(metrics, checking) };
}

function checkedAnomaly(given: unknown, checking: Checking): CheckedAnomaly | undefined {
  const { tasks, faults } = checking;
  const {
    resource,
    contendedTaskId,
    contendingTaskIds,
    metrics = [],
    state,
    ...more
  } = fieldsOf(given) ?? {};
  if (typeof contendedTaskId !== "string" || !Array.isArray(contendingTaskIds) || !Array.isArray(metrics)) {
    faults.anomaly(
      "shape",
      () => `saw ${shown(given)}, wanted {resource, contendedTaskId, contendingTaskIds: […], metrics: […]}`,
    );
    return undefined;
  }
  if (!isOneOf(RESOURCES, resource)) {
    faults.anomaly(
      "resource",
      () => `saw resource ${shown(resource)}, wanted one of ${RESOURCES.join(", ")}`,
    );
    return undefined;
  }
  if (state !== undefined && !isOneOf(ANOMALY_STATES, state)) {
    faults.anomaly("state", () => `saw state ${shown(state)}, wanted one of ${ANOMALY_STATES.join(", ")}`);
    return undefined;
  }
  const contended = tasks.get(contendedTaskId);
  // What ends may have ended because a task did.
  if (contended === undefined && state !== "clear") {
    faults.anomaly("contended_task", () => `contended task ${shown(contendedTaskId)} is none of the round`);
    return undefined;
  }
  const contending = new Map<string, Task>();
  for (const id of contendingTaskIds) {
    const task = tasks.get(id);
    if (task !== undefined) contending.set(id, task);
    else if (state !== "clear")
      faults.anomaly("contending_task", () => `contending task ${shown(id)} is none of the round`);
  }
  return {
    uuid: anomalyUuid([contendedTaskId, ...contending.keys()]),
    resource,
    contendedTaskId,
    contended,
    contending: [...contending.values()],
    metrics: checkedMetrics(metrics, checking),
    ...share("severity", more, faults),
    ...share("confidence", more, faults),
    ...(state === undefined ? {} : { state }),
  };
}

function share(
  name: "severity" | "confidence",
  fields: Fields,
  faults: DetectionFaults,
): Record<string, number> {
  const value = fields[name];
  if (value === undefined) return {};
  if (typeof value === "number" && value >= 0 && value <= 1) return { [name]: value };
  faults.anomaly(name, () => `saw ${name} ${shown(value)}, wanted a number from 0 to 1`);
  return {};
}

function checkedMetrics(metrics: readonly unknown[], { faults }: Checking): readonly Metric[] {
  return metrics.flatMap((metric) => checkedMetric(metric, faults) ?? []);
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function isOneOf<Value>(values: readonly Value[], value: unknown): value is Value {
  return (values as readonly unknown[]).includes(value);
}

import type { Catalogue, MetricName } from "../model/catalogue.ts";
import type { Metric } from "../model/metric.ts";
import type { Labels, Task } from "../model/task.ts";
import type { CheckedAnomaly } from "./checked-decision.ts";

const UNKNOWN_INSTANCE = "workload not found";

/** What {@link anomalyMetrics} needs beside the anomalies. */
export interface AnomalySurroundings {
  /** Tasks of the round by id. */
  readonly tasks: ReadonlyMap<string, Task>;
  readonly catalogue: Catalogue;
}

/** The metrics of anomalies, without common labels. */
export function anomalyMetrics(
  anomalies: readonly CheckedAnomaly[],
  surroundings: AnomalySurroundings,
): readonly Metric[] {
  return anomalies.flatMap((anomaly) => metricsOf(anomaly, surroundings));
}

function metricsOf(anomaly: CheckedAnomaly, { tasks, catalogue }: AnomalySurroundings): readonly Metric[] {
  const { uuid, resource, contendedTaskId, contended, contending, state, severity, confidence } = anomaly;
  // A task that is gone has no labels any more: nobody could tell whose metrics these are.
  if (contended === undefined) return [];
  const common = { contended_task_id: contendedTaskId, resource, uuid, type: "contention" };
  const each = contending.map(({ id }) => taskLabels({ ...common, contending_task_id: id }, tasks));
  const stateLabel: Labels = state === undefined ? {} : { state };
  const shares = each.length > 0 ? each : [taskLabels(common, tasks)];
  const own = [
    ...each.map((labels) =>
      described("anomaly", {
        catalogue,
        value: state === "clear" ? 0 : 1,
        labels: { ...labels, ...stateLabel },
      }),
    ),
    ...shares.flatMap((labels) => [
      ...(severity === undefined
        ? []
        : [described("anomaly_severity", { catalogue, value: severity, labels })]),
      ...(confidence === undefined
        ? []
        : [described("anomaly_confidence", { catalogue, value: confidence, labels })]),
    ]),
  ];
  const context = anomaly.metrics.map((metric) => ({
    ...metric,
    labels: taskLabels({ ...metric.labels, uuid, type: "anomaly" }, tasks),
  }));
  return [...own, ...context];
}

/** Adds what is known of the tasks that the labels name. Labels of the contended task win, as in the original. */
function taskLabels(labels: Labels, tasks: ReadonlyMap<string, Task>): Labels {
  const { contended_task_id: contended, contending_task_id: contending } = labels;
  return {
    ...labels,
    ...(contended === undefined ? {} : tasks.get(contended)?.labels),
    ...(contending === undefined
      ? {}
      : {
          contending_workload_instance:
            tasks.get(contending)?.labels["workload_instance"] ?? UNKNOWN_INSTANCE,
        }),
  };
}

/** A metric of ours with what the catalogue knows of it. */
export function described(
  name: MetricName,
  {
    catalogue,
    value,
    labels,
  }: { readonly catalogue: Catalogue; readonly value: number; readonly labels: Labels },
): Metric {
  const row = catalogue.get(name);
  return { name, value, labels, ...(row && { type: row.type, help: row.help, unit: row.unit }) };
}

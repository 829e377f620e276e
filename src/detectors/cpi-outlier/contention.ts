import type { AnomalyState, ContentionAnomaly, Resource } from "../../model/anomaly.ts";
import type { Metric } from "../../model/metric.ts";
import type { Contender } from "./contenders.ts";
import type { Signal } from "./options.ts";

/** Share of time waiting beyond the usual that counts as the worst. */
const WORST_PRESSURE = 0.5;

/** A sample that is far above what is normal. */
export interface Outlier {
  readonly signal: Signal;
  readonly value: number;
  readonly mean: number;
  readonly threshold: number;
}

/** An anomaly that lasts, as of its last outlier. */
export interface Contention {
  readonly resource: Resource;
  readonly outlier: Outlier;
  readonly contenders: readonly Contender[];
  readonly confidence: number;
}

/** Contenders are named anew when some were found; otherwise the ones before stay. */
export function contentionOf(
  outlier: Outlier,
  {
    resource,
    contenders,
    before,
  }: {
    readonly resource: Resource;
    readonly contenders: readonly Contender[];
    readonly before?: Contention | undefined;
  },
): Contention {
  if (before !== undefined && contenders.length === 0) return { ...before, outlier };
  return {
    resource: before?.resource ?? resource,
    outlier,
    contenders,
    confidence: clip(contenders[0]?.score ?? 0),
  };
}

/** The contention without those that are not there any more. */
export function withoutGone(contention: Contention, isThere: (id: string) => boolean): Contention {
  const contenders = contention.contenders.filter(({ id }) => isThere(id));
  return contenders.length === contention.contenders.length ? contention : { ...contention, contenders };
}

export function anomalyOf(
  contendedTaskId: string,
  { resource, outlier, contenders, confidence }: Contention,
  state: AnomalyState,
): ContentionAnomaly {
  return {
    resource,
    contendedTaskId,
    contendingTaskIds: contenders.map(({ id }) => id),
    state,
    severity: state === "clear" ? 0 : severityOf(outlier),
    confidence,
    metrics: metricsOf(outlier, contenders),
  };
}

function severityOf({ signal, value, mean }: Outlier): number {
  if (signal === "psi") return clip((value - mean) / WORST_PRESSURE);
  return mean <= 0 ? 1 : clip(value / mean - 1);
}

function metricsOf({ signal, value, mean, threshold }: Outlier, contenders: readonly Contender[]): Metric[] {
  const labels = { signal };
  return [
    { name: "cpi_outlier_value", value, labels, type: "gauge" },
    { name: "cpi_outlier_mean", value: mean, labels, type: "gauge" },
    { name: "cpi_outlier_threshold", value: threshold, labels, type: "gauge" },
    ...contenders.map(({ id, score }): Metric => {
      return {
        name: "cpi_outlier_correlation",
        value: score,
        labels: { contending_task_id: id },
        type: "gauge",
      };
    }),
  ];
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}

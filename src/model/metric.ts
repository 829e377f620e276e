import type { Labels } from "./task.ts";

/**
 * A measured value: one number, or numbers by level. `{ "0": 12, "1": 7 }` under a metric with the
 * label `numa_node` is two samples. A value that could not be read is absent, never 0.
 */
export type Measurement = number | { readonly [level: string]: Measurement };

/** Measurements by metric name. */
export type Measurements = Readonly<Record<string, Measurement>>;

export type MetricType = "counter" | "gauge";

/**
 * One sample ready to leave.
 *
 * The same series keeps the same object from round to round and only `value` is replaced, so a storage
 * may remember by identity what it derived from name and labels. The objects that a storage is given are
 * its own: they do not change until its `store` has settled; afterwards they may, so copy what has to be kept.
 */
export interface Metric {
  readonly name: string;
  readonly value: number;
  readonly labels: Labels;
  /** Absent for metrics that no catalogue describes. */
  readonly type?: MetricType;
  readonly help?: string;
  readonly unit?: string;
}

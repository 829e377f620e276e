import type { Metric } from "../../model/metric.ts";
import type { Refusal } from "../exposition/exposition.ts";

/** Metrics of one message. Makes its text anew for each batch, as long as the same series come. */
export interface Draft {
  /** In the order of the text. */
  readonly metrics: readonly Metric[];
  /** UTF-8, valid until the next call. `timeMs`: of all samples. */
  text(timeMs: number): Uint8Array;
  /** Metrics that are not in the last text. */
  readonly refusals: readonly Refusal[];
}

/** A format of messages. */
export interface Format {
  draft(metrics: readonly Metric[]): Draft;
  /** Bytes that every message has. */
  readonly frameBytes: number;
  /** Bytes that the first metric of its name adds, beside its own. `sample`: the one that describes the name. */
  familyBytes(sample: Metric): number;
  /** Bytes of the metric itself, at most, whatever its value. */
  metricBytes(metric: Metric, labelsText: string): number;
}

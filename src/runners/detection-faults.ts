import type { Log } from "../model/log.ts";
import type { Measurement } from "../model/metric.ts";

/** Why a round has no decision. */
export const FAILURES = ["late", "busy", "error", "result"] as const;
export type DetectionFailure = (typeof FAILURES)[number];

/** What can be wrong with an anomaly; of the last three only that part is left out. */
export const ANOMALY_FAULTS = [
  "shape",
  "resource",
  "state",
  "contended_task",
  "duplicate",
  "contending_task",
  "severity",
  "confidence",
] as const;
export type AnomalyFault = (typeof ANOMALY_FAULTS)[number];

export const METRIC_FAULTS = ["shape", "name", "value", "type", "labels"] as const;
export type MetricFault = (typeof METRIC_FAULTS)[number];

/** Counts what a detector does wrong, and says each kind of fault once. */
export class DetectionFaults {
  readonly #detector: string;
  readonly #log: Log;
  readonly #failures = zeros(FAILURES);
  readonly #anomalies = zeros(ANOMALY_FAULTS);
  readonly #metrics = zeros(METRIC_FAULTS);

  /** `detector`: what it is called in the log. */
  constructor(detector: string, log: Log) {
    this.#detector = detector;
    this.#log = log;
  }

  /** A round goes on without a decision; who calls has said why. */
  failed(reason: DetectionFailure): void {
    this.#failures[reason]++;
  }

  /** An anomaly, or a part of it, is left out. `what`: what was seen and what was wanted, asked for once. */
  anomaly(reason: AnomalyFault, what: () => string): void {
    if (this.#anomalies[reason]++ > 0) return;
    this.#log.warning(
      `Cannot use all of an anomaly of ${this.#detector}: ${what()}; further ones are counted in wca_anomalies_refused_total`,
    );
  }

  metric(reason: MetricFault, what: () => string): void {
    if (this.#metrics[reason]++ > 0) return;
    this.#log.warning(
      `Cannot use a metric of ${this.#detector}: ${what()}; further ones are counted in wca_detector_metrics_refused_total`,
    );
  }

  /** Measurements for the agent's own metrics. */
  measurements(): Record<string, Measurement> {
    return {
      wca_detection_failures_total: this.#failures,
      wca_anomalies_refused_total: this.#anomalies,
      wca_detector_metrics_refused_total: this.#metrics,
    };
  }
}

/** All of them from the start: a counter that comes with its first increment hides that one. */
function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}

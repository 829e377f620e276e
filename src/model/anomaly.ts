import type { Metric } from "./metric.ts";

/** What tasks contend for; the words are label values. */
export const RESOURCES = [
  "memory bandwidth",
  "cache",
  "cpus",
  "thermal design power",
  "unknown resource",
] as const;
export type Resource = (typeof RESOURCES)[number];

/** Where an anomaly is in its life. One that is `clear` has just ended. */
export const ANOMALY_STATES = ["onset", "ongoing", "clear"] as const;
export type AnomalyState = (typeof ANOMALY_STATES)[number];

/** A task suffers from others. Tasks are named by their id. */
export interface ContentionAnomaly {
  readonly resource: Resource;
  readonly contendedTaskId: string;
  /** Who is thought to cause it; empty when that is not known. */
  readonly contendingTaskIds: readonly string[];
  /** Numbers that led to the conclusion. Default: none. */
  readonly metrics?: readonly Metric[];
  /** How much the contended task suffers, 0 to 1. */
  readonly severity?: number;
  /** How sure the detector is, 0 to 1. */
  readonly confidence?: number;
  /** Absent: the detector does not keep track. */
  readonly state?: AnomalyState;
}

/** What a detector concluded from one snapshot. */
export interface Decision {
  readonly anomalies: readonly ContentionAnomaly[];
  /** Metrics of the detector's own. Default: none. */
  readonly metrics?: readonly Metric[];
}

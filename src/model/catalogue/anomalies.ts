import type { MetricRow } from "../catalogue.ts";

/** Labels that tell what an anomaly is; those of the contended task come with them. */
const OF_ANOMALY = [
  "contended_task_id",
  "contending_task_id",
  "resource",
  "uuid",
  "type",
  "contending_workload_instance",
] as const;

const ROW = { scope: "internal", merge: "none", source: "the detector" } as const;

/** What detectors find, and how they fare. */
export const ANOMALY_ROWS = {
  anomaly: {
    ...ROW,
    help: "1 for each task that a contended task suffers from, with the labels of the contended task; 0 when that has ended (state clear).",
    type: "counter",
    unit: "none",
    labels: [...OF_ANOMALY, "state"],
  },
  anomaly_severity: {
    ...ROW,
    help: "How much the contended task suffers, 0 to 1, where the detector tells. Without contending_task_id when that is not known.",
    type: "gauge",
    unit: "none",
    labels: OF_ANOMALY,
  },
  anomaly_confidence: {
    ...ROW,
    help: "How sure the detector is, 0 to 1, where it tells. Without contending_task_id when that is not known.",
    type: "gauge",
    unit: "none",
    labels: OF_ANOMALY,
  },
  anomaly_count: {
    ...ROW,
    help: "Anomalies since the agent's start, one that lasts counted in each round. Those that have ended do not count.",
    type: "counter",
    unit: "none",
    labels: [],
  },
  anomaly_last_occurrence: {
    ...ROW,
    help: "When there last was an anomaly, seconds since the epoch. Absent before the first.",
    type: "counter",
    unit: "timestamp",
    labels: [],
  },
  wca_detection_failures_total: {
    ...ROW,
    help: "Rounds without a decision of the detector: it was late, or busy still, or threw (error), or gave something else (result).",
    type: "counter",
    unit: "none",
    labels: ["reason"],
    source: "the agent",
  },
  wca_anomalies_refused_total: {
    ...ROW,
    help: "Anomalies of the detector, or parts of them, that were left out, by what was wrong.",
    type: "counter",
    unit: "none",
    labels: ["reason"],
    source: "the agent",
  },
  wca_detector_metrics_refused_total: {
    ...ROW,
    help: "Metrics of the detector that were left out, by what was wrong.",
    type: "counter",
    unit: "none",
    labels: ["reason"],
    source: "the agent",
  },
} as const satisfies Record<string, MetricRow>;

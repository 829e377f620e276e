import type { MetricName } from "../../model/catalogue.ts";

export interface MonitoringEvent {
  /** Name of the event's file in each domain. */
  readonly file: string;
  readonly metric: MetricName;
  readonly kind: "gauge" | "counter";
}

/** The files below `mon_data` that are read, whatever domain they are in; others are left alone. */
export const MONITORING_EVENTS = [
  { file: "llc_occupancy", metric: "task_llc_occupancy_bytes", kind: "gauge" },
  { file: "mbm_total_bytes", metric: "task_mem_bandwidth_bytes", kind: "counter" },
  { file: "mbm_local_bytes", metric: "task_mem_bandwidth_local_bytes", kind: "counter" },
] as const satisfies readonly MonitoringEvent[];

/** Made of the two counters of bandwidth. */
export const REMOTE_BANDWIDTH = "task_mem_bandwidth_remote_bytes" satisfies MetricName;

/** Positions in {@link MONITORING_EVENTS}. */
export const TOTAL = indexOf("mbm_total_bytes");
export const LOCAL = indexOf("mbm_local_bytes");

function indexOf(file: (typeof MONITORING_EVENTS)[number]["file"]): number {
  return MONITORING_EVENTS.findIndex((event) => event.file === file);
}

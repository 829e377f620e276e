import type { MetricRow } from "../catalogue.ts";

/** Working sets of tasks. */
export const WORKING_SET_ROWS = {
  task_wss_referenced_bytes: {
    help: "Memory that the task's processes have referenced since their referenced bits were last cleared, or since they started. Memory that several processes share counts for each.",
    type: "gauge",
    unit: "bytes",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "/proc/PID/smaps_rollup (before Linux 4.14 /proc/PID/smaps) Referenced, kB x 1024",
    option: "wss_reset_cycles",
    differs:
      "kB is 1024 bytes, not 1000; processes that end meanwhile are left out (C10). Absent, not too small, when a process may not be read.",
  },
  task_working_set_size_bytes: {
    help: "Working set size of the task: mean of the first and the last referenced bytes of the last stable period; with wss_source damon, memory accessed within 1.8 seconds, averaged over the interval.",
    type: "gauge",
    unit: "bytes",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "task_wss_referenced_bytes and task_mem_bandwidth_bytes over time, or DAMON sz_tried",
    option: "wss_stable_cycles and wss_membw_threshold, or wss_source",
    differs:
      "kB is 1024 bytes; the first stable period counts too, and wss_reset_cycles 0 with negative wss_stable_cycles has values (C10).",
  },
  task_wss_measure_overhead_seconds: {
    help: "Time that the agent spent reading the task's referenced memory and clearing its referenced bits.",
    type: "counter",
    unit: "seconds",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "clock of the agent",
    option: "wss_reset_cycles",
    differs: "The clearing of a round is counted in that round, not in the next one.",
  },
} as const satisfies Record<string, MetricRow>;

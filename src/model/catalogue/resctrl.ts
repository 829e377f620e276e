import type { MetricRow } from "../catalogue.ts";

const OPTION = "rdt_enabled, rdt_tasks";

/** Cache and memory bandwidth of tasks, from resctrl. */
export const RESCTRL_ROWS = {
  task_llc_occupancy_bytes: {
    help: "Bytes of the last-level cache that the task's data fill, over all caches; absent while one of them does not tell.",
    type: "gauge",
    unit: "bytes",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "resctrl mon_data/*/llc_occupancy",
    option: OPTION,
    classic: "llc_occupancy",
    differs:
      "Domains are those that the kernel lists (C16); absent when one says Unavailable or Error (C17).",
  },
  task_mem_bandwidth_bytes: {
    help: "Bytes that the task moved between the last-level cache and memory since it is watched.",
    type: "counter",
    unit: "bytes",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "resctrl mon_data/*/mbm_total_bytes",
    option: OPTION,
    classic: "memory_bandwidth",
    differs:
      "Does not fall when the task's group changes or its counter starts again; domains are those that the kernel lists (C16), and a word instead of a number is no error (C17).",
  },
  task_mem_bandwidth_local_bytes: {
    help: "Bytes that the task moved from and to memory of the same socket since it is watched.",
    type: "counter",
    unit: "bytes",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "resctrl mon_data/*/mbm_local_bytes",
    option: OPTION,
    differs:
      "Does not fall when the task's group changes or its counter starts again; domains are those that the kernel lists (C16), and a word instead of a number is no error (C17).",
  },
  task_mem_bandwidth_remote_bytes: {
    help: "Bytes that the task moved from and to memory of other sockets since it is watched: total less local, where both are told.",
    type: "counter",
    unit: "bytes",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "resctrl mon_data/*/{mbm_total_bytes,mbm_local_bytes}",
    option: OPTION,
    differs: "Neither negative nor falling, though the two counters are not read at the same instant.",
  },
  wca_rdt_groups: {
    help: "Monitoring groups of resctrl that the agent has.",
    type: "gauge",
    unit: "none",
    scope: "internal",
    labels: [],
    merge: "none",
    source: "the agent",
    option: OPTION,
  },
  wca_rdt_unwatched_tasks: {
    help: "Chosen tasks that resctrl does not watch, or not wholly: too few RMIDs, or threads in groups of others.",
    type: "gauge",
    unit: "none",
    scope: "internal",
    labels: [],
    merge: "none",
    source: "the agent",
    option: OPTION,
  },
} as const satisfies Record<string, MetricRow>;

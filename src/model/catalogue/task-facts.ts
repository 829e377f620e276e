import type { MetricRow } from "../catalogue.ts";

/** Tasks: as the agent sees them. */
export const TASK_FACT_ROWS = {
  task_requested_cpus: {
    help: "CPUs the task asked for.",
    type: "gauge",
    unit: "none",
    scope: "task",
    labels: [],
    merge: "none",
    source: "the node: resource cpus",
  },
  task_requested_mem_bytes: {
    help: "Memory the task asked for.",
    type: "gauge",
    unit: "bytes",
    scope: "task",
    labels: [],
    merge: "none",
    source: "the node: resource mem",
  },
  task_last_seen: {
    help: "When the task was last measured, seconds since the epoch.",
    type: "counter",
    unit: "timestamp",
    scope: "task",
    labels: [],
    merge: "none",
    source: "clock",
  },
  task_up: {
    help: "Always 1 for a task that was measured.",
    type: "counter",
    unit: "none",
    scope: "task",
    labels: [],
    merge: "none",
    source: "the agent",
  },
  task_subcontainers: {
    help: "Containers of a pod; 0 for other tasks.",
    type: "gauge",
    unit: "none",
    scope: "task",
    labels: [],
    merge: "none",
    source: "the node",
  },
} as const satisfies Record<string, MetricRow>;

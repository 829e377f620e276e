import type { MetricRow } from "../catalogue.ts";

/** What the scheduler tells of tasks. */
export const SCHEDULER_ROWS = {
  task_sched_stat: {
    help: "Scheduler statistics of the task by key, each the plain sum over the threads that live now: a sum of counters such as nr_switches falls when a thread ends, and keys such as prio are no counters at all.",
    type: "counter",
    unit: "none",
    scope: "task",
    labels: ["key"],
    merge: "sum",
    source: "/proc/TID/sched of every thread",
    option: "sched",
    differs:
      "Threads that end meanwhile and lines with two colons are left out (C12). Threads of sub-cgroups count too, those of nested tasks to the innermost.",
  },
  task_sched_stat_numa_faults: {
    help: "NUMA hinting page faults of the task by node and kind, the plain sum over the threads that live now: it falls when a thread ends and as the kernel lets old faults decay.",
    type: "counter",
    unit: "none",
    scope: "task",
    labels: ["numa_node", "fault_type"],
    merge: "sum",
    source: "/proc/TID/sched numa_faults of every thread",
    option: "sched",
    differs:
      "Threads that end meanwhile are left out (C12). Threads of sub-cgroups count too, those of nested tasks to the innermost.",
  },
  task_sched_run_seconds: {
    help: "Time the threads of the task ran on a CPU. Threads that end keep their share; what they did after the last round, and threads that came and went between two rounds, are missing.",
    type: "counter",
    unit: "seconds",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "/proc/TID/schedstat of every thread, first number",
    option: "schedstat, sched",
  },
  task_sched_wait_seconds: {
    help: "Time the threads of the task were ready to run but waited for a CPU, summed like task_sched_run_seconds.",
    type: "counter",
    unit: "seconds",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "/proc/TID/schedstat of every thread, second number",
    option: "schedstat, sched",
  },
  task_sched_timeslices: {
    help: "Times a thread of the task was put on a CPU, summed like task_sched_run_seconds.",
    type: "counter",
    unit: "none",
    scope: "task",
    labels: [],
    merge: "sum",
    source: "/proc/TID/schedstat of every thread, third number",
    option: "schedstat, sched",
  },
} as const satisfies Record<string, MetricRow>;

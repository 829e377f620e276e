import type { MetricRow } from "../catalogue.ts";

/** What all counted events have in common. With `perf_aggregate_cpus: false` they have a label `cpu`. */
const EVENT = {
  type: "counter",
  unit: "none",
  scope: "task",
  labels: [],
  merge: "sum",
  option: "event_names",
} as const;

const SCALED =
  "What is scaled up is the increase of each round. Absent, not 0, when the task ran and the event never had a counter; events beyond the counters take turns instead of ending the agent.";
const COUNTED = { ...EVENT, differs: SCALED } as const;
const RAW = {
  ...EVENT,
  differs: `Also for later CPUs than Cascade Lake, which are told apart by vendor and family too (A3). ${SCALED}`,
} as const;

const MERGED = "Of a pod from the sums of its containers, not the sum of their ratios (C3).";
const DERIVED = {
  type: "gauge",
  unit: "none",
  scope: "task",
  labels: [],
  merge: "none",
  source: "perf events, increases since the last round",
  option: "enable_derived_metrics",
  differs: MERGED,
} as const;

const BY_CPU = "With the label cpu under perf_aggregate_cpus: false.";

/** Hardware and software events of tasks, from perf. */
export const PERF_ROWS = {
  task_instructions: {
    ...COUNTED,
    help: `Instructions that the task's threads retired. ${BY_CPU}`,
    source: "perf hardware event PERF_COUNT_HW_INSTRUCTIONS",
    classic: "instructions",
  },
  task_cycles: {
    ...COUNTED,
    help: `CPU cycles that the task's threads used. ${BY_CPU}`,
    source: "perf hardware event PERF_COUNT_HW_CPU_CYCLES",
    classic: "cycles",
  },
  task_cache_misses: {
    ...COUNTED,
    help: `Cache accesses of the task that missed, usually in the last level. ${BY_CPU}`,
    source: "perf hardware event PERF_COUNT_HW_CACHE_MISSES",
    classic: "cache_misses",
  },
  task_cache_references: {
    ...COUNTED,
    help: `Cache accesses of the task, usually of the last level. ${BY_CPU}`,
    source: "perf hardware event PERF_COUNT_HW_CACHE_REFERENCES",
    classic: "cache_references",
  },
  task_stalled_mem_loads: {
    ...RAW,
    help: `CPU cycles without execution while a memory load of the task was outstanding. ${BY_CPU}`,
    source: "perf raw event, on most CPUs CYCLE_ACTIVITY.STALLS_MEM_ANY",
    classic: "stalls_mem_load",
  },
  task_offcore_requests_l3_miss_demand_data_rd: {
    ...RAW,
    help: `Demand data reads of the task that missed the L3 cache. ${BY_CPU}`,
    source: "perf raw event, on most CPUs OFFCORE_REQUESTS.L3_MISS_DEMAND_DATA_RD",
    differs: `The help texts of the two events that name L3 misses were swapped (C26). ${RAW.differs}`,
  },
  task_offcore_requests_demand_data_rd: {
    ...RAW,
    help: `Demand data reads that the task's cores sent to the uncore. ${BY_CPU}`,
    source: "perf raw event, on most CPUs OFFCORE_REQUESTS.DEMAND_DATA_RD",
  },
  task_offcore_requests_demand_rfo: {
    ...RAW,
    help: `Demand reads for ownership that the task's cores sent to the uncore. ${BY_CPU}`,
    source: "perf raw event, on most CPUs OFFCORE_REQUESTS.DEMAND_RFO",
  },
  task_offcore_requests_outstanding_l3_miss_demand_data_rd: {
    ...RAW,
    help: `Demand data reads that missed the L3 cache and were outstanding, summed over the cycles of the task. ${BY_CPU}`,
    source: "perf raw event OFFCORE_REQUESTS_OUTSTANDING.L3_MISS_DEMAND_DATA_RD",
    differs: `The help texts of the two events that name L3 misses were swapped (C26). ${RAW.differs}`,
  },
  task_mem_load_retired_local_pmm: {
    ...RAW,
    help: `Load instructions of the task whose data came from persistent memory of the same socket. ${BY_CPU}`,
    source: "perf raw event MEM_LOAD_RETIRED.LOCAL_PMM",
  },
  task_mem_load_retired_local_dram: {
    ...RAW,
    help: `Load instructions of the task that missed the L3 cache and whose data came from DRAM of the same socket. ${BY_CPU}`,
    source: "perf raw event MEM_LOAD_L3_MISS_RETIRED.LOCAL_DRAM",
  },
  task_mem_load_retired_remote_dram: {
    ...RAW,
    help: `Load instructions of the task that missed the L3 cache and whose data came from DRAM of another socket. ${BY_CPU}`,
    source: "perf raw event MEM_LOAD_L3_MISS_RETIRED.REMOTE_DRAM",
  },
  task_mem_inst_retired_loads: {
    ...RAW,
    help: `Load instructions that the task retired. ${BY_CPU}`,
    source: "perf raw event MEM_INST_RETIRED.ALL_LOADS",
  },
  task_mem_inst_retired_stores: {
    ...RAW,
    help: `Store instructions that the task retired. ${BY_CPU}`,
    source: "perf raw event MEM_INST_RETIRED.ALL_STORES",
  },
  task_dtlb_load_misses: {
    ...RAW,
    help: `Loads of the task that missed all levels of the data TLB and ended with a page walk. ${BY_CPU}`,
    source: "perf raw event DTLB_LOAD_MISSES.WALK_COMPLETED",
  },
  task_cpu_clock_seconds: {
    ...EVENT,
    unit: "seconds",
    help: `Time that the task's threads were running on a CPU. ${BY_CPU}`,
    source: "perf software event PERF_COUNT_SW_TASK_CLOCK",
  },
  task_page_faults: {
    ...EVENT,
    help: `Page faults of the task, minor and major. ${BY_CPU}`,
    source: "perf software event PERF_COUNT_SW_PAGE_FAULTS",
  },
  task_context_switches: {
    ...EVENT,
    help: `Times that a thread of the task left its CPU. ${BY_CPU}`,
    source: "perf software event PERF_COUNT_SW_CONTEXT_SWITCHES",
  },
  task_cpu_migrations: {
    ...EVENT,
    help: `Times that a thread of the task moved to another CPU. ${BY_CPU}`,
    source: "perf software event PERF_COUNT_SW_CPU_MIGRATIONS",
  },
  task_scaling_factor_avg: {
    ...EVENT,
    type: "gauge",
    merge: "none",
    help: `How many times perf events of the task were scaled up in the last round because counters were shared: time wanted over time counting, the mean over CPUs on which it ran; 1 when nothing was scaled. ${BY_CPU}`,
    source: "perf events, time_enabled and time_running",
    classic: "scaling_factor_avg",
    differs:
      "Of the last round, not since the start, and of the CPUs on which the task ran. Of a pod over all its containers, not the sum of their factors (C3).",
  },
  task_scaling_factor_max: {
    ...EVENT,
    type: "gauge",
    merge: "max",
    help: `The same as task_scaling_factor_avg, the largest of all CPUs and groups of events. ${BY_CPU}`,
    source: "perf events, time_enabled and time_running",
    classic: "scaling_factor_max",
    differs:
      "Of the last round, not since the start. Of a pod the largest of its containers, not the sum of their factors (C3).",
  },
  task_ips: {
    ...DERIVED,
    help: `Instructions that the task retired per second. Needs task_instructions. ${BY_CPU}`,
  },
  task_ipc: {
    ...DERIVED,
    help: `Instructions that the task retired per CPU cycle. Needs task_instructions and task_cycles. ${BY_CPU}`,
  },
  task_cache_hit_ratio: {
    ...DERIVED,
    help: `Share of the task's cache references that hit. Needs task_cache_references and task_cache_misses. ${BY_CPU}`,
    differs: `${MERGED} Absent when there were no references; the original stopped (C4).`,
  },
  task_cache_misses_per_kilo_instructions: {
    ...DERIVED,
    help: `Cache misses of the task per 1000 instructions. Needs task_cache_misses and task_instructions. ${BY_CPU}`,
    differs: `${MERGED} Absent when there were no instructions; the original stopped (C4).`,
  },
} as const satisfies Record<string, MetricRow>;

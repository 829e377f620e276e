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

const DERIVED = {
  type: "gauge",
  unit: "none",
  scope: "task",
  labels: [],
  merge: "none",
  source: "perf events, increases since the last round",
  option: "enable_derived_metrics",
} as const;

const BY_CPU = "With the label cpu under perf_aggregate_cpus: false.";

/** Hardware and software events of tasks, from perf. */
export const PERF_ROWS = {
  task_instructions: {
    ...EVENT,
    help: `Instructions that the task's threads retired. ${BY_CPU}`,
    source: "perf hardware event PERF_COUNT_HW_INSTRUCTIONS",
    classic: "instructions",
  },
  task_cycles: {
    ...EVENT,
    help: `CPU cycles that the task's threads used. ${BY_CPU}`,
    source: "perf hardware event PERF_COUNT_HW_CPU_CYCLES",
    classic: "cycles",
  },
  task_cache_misses: {
    ...EVENT,
    help: `Cache accesses of the task that missed, usually in the last level. ${BY_CPU}`,
    source: "perf hardware event PERF_COUNT_HW_CACHE_MISSES",
    classic: "cache_misses",
  },
  task_cache_references: {
    ...EVENT,
    help: `Cache accesses of the task, usually of the last level. ${BY_CPU}`,
    source: "perf hardware event PERF_COUNT_HW_CACHE_REFERENCES",
    classic: "cache_references",
  },
  task_stalled_mem_loads: {
    ...EVENT,
    help: `CPU cycles without execution while a memory load of the task was outstanding. ${BY_CPU}`,
    source: "perf raw event, on most CPUs CYCLE_ACTIVITY.STALLS_MEM_ANY",
    classic: "stalls_mem_load",
  },
  task_offcore_requests_l3_miss_demand_data_rd: {
    ...EVENT,
    help: `Demand data reads of the task that missed the L3 cache. ${BY_CPU}`,
    source: "perf raw event, on most CPUs OFFCORE_REQUESTS.L3_MISS_DEMAND_DATA_RD",
  },
  task_offcore_requests_demand_data_rd: {
    ...EVENT,
    help: `Demand data reads that the task's cores sent to the uncore. ${BY_CPU}`,
    source: "perf raw event, on most CPUs OFFCORE_REQUESTS.DEMAND_DATA_RD",
  },
  task_offcore_requests_demand_rfo: {
    ...EVENT,
    help: `Demand reads for ownership that the task's cores sent to the uncore. ${BY_CPU}`,
    source: "perf raw event, on most CPUs OFFCORE_REQUESTS.DEMAND_RFO",
  },
  task_offcore_requests_outstanding_l3_miss_demand_data_rd: {
    ...EVENT,
    help: `Demand data reads that missed the L3 cache and were outstanding, summed over the cycles of the task. ${BY_CPU}`,
    source: "perf raw event OFFCORE_REQUESTS_OUTSTANDING.L3_MISS_DEMAND_DATA_RD",
  },
  task_mem_load_retired_local_pmm: {
    ...EVENT,
    help: `Load instructions of the task whose data came from persistent memory of the same socket. ${BY_CPU}`,
    source: "perf raw event MEM_LOAD_RETIRED.LOCAL_PMM",
  },
  task_mem_load_retired_local_dram: {
    ...EVENT,
    help: `Load instructions of the task that missed the L3 cache and whose data came from DRAM of the same socket. ${BY_CPU}`,
    source: "perf raw event MEM_LOAD_L3_MISS_RETIRED.LOCAL_DRAM",
  },
  task_mem_load_retired_remote_dram: {
    ...EVENT,
    help: `Load instructions of the task that missed the L3 cache and whose data came from DRAM of another socket. ${BY_CPU}`,
    source: "perf raw event MEM_LOAD_L3_MISS_RETIRED.REMOTE_DRAM",
  },
  task_mem_inst_retired_loads: {
    ...EVENT,
    help: `Load instructions that the task retired. ${BY_CPU}`,
    source: "perf raw event MEM_INST_RETIRED.ALL_LOADS",
  },
  task_mem_inst_retired_stores: {
    ...EVENT,
    help: `Store instructions that the task retired. ${BY_CPU}`,
    source: "perf raw event MEM_INST_RETIRED.ALL_STORES",
  },
  task_dtlb_load_misses: {
    ...EVENT,
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
  },
  task_scaling_factor_max: {
    ...EVENT,
    type: "gauge",
    merge: "max",
    help: `The same as task_scaling_factor_avg, the largest of all CPUs and groups of events. ${BY_CPU}`,
    source: "perf events, time_enabled and time_running",
    classic: "scaling_factor_max",
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
  },
  task_cache_misses_per_kilo_instructions: {
    ...DERIVED,
    help: `Cache misses of the task per 1000 instructions. Needs task_cache_misses and task_instructions. ${BY_CPU}`,
  },
} as const satisfies Record<string, MetricRow>;

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { perfRows } from "../../src/collectors/perf/options.ts";
import { ROWS } from "../../src/model/catalogue/rows.ts";
import type { MetricRow, Unit } from "../../src/model/catalogue.ts";

/*
 * The 92 metrics of the original, as it described them: name, type, unit, whose they are and labels (perf
 * events as they are when they are summed over CPUs). Where ours differ a reason stands below.
 */
const ORIGINAL = [
  ["task_instructions", "counter", "numeric", "task", ""],
  ["task_cycles", "counter", "numeric", "task", ""],
  ["task_cache_misses", "counter", "numeric", "task", ""],
  ["task_cache_references", "counter", "numeric", "task", ""],
  ["task_stalled_mem_loads", "counter", "numeric", "task", ""],
  ["task_offcore_requests_l3_miss_demand_data_rd", "counter", "numeric", "task", ""],
  ["task_offcore_requests_demand_data_rd", "counter", "numeric", "task", ""],
  ["task_offcore_requests_demand_rfo", "counter", "numeric", "task", ""],
  ["task_offcore_requests_outstanding_l3_miss_demand_data_rd", "counter", "numeric", "task", ""],
  ["task_mem_load_retired_local_pmm", "counter", "numeric", "task", ""],
  ["task_mem_load_retired_local_dram", "counter", "numeric", "task", ""],
  ["task_mem_load_retired_remote_dram", "counter", "numeric", "task", ""],
  ["task_mem_inst_retired_loads", "counter", "numeric", "task", ""],
  ["task_mem_inst_retired_stores", "counter", "numeric", "task", ""],
  ["task_dtlb_load_misses", "counter", "numeric", "task", ""],
  ["task_scaling_factor_avg", "gauge", "numeric", "task", ""],
  ["task_scaling_factor_max", "gauge", "numeric", "task", ""],
  ["task_ips", "gauge", "numeric", "task", ""],
  ["task_ipc", "gauge", "numeric", "task", ""],
  ["task_cache_hit_ratio", "gauge", "numeric", "task", ""],
  ["task_cache_misses_per_kilo_instructions", "gauge", "numeric", "task", ""],
  ["task_llc_occupancy_bytes", "gauge", "bytes", "task", ""],
  ["task_mem_bandwidth_bytes", "counter", "bytes", "task", ""],
  ["task_mem_bandwidth_local_bytes", "counter", "bytes", "task", ""],
  ["task_mem_bandwidth_remote_bytes", "counter", "bytes", "task", ""],
  ["task_cpu_usage_seconds", "counter", "seconds", "task", ""],
  ["task_mem_usage_bytes", "gauge", "bytes", "task", ""],
  ["task_mem_max_usage_bytes", "gauge", "bytes", "task", ""],
  ["task_mem_limit_bytes", "gauge", "bytes", "task", ""],
  ["task_mem_soft_limit_bytes", "gauge", "bytes", "task", ""],
  ["task_mem_numa_pages", "gauge", "numeric", "task", "numa_node"],
  ["task_mem_page_faults", "counter", "numeric", "task", ""],
  ["task_wss_referenced_bytes", "gauge", "bytes", "task", ""],
  ["task_working_set_size_bytes", "gauge", "bytes", "task", ""],
  ["task_wss_measure_overhead_seconds", "counter", "seconds", "task", ""],
  ["task_sched_stat", "counter", "numeric", "task", "key"],
  ["task_sched_stat_numa_faults", "counter", "numeric", "task", "numa_node fault_type"],
  ["task_requested_cpus", "gauge", "numeric", "task", ""],
  ["task_requested_mem_bytes", "gauge", "bytes", "task", ""],
  ["task_last_seen", "counter", "timestamp", "task", ""],
  ["task_up", "counter", "numeric", "task", ""],
  ["task_subcontainers", "gauge", "numeric", "task", ""],
  ["platform_topology_cores", "gauge", "numeric", "platform", ""],
  ["platform_topology_cpus", "gauge", "numeric", "platform", ""],
  ["platform_topology_sockets", "gauge", "numeric", "platform", ""],
  ["platform_dimm_count", "gauge", "numeric", "platform", "dimm_type"],
  ["platform_dimm_total_size_bytes", "gauge", "bytes", "platform", "dimm_type"],
  ["platform_mem_mode_size_bytes", "gauge", "numeric", "platform", ""],
  ["platform_dimm_speed_bytes_per_second", "gauge", "bytes_per_second", "platform", ""],
  ["platform_cpu_usage", "counter", "numeric", "platform", "cpu"],
  ["platform_mem_usage_bytes", "gauge", "bytes", "platform", ""],
  ["platform_mem_numa_free_bytes", "gauge", "bytes", "platform", "numa_node"],
  ["platform_mem_numa_used_bytes", "gauge", "bytes", "platform", "numa_node"],
  ["platform_vmstat_numa_pages_migrated", "counter", "numeric", "platform", ""],
  ["platform_vmstat_pgmigrate_success", "counter", "numeric", "platform", ""],
  ["platform_vmstat_pgmigrate_fail", "counter", "numeric", "platform", ""],
  ["platform_vmstat_numa_hint_faults", "counter", "numeric", "platform", ""],
  ["platform_vmstat_numa_hint_faults_local", "counter", "numeric", "platform", ""],
  ["platform_vmstat_pgfaults", "counter", "numeric", "platform", ""],
  ["platform_vmstat", "counter", "numeric", "platform", "key"],
  ["platform_node_vmstat", "counter", "numeric", "platform", "numa_node key"],
  ["platform_pmm_bandwidth_reads", "counter", "numeric", "platform", "socket pmu_type"],
  ["platform_pmm_bandwidth_writes", "counter", "numeric", "platform", "socket pmu_type"],
  ["platform_cas_count_reads", "counter", "numeric", "platform", "socket pmu_type"],
  ["platform_cas_count_writes", "counter", "numeric", "platform", "socket pmu_type"],
  ["platform_upi_rxl_flits", "counter", "numeric", "platform", "socket pmu_type"],
  ["platform_upi_txl_flits", "counter", "numeric", "platform", "socket pmu_type"],
  ["platform_rpq_occupancy", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_rpq_inserts", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_imc_clockticks", "counter", "numeric", "platform", "socket pmu_type"],
  ["platform_rpq_read_latency_seconds", "gauge", "seconds", "platform", "socket"],
  ["platform_pmm_reads_bytes_per_second", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_pmm_writes_bytes_per_second", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_pmm_total_bytes_per_second", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_dram_reads_bytes_per_second", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_dram_writes_bytes_per_second", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_dram_total_bytes_per_second", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_dram_hit_ratio", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_upi_bandwidth_bytes_per_second", "counter", "numeric", "platform", "socket pmu_type"],
  ["platform_scaling_uncore_factor", "gauge", "numeric", "platform", "socket pmu_type"],
  ["platform_zoneinfo", "gauge", "numeric", "platform", "numa_node zone key"],
  ["platform_last_seen", "counter", "timestamp", "platform", ""],
  ["wca_up", "counter", "timestamp", "internal", ""],
  [
    "wca_information",
    "gauge",
    "numeric",
    "internal",
    "sockets cores cpus cpu_model cpu_model_number wca_version",
  ],
  ["wca_tasks", "gauge", "numeric", "internal", ""],
  ["wca_mem_usage_bytes", "gauge", "bytes", "internal", ""],
  ["wca_duration_seconds", "gauge", "numeric", "internal", "function"],
  ["wca_duration_seconds_avg", "gauge", "numeric", "internal", "function"],
  ["platform_capacity_per_nvdimm_bytes", "gauge", "bytes", "platform", ""],
  ["platform_avg_power_per_nvdimm_watts", "gauge", "watts", "platform", ""],
  ["platform_nvdimm_read_bandwidth_bytes_per_second", "gauge", "bytes_per_second", "platform", "socket"],
  ["platform_nvdimm_write_bandwidth_bytes_per_second", "gauge", "bytes_per_second", "platform", "socket"],
] as const satisfies readonly (readonly [string, MetricRow["type"], string, MetricRow["scope"], string])[];

type Name = (typeof ORIGINAL)[number][0];

const COUNT = "a number of pages or ticks says so";
const RATE = "the name promises bytes per second, and the value is that";
const RISES = "the value is a running total";

interface Difference {
  readonly type?: MetricRow["type"];
  readonly unit?: Unit;
  readonly because: string;
}

/** Names were kept and what was said of them was mended. */
const DIFFERENCES: Readonly<Partial<Record<Name, Difference>>> = {
  task_mem_numa_pages: { unit: "pages", because: COUNT },
  platform_cpu_usage: { unit: "ticks", because: COUNT },
  platform_mem_mode_size_bytes: { unit: "bytes", because: "the name promises bytes" },
  platform_rpq_occupancy: { type: "counter", because: RISES },
  platform_rpq_inserts: { type: "counter", because: RISES },
  platform_pmm_reads_bytes_per_second: { unit: "bytes_per_second", because: RATE },
  platform_pmm_writes_bytes_per_second: { unit: "bytes_per_second", because: RATE },
  platform_pmm_total_bytes_per_second: { unit: "bytes_per_second", because: RATE },
  platform_dram_reads_bytes_per_second: { unit: "bytes_per_second", because: RATE },
  platform_dram_writes_bytes_per_second: { unit: "bytes_per_second", because: RATE },
  platform_dram_total_bytes_per_second: { unit: "bytes_per_second", because: RATE },
  platform_upi_bandwidth_bytes_per_second: { type: "gauge", unit: "bytes_per_second", because: RATE },
  wca_duration_seconds: { unit: "seconds", because: "the name promises seconds" },
  wca_duration_seconds_avg: { unit: "seconds", because: "the name promises seconds" },
};

/** The original sums the containers of a task whatever the metric: these are no amounts that could be summed. */
const NOT_SUMMED: Readonly<Partial<Record<Name, "none" | "max">>> = {
  task_scaling_factor_avg: "none",
  task_scaling_factor_max: "max",
  task_ips: "none",
  task_ipc: "none",
  task_cache_hit_ratio: "none",
  task_cache_misses_per_kilo_instructions: "none",
  // Of the task as a whole.
  task_requested_cpus: "none",
  task_requested_mem_bytes: "none",
  task_last_seen: "none",
  task_up: "none",
  task_subcontainers: "none",
};

/** Faults and limits of the original, by their numbers in its description, that values of these names are without. */
const MENDED: Readonly<Partial<Record<Name, readonly string[]>>> = {
  task_stalled_mem_loads: ["A3"],
  task_offcore_requests_l3_miss_demand_data_rd: ["A3", "C26"],
  task_offcore_requests_demand_data_rd: ["A3"],
  task_offcore_requests_demand_rfo: ["A3"],
  task_offcore_requests_outstanding_l3_miss_demand_data_rd: ["A3", "C26"],
  task_mem_load_retired_local_pmm: ["A3"],
  task_mem_load_retired_local_dram: ["A3"],
  task_mem_load_retired_remote_dram: ["A3"],
  task_mem_inst_retired_loads: ["A3"],
  task_mem_inst_retired_stores: ["A3"],
  task_dtlb_load_misses: ["A3"],
  task_scaling_factor_avg: ["C3"],
  task_scaling_factor_max: ["C3"],
  task_ips: ["C3"],
  task_ipc: ["C3"],
  task_cache_hit_ratio: ["C3", "C4"],
  task_cache_misses_per_kilo_instructions: ["C3", "C4"],
  task_llc_occupancy_bytes: ["C16", "C17"],
  task_mem_bandwidth_bytes: ["C16", "C17"],
  task_mem_bandwidth_local_bytes: ["C16", "C17"],
  task_cpu_usage_seconds: ["A1", "C21"],
  task_mem_usage_bytes: ["A1"],
  task_mem_max_usage_bytes: ["A1"],
  task_mem_numa_pages: ["A1", "C2"],
  task_mem_page_faults: ["A1"],
  task_wss_referenced_bytes: ["C10"],
  task_working_set_size_bytes: ["C10"],
  task_sched_stat: ["C12"],
  task_sched_stat_numa_faults: ["C12"],
  platform_dimm_count: ["C22"],
  platform_dimm_total_size_bytes: ["C22"],
  platform_dimm_speed_bytes_per_second: ["C22"],
  platform_vmstat_numa_hint_faults: ["C1"],
  platform_pmm_bandwidth_reads: ["C5", "C6"],
  platform_pmm_bandwidth_writes: ["C5", "C6"],
  platform_cas_count_reads: ["C5", "C6"],
  platform_cas_count_writes: ["C5", "C6"],
  platform_upi_rxl_flits: ["C5"],
  platform_upi_txl_flits: ["C5"],
  platform_rpq_occupancy: ["C5", "C6", "D10"],
  platform_rpq_inserts: ["C5", "C6", "D10"],
  platform_imc_clockticks: ["C5", "C6"],
  platform_rpq_read_latency_seconds: ["C7"],
  platform_pmm_reads_bytes_per_second: ["C5", "D10"],
  platform_pmm_writes_bytes_per_second: ["C5", "D10"],
  platform_pmm_total_bytes_per_second: ["C5", "D10"],
  platform_dram_reads_bytes_per_second: ["C5", "D10"],
  platform_dram_writes_bytes_per_second: ["C5", "D10"],
  platform_dram_total_bytes_per_second: ["C5", "D10"],
  platform_dram_hit_ratio: ["C5"],
  platform_upi_bandwidth_bytes_per_second: ["C5", "D10"],
  platform_scaling_uncore_factor: ["C5"],
};

/** Measured in another way or under other conditions, without a number of its own in that description. */
const OTHERWISE: readonly Name[] = [
  "task_instructions",
  "task_cycles",
  "task_cache_misses",
  "task_cache_references",
  "task_mem_bandwidth_remote_bytes",
  "task_mem_limit_bytes",
  "task_mem_soft_limit_bytes",
  "task_wss_measure_overhead_seconds",
  "wca_mem_usage_bytes",
  "platform_capacity_per_nvdimm_bytes",
  "platform_avg_power_per_nvdimm_watts",
  "platform_nvdimm_read_bandwidth_bytes_per_second",
  "platform_nvdimm_write_bandwidth_bytes_per_second",
];

const rows: Readonly<Record<string, MetricRow | undefined>> = ROWS;

test("every metric of the original is in the catalogue", () => {
  expect(new Set(ORIGINAL.map(([name]) => name)).size).toBe(92);
  expect(ORIGINAL.flatMap(([name]) => (rows[name] === undefined ? [name] : []))).toEqual([]);
});

test("every metric of the original has its type, unit, labels and scope, but for differences with a reason", () => {
  const wanted = ORIGINAL.map(([name, type, unit, scope, labels]) => {
    const { because: _, ...difference } = DIFFERENCES[name] ?? { because: "" };
    const same = { type, unit: unit === "numeric" ? "none" : unit, scope, labels: wordsOf(labels) };
    return [name, { ...same, ...difference }];
  });
  const ours = ORIGINAL.flatMap(([name]) => {
    const row = rows[name];
    if (row === undefined) return [];
    const { type, unit, scope, labels } = row;
    return [[name, { type, unit, scope, labels: [...labels] }] as const];
  });
  expect(Object.fromEntries(ours)).toEqual(
    Object.fromEntries(wanted.filter(([name]) => rows[name as string] !== undefined)),
  );
});

test("no difference is listed that is none", () => {
  const idle = ORIGINAL.flatMap(([name, type, unit]) => {
    const difference = DIFFERENCES[name];
    const same = difference?.type === type || difference?.unit === unit;
    return same ? [name] : [];
  });
  expect(idle).toEqual([]);
});

test("what differs is said in the row, with the number of the original's fault, and nothing else is", () => {
  const wanted = [...Object.keys(DIFFERENCES), ...Object.keys(MENDED), ...OTHERWISE];
  const said = ORIGINAL.flatMap(([name]) => (rows[name]?.differs === undefined ? [] : [name as string]));
  expect(said.toSorted()).toEqual([...new Set(wanted)].toSorted());
  const unsaid = Object.entries(MENDED).flatMap(([name, faults]) => {
    const differs = rows[name]?.differs ?? "";
    return faults.flatMap((fault) =>
      new RegExp(`\\b${fault}\\b`).test(differs) ? [] : [`${name} ${fault}`],
    );
  });
  expect(unsaid).toEqual([]);
});

test("only metrics of the original say how they differ from it", () => {
  const original = new Set<string>(ORIGINAL.map(([name]) => name));
  const wrong = Object.entries<MetricRow>(ROWS).filter(([name, row]) => row.differs && !original.has(name));
  expect(wrong.map(([name]) => name)).toEqual([]);
});

test("every metric of the original is produced in a test of a collector or of a whole round", () => {
  const root = path.join(import.meta.dirname, "..");
  const producing = ["collectors/**/*.test.ts", "runners/*.test.ts", "golden/*.prom"].flatMap((pattern) =>
    [...new Bun.Glob(pattern).scanSync(root)].map((file) => fs.readFileSync(path.join(root, file), "utf8")),
  );
  const words = new Set(
    producing.flatMap((text) => text.match(/\b(?:task|platform|wca)_[a-z0-9_]+\b/g) ?? []),
  );
  expect(ORIGINAL.flatMap(([name]) => (words.has(name) ? [] : [name]))).toEqual([]);
});

test("metrics of tasks are summed over containers where that makes sense", () => {
  const merges = ORIGINAL.flatMap(([name, , , scope]) => {
    const merge = rows[name]?.merge;
    return scope === "task" && (merge === "none" || merge === "max") ? [[name, merge] as const] : [];
  });
  const wanted = Object.entries(NOT_SUMMED).filter(([name]) => rows[name] !== undefined);
  expect(Object.fromEntries(merges)).toEqual(Object.fromEntries(wanted));
});

test("perf events that are not summed have the label cpu", () => {
  const counted = perfRows({ event_names: [], perf_aggregate_cpus: false });
  const first = ORIGINAL.slice(0, 21).map(([name]) => name);
  const labels = new Map(counted.map(([name, row]) => [name, row.labels] as const));
  expect(first.filter((name) => labels.get(name)?.join(" ") !== "cpu")).toEqual([]);
});

test("every row of the catalogue is a whole description", () => {
  const wrong = Object.entries<MetricRow>(ROWS).filter(([name, row]) => {
    const sentence = /^[A-Z0-9].*\.$/s.test(row.help);
    const merged = row.scope === "task" || row.merge === "none";
    const named =
      /^((task|platform|wca)_[a-z0-9_]+|anomaly(_[a-z_]+)?)$/.test(name) &&
      new Set(row.labels).size === row.labels.length;
    return !(sentence && merged && named && row.source.length > 0);
  });
  expect(wrong.map(([name]) => name)).toEqual([]);
});

function wordsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(" ");
}

import { expect, test } from "bun:test";
import { MOUNT, perfMachine, platformWith, task } from "./perf-machine.ts";

/** Every predefined event of the original: type and config that the kernel is given on Cascade Lake. */
const EVENTS = {
  task_instructions: "0:1",
  task_cycles: "0:0",
  task_cache_misses: "0:3",
  task_cache_references: "0:2",
  task_stalled_mem_loads: `4:${0x140014a3}`,
  task_offcore_requests_l3_miss_demand_data_rd: `4:${0x10b0}`,
  task_offcore_requests_demand_data_rd: `4:${0x1b0}`,
  task_offcore_requests_demand_rfo: `4:${0x4b0}`,
  task_offcore_requests_outstanding_l3_miss_demand_data_rd: `4:${0x1060}`,
  task_mem_load_retired_local_pmm: `4:${0x80d1}`,
  task_mem_load_retired_local_dram: `4:${0x1d3}`,
  task_mem_load_retired_remote_dram: `4:${0x2d3}`,
  task_mem_inst_retired_loads: `4:${0x81d0}`,
  task_mem_inst_retired_stores: `4:${0x82d0}`,
  task_dtlb_load_misses: `4:${0xe08}`,
} as const;
const NAMES = Object.keys(EVENTS) as (keyof typeof EVENTS)[];
const CASCADE_LAKE = {
  ...platformWith(0, 1),
  ...{ cpuVendor: "GenuineIntel", cpuFamily: 6, cpuModelNumber: 85, cpuStepping: 7 },
};

test("PerfCollector (fake system calls) gives every predefined event of Cascade Lake and what derives from them", () => {
  using machine = perfMachine({
    options: { event_names: NAMES, enable_derived_metrics: true },
    perf: { events: Object.values(EVENTS) },
  });
  const a = task("a");
  expect(machine.round([a], CASCADE_LAKE)["a"]).toEqual({
    ...Object.fromEntries(NAMES.map((name) => [name, 0])),
    ...{ task_scaling_factor_avg: 1, task_scaling_factor_max: 1 },
  });
  // Another number of each, on each of the CPUs.
  const counts = Object.fromEntries(NAMES.map((name, index) => [EVENTS[name], BigInt(1000 + index)]));
  for (const cpu of [0, 1]) machine.perf.run({ cpu, cgroup: `${MOUNT}/a`, ns: 1_000_000n, counts });
  machine.pass(2000);
  expect(machine.round([a], CASCADE_LAKE)["a"]).toEqual({
    ...Object.fromEntries(NAMES.map((name, index) => [name, 2 * (1000 + index)])),
    ...{ task_scaling_factor_avg: 1, task_scaling_factor_max: 1 },
    task_ips: 1000,
    task_ipc: 1000 / 1001,
    task_cache_hit_ratio: 1 / 1003,
    task_cache_misses_per_kilo_instructions: 1002,
  });
  expect(machine.warnings).toEqual([]);
});

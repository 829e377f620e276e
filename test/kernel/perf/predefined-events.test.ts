import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { CPU_GENERATIONS, type CpuGeneration } from "../../../src/kernel/perf/cpu-generation.ts";
import { coreConfig } from "../../../src/kernel/perf/event.ts";
import {
  CORE_EVENTS,
  type CoreEventName,
  encodingOf,
  GENERIC_EVENTS,
  generationsOf,
} from "../../../src/kernel/perf/predefined-events.ts";

const METRICS = Object.keys(CORE_EVENTS) as readonly CoreEventName[];
const ALL = METRICS.flatMap((metric) =>
  CPU_GENERATIONS.flatMap((generation) => {
    const encoding = encodingOf(metric, generation);
    return encoding === undefined ? [] : [{ metric, generation, encoding }];
  }),
);

/** `config` for each of the generations, `-` where there is none. */
function configs(metric: CoreEventName, generations: readonly CpuGeneration[]): readonly string[] {
  return generations.map((generation) => {
    const encoding = encodingOf(metric, generation);
    return encoding === undefined ? "-" : `0x${coreConfig(encoding).toString(16).toUpperCase()}`;
  });
}

// The original's three generations; on Broadwell it had the first event only.
test.each<[CoreEventName, readonly string[]]>([
  ["task_stalled_mem_loads", ["0x140014A3", "0x140014A3", "0x60006A3"]],
  ["task_offcore_requests_l3_miss_demand_data_rd", ["0x10B0", "0x10B0", "-"]],
  ["task_offcore_requests_demand_data_rd", ["0x1B0", "0x1B0", "0x1B0"]],
  ["task_offcore_requests_demand_rfo", ["0x4B0", "0x4B0", "0x4B0"]],
  ["task_offcore_requests_outstanding_l3_miss_demand_data_rd", ["0x1060", "0x1060", "-"]],
  ["task_mem_load_retired_local_pmm", ["-", "0x80D1", "-"]],
  ["task_mem_load_retired_local_dram", ["0x1D3", "0x1D3", "-"]],
  ["task_mem_load_retired_remote_dram", ["0x2D3", "0x2D3", "-"]],
  ["task_mem_inst_retired_loads", ["0x81D0", "0x81D0", "-"]],
  ["task_mem_inst_retired_stores", ["0x82D0", "0x82D0", "-"]],
  ["task_dtlb_load_misses", ["0xE08", "0xE08", "-"]],
])("encodingOf() %s on Skylake, Cascade Lake and Broadwell", (metric, wanted) => {
  expect(configs(metric, ["Skylake", "Cascade Lake", "Broadwell"])).toEqual(wanted);
});

test.each<[CoreEventName, readonly string[]]>([
  ["task_stalled_mem_loads", ["0x140014A3", "0x50021A6", "0x50021A6"]],
  ["task_offcore_requests_l3_miss_demand_data_rd", ["0x10B0", "0x1021", "0x1021"]],
  ["task_offcore_requests_demand_data_rd", ["0x1B0", "0x121", "0x121"]],
  ["task_offcore_requests_demand_rfo", ["0x4B0", "0x421", "0x421"]],
  ["task_offcore_requests_outstanding_l3_miss_demand_data_rd", ["-", "0x1020", "0x1020"]],
  ["task_mem_load_retired_local_pmm", ["0x80D1", "0x80D1", "-"]],
  ["task_mem_load_retired_local_dram", ["0x1D3", "0x1D3", "0x1D3"]],
  ["task_mem_load_retired_remote_dram", ["0x2D3", "0x2D3", "0x2D3"]],
  ["task_mem_inst_retired_loads", ["0x81D0", "0x81D0", "0x81D0"]],
  ["task_mem_inst_retired_stores", ["0x82D0", "0x82D0", "0x82D0"]],
  ["task_dtlb_load_misses", ["0xE08", "0xE12", "0xE12"]],
])("encodingOf() %s on Ice Lake, Sapphire Rapids and Granite Rapids", (metric, wanted) => {
  expect(configs(metric, ["Ice Lake", "Sapphire Rapids", "Granite Rapids"])).toEqual(wanted);
});

test("encodingOf() takes offcore responses where the cores have no other event", () => {
  expect(encodingOf("task_offcore_requests_l3_miss_demand_data_rd", "Sierra Forest")).toEqual({
    event: 0xb7,
    umask: 0x01,
    config1: 0x3fbfc00001n,
    source: "SRF/events/sierraforest_core.json OCR.DEMAND_DATA_RD.L3_MISS",
  });
});

test.each(METRICS)("encodingOf() %s counts the same on Cascade Lake and Cooper Lake", (metric) => {
  expect(encodingOf(metric, "Cooper Lake")).toEqual(encodingOf(metric, "Cascade Lake"));
});

test("encodingOf() has no event for the memory of another socket on client parts", () => {
  expect(
    METRICS.filter((metric) => encodingOf(metric, "Skylake") && !encodingOf(metric, "Skylake client")),
  ).toEqual(["task_mem_load_retired_local_dram", "task_mem_load_retired_remote_dram"]);
});

test("each encoding fits the fields of the event select register", () => {
  for (const { encoding } of ALL) {
    const { event, umask, cmask = 0, config1 = 0n } = encoding;
    for (const byte of [event, umask, cmask]) expect(byte).toBe(byte & 0xff);
    expect(BigInt.asUintN(64, config1)).toBe(config1);
  }
  expect(ALL.length).toBeGreaterThan(80);
});

test("each encoding names its table and event", () => {
  for (const { encoding } of ALL) {
    expect(encoding.source).toMatch(/^[A-Z]{3}\/events\/[a-z]+_core\.json [A-Z0-9_]+(\.[A-Z0-9_]+)+$/);
  }
});

test("no generation stands in two rows of a metric", () => {
  for (const metric of METRICS) {
    const on = CORE_EVENTS[metric].flatMap((row) => row.on as readonly CpuGeneration[]);
    expect(on.toSorted()).toEqual([...generationsOf(metric)].sort());
  }
});

test("GENERIC_EVENTS are the numbers of linux/perf_event.h", () => {
  expect(
    Object.entries(GENERIC_EVENTS).map(([metric, { type, config, scale }]) => [metric, type, config, scale]),
  ).toEqual([
    ["task_cycles", 0, 0n, 1],
    ["task_instructions", 0, 1n, 1],
    ["task_cache_references", 0, 2n, 1],
    ["task_cache_misses", 0, 3n, 1],
    ["task_cpu_clock_seconds", 1, 1n, 1e-9],
    ["task_page_faults", 1, 2n, 1],
    ["task_context_switches", 1, 3n, 1],
    ["task_cpu_migrations", 1, 4n, 1],
  ]);
});

test("docs/perf-events.md names the generations of each event", () => {
  const lines = fs.readFileSync("docs/perf-events.md", "utf8").split("\n");
  const told = new Map(
    lines.flatMap((line) => {
      const [, metric, , where] = line.split("|").map((cell) => cell.trim());
      return metric?.startsWith("`task_") && where !== undefined
        ? [[metric.slice(1, -1), where] as const]
        : [];
    }),
  );
  expect(told).toEqual(
    new Map<string, string>([
      ...Object.entries(GENERIC_EVENTS).map(
        ([metric, { kind }]) => [metric, kind === "hardware" ? "any CPU" : "any host"] as const,
      ),
      ...METRICS.map((metric) => [metric, generationsOf(metric).join(", ")] as const),
    ]),
  );
});

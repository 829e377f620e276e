import { CPU_GENERATIONS, type CpuGeneration } from "./cpu-generation.ts";
import { type CoreEventSelect, PERF_TYPE } from "./event.ts";

/** An event that the kernel itself knows, on any CPU or host. */
export interface GenericEvent {
  readonly kind: "hardware" | "software";
  readonly type: number;
  readonly config: bigint;
  readonly scale: number;
  readonly source: string;
}

function hardware(config: bigint, name: string): GenericEvent {
  return {
    kind: "hardware",
    type: PERF_TYPE.hardware,
    config,
    scale: 1,
    source: `linux/perf_event.h ${name}`,
  };
}

function software(config: bigint, name: string, scale = 1): GenericEvent {
  return { kind: "software", type: PERF_TYPE.software, config, scale, source: `linux/perf_event.h ${name}` };
}

/**
 * Hardware events are the kernel's choice of encoding. A hybrid CPU has a PMU for each kind of its cores
 * (`cpu_core`, `cpu_atom`): a hardware event counts on the first only, unless the type of the other PMU
 * stands in bits 32 to 63 of `config`.
 */
export const GENERIC_EVENTS = {
  task_cycles: hardware(0n, "PERF_COUNT_HW_CPU_CYCLES"),
  task_instructions: hardware(1n, "PERF_COUNT_HW_INSTRUCTIONS"),
  task_cache_references: hardware(2n, "PERF_COUNT_HW_CACHE_REFERENCES"),
  task_cache_misses: hardware(3n, "PERF_COUNT_HW_CACHE_MISSES"),
  task_cpu_clock_seconds: software(1n, "PERF_COUNT_SW_TASK_CLOCK", 1e-9),
  task_page_faults: software(2n, "PERF_COUNT_SW_PAGE_FAULTS"),
  task_context_switches: software(3n, "PERF_COUNT_SW_CONTEXT_SWITCHES"),
  task_cpu_migrations: software(4n, "PERF_COUNT_SW_CPU_MIGRATIONS"),
} as const satisfies Record<string, GenericEvent>;

/** How a core counts something. */
export interface Encoding extends CoreEventSelect {
  /** Value of the offcore response register, where the event takes one. */
  readonly config1?: bigint;
  /** Event table and name: `ICX/events/icelakex_core.json OFFCORE_REQUESTS.DEMAND_DATA_RD`. */
  readonly source: string;
}

/** Event tables, as github.com/intel/perfmon has them. AMD's cores count none of these notions. */
const TABLES: Partial<Record<CpuGeneration, string>> = {
  // BDW and BDW-DE say the same of these events.
  Broadwell: "BDX/events/broadwellx_core.json",
  "Skylake client": "SKL/events/skylake_core.json",
  Skylake: "SKX/events/skylakex_core.json",
  "Cascade Lake": "CLX/events/cascadelakex_core.json",
  // mapfile.csv gives all steppings of model 55h from 5 on the same table.
  "Cooper Lake": "CLX/events/cascadelakex_core.json",
  "Ice Lake": "ICX/events/icelakex_core.json",
  "Sapphire Rapids": "SPR/events/sapphirerapids_core.json",
  "Emerald Rapids": "EMR/events/emeraldrapids_core.json",
  "Granite Rapids": "GNR/events/graniterapids_core.json",
  "Sierra Forest": "SRF/events/sierraforest_core.json",
};

interface EncodingRow extends Omit<Encoding, "source"> {
  readonly on: readonly CpuGeneration[];
  /** Name in the tables of these generations. */
  readonly name: string;
}

const SKYLAKE_SERVERS = ["Skylake", "Cascade Lake", "Cooper Lake"] as const;
const SKYLAKES = ["Skylake client", ...SKYLAKE_SERVERS] as const;
const RAPIDS = ["Sapphire Rapids", "Emerald Rapids", "Granite Rapids"] as const;

/**
 * Only what is the same notion has a row: not micro-ops for instructions (MEM_UOPS_RETIRED of Broadwell and
 * Sierra Forest), not all data TLB misses for those of loads (ls_l1_d_tlb_miss of AMD), and no event that
 * Intel has an erratum for (DTLB_LOAD_MISSES and MEM_LOAD_UOPS_L3_MISS_RETIRED of Broadwell) or has withdrawn
 * (OFFCORE_REQUESTS_OUTSTANDING.L3_MISS_DEMAND_DATA_RD of Ice Lake).
 */
export const CORE_EVENTS = {
  task_stalled_mem_loads: [
    { on: ["Broadwell"], event: 0xa3, umask: 0x06, cmask: 6, name: "CYCLE_ACTIVITY.STALLS_MEM_ANY" },
    {
      on: [...SKYLAKES, "Ice Lake"],
      event: 0xa3,
      umask: 0x14,
      cmask: 20,
      name: "CYCLE_ACTIVITY.STALLS_MEM_ANY",
    },
    { on: RAPIDS, event: 0xa6, umask: 0x21, cmask: 5, name: "EXE_ACTIVITY.BOUND_ON_LOADS" },
  ],
  task_offcore_requests_l3_miss_demand_data_rd: [
    {
      on: [...SKYLAKES, "Ice Lake"],
      event: 0xb0,
      umask: 0x10,
      name: "OFFCORE_REQUESTS.L3_MISS_DEMAND_DATA_RD",
    },
    { on: RAPIDS, event: 0x21, umask: 0x10, name: "OFFCORE_REQUESTS.L3_MISS_DEMAND_DATA_RD" },
    {
      on: ["Sierra Forest"],
      event: 0xb7,
      umask: 0x01,
      config1: 0x3fbfc00001n,
      name: "OCR.DEMAND_DATA_RD.L3_MISS",
    },
  ],
  task_offcore_requests_demand_data_rd: [
    {
      on: ["Broadwell", ...SKYLAKES, "Ice Lake"],
      event: 0xb0,
      umask: 0x01,
      name: "OFFCORE_REQUESTS.DEMAND_DATA_RD",
    },
    { on: RAPIDS, event: 0x21, umask: 0x01, name: "OFFCORE_REQUESTS.DEMAND_DATA_RD" },
    {
      on: ["Sierra Forest"],
      event: 0xb7,
      umask: 0x01,
      config1: 0x10001n,
      name: "OCR.DEMAND_DATA_RD.ANY_RESPONSE",
    },
  ],
  task_offcore_requests_demand_rfo: [
    {
      on: ["Broadwell", ...SKYLAKES, "Ice Lake"],
      event: 0xb0,
      umask: 0x04,
      name: "OFFCORE_REQUESTS.DEMAND_RFO",
    },
    { on: RAPIDS, event: 0x21, umask: 0x04, name: "OFFCORE_REQUESTS.DEMAND_RFO" },
    {
      on: ["Sierra Forest"],
      event: 0xb7,
      umask: 0x01,
      config1: 0x10002n,
      name: "OCR.DEMAND_RFO.ANY_RESPONSE",
    },
  ],
  task_offcore_requests_outstanding_l3_miss_demand_data_rd: [
    {
      on: SKYLAKES,
      event: 0x60,
      umask: 0x10,
      name: "OFFCORE_REQUESTS_OUTSTANDING.L3_MISS_DEMAND_DATA_RD",
    },
    { on: RAPIDS, event: 0x20, umask: 0x10, name: "OFFCORE_REQUESTS_OUTSTANDING.L3_MISS_DEMAND_DATA_RD" },
  ],
  task_mem_load_retired_local_pmm: [
    {
      on: ["Cascade Lake", "Cooper Lake", "Ice Lake", "Sapphire Rapids"],
      event: 0xd1,
      umask: 0x80,
      name: "MEM_LOAD_RETIRED.LOCAL_PMM",
    },
  ],
  task_mem_load_retired_local_dram: [
    {
      on: [...SKYLAKE_SERVERS, "Ice Lake", ...RAPIDS],
      event: 0xd3,
      umask: 0x01,
      name: "MEM_LOAD_L3_MISS_RETIRED.LOCAL_DRAM",
    },
  ],
  task_mem_load_retired_remote_dram: [
    {
      on: [...SKYLAKE_SERVERS, "Ice Lake", ...RAPIDS],
      event: 0xd3,
      umask: 0x02,
      name: "MEM_LOAD_L3_MISS_RETIRED.REMOTE_DRAM",
    },
  ],
  task_mem_inst_retired_loads: [
    {
      on: [...SKYLAKES, "Ice Lake", ...RAPIDS],
      event: 0xd0,
      umask: 0x81,
      name: "MEM_INST_RETIRED.ALL_LOADS",
    },
  ],
  task_mem_inst_retired_stores: [
    {
      on: [...SKYLAKES, "Ice Lake", ...RAPIDS],
      event: 0xd0,
      umask: 0x82,
      name: "MEM_INST_RETIRED.ALL_STORES",
    },
  ],
  task_dtlb_load_misses: [
    {
      on: [...SKYLAKES, "Ice Lake", "Sierra Forest"],
      event: 0x08,
      umask: 0x0e,
      name: "DTLB_LOAD_MISSES.WALK_COMPLETED",
    },
    { on: RAPIDS, event: 0x12, umask: 0x0e, name: "DTLB_LOAD_MISSES.WALK_COMPLETED" },
  ],
} as const satisfies Record<string, readonly EncodingRow[]>;

export type GenericEventName = keyof typeof GENERIC_EVENTS;
export type CoreEventName = keyof typeof CORE_EVENTS;

/** Nothing where the generation has no event for the same notion. */
export function encodingOf(metric: CoreEventName, generation: CpuGeneration): Encoding | undefined {
  const row = rowsOf(metric).find(({ on }) => on.includes(generation));
  if (row === undefined) return undefined;
  const { on, name, ...select } = row;
  return { ...select, source: `${TABLES[generation]} ${name}` };
}

/** Generations that count it, in the order they appeared. */
export function generationsOf(metric: CoreEventName): readonly CpuGeneration[] {
  return CPU_GENERATIONS.filter((generation) => encodingOf(metric, generation) !== undefined);
}

function rowsOf(metric: CoreEventName): readonly EncodingRow[] {
  return CORE_EVENTS[metric];
}

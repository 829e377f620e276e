import type { CpuGeneration } from "./cpu-generation.ts";

/** One way to count a predefined metric. */
export interface UncoreEncoding {
  /** Kind of PMU: `uncore_imc` stands for `uncore_imc_0`, `uncore_imc_1` and so on. */
  readonly pmu: string;
  /** Events whose sum is the metric, as terms of the PMU. */
  readonly events: readonly string[];
  /** CPUs that count so; absent: any whose PMU has the events and fields that are named. */
  readonly generations?: readonly CpuGeneration[];
  /** Event table, or the driver that names the events. */
  readonly source: string;
}

/** A metric and the ways to count it: the first that the host has is taken. */
export interface UncoreEventRow {
  /** What one count is. */
  readonly counts: string;
  readonly encodings: readonly UncoreEncoding[];
}

const IMC = "uncore_imc";
const UPI = "uncore_upi";
const FREE_RUNNING = "uncore_imc_free_running";
const UMC = "amd_umc";

/** Generations that count alike, with the event table of github.com/intel/perfmon that was read. */
const SKYLAKE = {
  generations: ["Skylake", "Cascade Lake", "Cooper Lake"],
  table: "SKX/events/skylakex, CLX/events/cascadelakex",
} as const;
const WITH_BROADWELL = {
  generations: ["Broadwell", ...SKYLAKE.generations],
  table: "BDX/events/broadwellx, SKX/events/skylakex, CLX/events/cascadelakex",
} as const;
/** Cooper Lake has no table of its own: mapfile.csv gives it Cascade Lake's. */
const FIRST_PMM = { generations: ["Cascade Lake", "Cooper Lake"], table: "CLX/events/cascadelakex" } as const;
const ICE_LAKE = { generations: ["Ice Lake"], table: "ICX/events/icelakex" } as const;
const SAPPHIRE_RAPIDS = {
  generations: ["Sapphire Rapids", "Emerald Rapids"],
  table: "SPR/events/sapphirerapids, EMR/events/emeraldrapids",
} as const;
/** A channel has two sub-channels here, which count by themselves. */
const GRANITE_RAPIDS = {
  generations: ["Granite Rapids", "Sierra Forest"],
  table: "GNR/events/graniterapids, SRF/events/sierraforest",
} as const;

interface Table {
  readonly generations: readonly CpuGeneration[];
  readonly table: string;
}

function imc({ generations, table }: Table, name: string, ...events: readonly string[]): UncoreEncoding {
  return { pmu: IMC, events, generations, source: `${table}_uncore.json ${name}` };
}

function upi({ generations, table }: Table, name: string, event: string): UncoreEncoding {
  return { pmu: UPI, events: [event], generations, source: `${table}_uncore.json ${name}` };
}

/** Not bound to generations: the later ones have the same events and fields. */
function umc(name: string, event: string): UncoreEncoding {
  return {
    pmu: UMC,
    events: [event],
    source: `linux pmu-events amdzen4, amdzen5 memory-controller.json ${name}`,
  };
}

/** By the names that the PMU's driver gives, on CPUs that no table knows. */
function named(pmu: string, source: string, ...events: readonly string[]): UncoreEncoding {
  return { pmu, events, source: `linux arch/x86/events/intel/${source}` };
}

const SNBEP = "uncore_snbep.c";
const SNB = "uncore_snb.c";

/**
 * Tables stand before the kernel's names, which have been wrong: Ice Lake's cas_count_* up to Linux 5.16
 * (they had Skylake's unit masks), and `clockticks` since Sapphire Rapids, which is the half clock (HCLK).
 */
export const UNCORE_EVENTS = {
  platform_pmm_bandwidth_reads: {
    counts: "64 bytes read from persistent memory",
    encodings: [
      imc(FIRST_PMM, "UNC_M_PMM_RPQ_INSERTS", "event=0xe3,umask=0x00"),
      imc(ICE_LAKE, "UNC_M_PMM_RPQ_INSERTS", "event=0xe3,umask=0x00"),
      imc(SAPPHIRE_RAPIDS, "UNC_M_PMM_RPQ_INSERTS", "event=0xe3,umask=0x00"),
      named(FREE_RUNNING, SNBEP, "ddrt_read"),
    ],
  },
  platform_pmm_bandwidth_writes: {
    counts: "64 bytes written to persistent memory",
    encodings: [
      imc(FIRST_PMM, "UNC_M_PMM_WPQ_INSERTS", "event=0xe7,umask=0x00"),
      imc(ICE_LAKE, "UNC_M_PMM_WPQ_INSERTS", "event=0xe7,umask=0x00"),
      imc(SAPPHIRE_RAPIDS, "UNC_M_PMM_WPQ_INSERTS", "event=0xe7,umask=0x00"),
      named(FREE_RUNNING, SNBEP, "ddrt_write"),
    ],
  },
  platform_cas_count_reads: {
    counts: "64 bytes read from DRAM",
    encodings: [
      imc(WITH_BROADWELL, "UNC_M_CAS_COUNT.RD", "event=0x04,umask=0x03"),
      imc(ICE_LAKE, "UNC_M_CAS_COUNT.RD", "event=0x04,umask=0x0f"),
      imc(SAPPHIRE_RAPIDS, "UNC_M_CAS_COUNT.RD", "event=0x05,umask=0xcf"),
      imc(
        GRANITE_RAPIDS,
        "UNC_M_CAS_COUNT_SCH0.RD, UNC_M_CAS_COUNT_SCH1.RD",
        ...["event=0x05,umask=0xcf", "event=0x06,umask=0xcf"],
      ),
      named(IMC, SNBEP, "cas_count_read"),
      named(IMC, SNBEP, "cas_count_read_sch0", "cas_count_read_sch1"),
      named(FREE_RUNNING, SNBEP, "read"),
      named(FREE_RUNNING, SNB, "data_read"),
      named(IMC, SNB, "data_reads"),
      umc("umc_cas_cmd.rd", "event=0x0a,rdwrmask=0x1"),
    ],
  },
  platform_cas_count_writes: {
    counts: "64 bytes written to DRAM",
    encodings: [
      imc(WITH_BROADWELL, "UNC_M_CAS_COUNT.WR", "event=0x04,umask=0x0c"),
      imc(ICE_LAKE, "UNC_M_CAS_COUNT.WR", "event=0x04,umask=0x30"),
      imc(SAPPHIRE_RAPIDS, "UNC_M_CAS_COUNT.WR", "event=0x05,umask=0xf0"),
      imc(
        GRANITE_RAPIDS,
        "UNC_M_CAS_COUNT_SCH0.WR, UNC_M_CAS_COUNT_SCH1.WR",
        ...["event=0x05,umask=0xf0", "event=0x06,umask=0xf0"],
      ),
      named(IMC, SNBEP, "cas_count_write"),
      named(IMC, SNBEP, "cas_count_write_sch0", "cas_count_write_sch1"),
      named(FREE_RUNNING, SNBEP, "write"),
      named(FREE_RUNNING, SNB, "data_write"),
      named(IMC, SNB, "data_writes"),
      umc("umc_cas_cmd.wr", "event=0x0a,rdwrmask=0x2"),
    ],
  },
  platform_dram_requests: {
    counts: "64 bytes read from or written to DRAM",
    encodings: [
      {
        pmu: "amd_df",
        // One event for each of the eight channels of a socket.
        events: [0x07, 0x47, 0x87, 0xc7, 0x107, 0x147, 0x187, 0x1c7].map(
          (event) => `event=0x${event.toString(16)},umask=0x38`,
        ),
        generations: ["AMD Zen 3"],
        source: "linux pmu-events amdzen3 data-fabric.json dram_channel_data_controller_0 to 7",
      },
      umc("umc_cas_cmd.all", "event=0x0a,rdwrmask=0x0"),
      imc(WITH_BROADWELL, "UNC_M_CAS_COUNT.ALL", "event=0x04,umask=0x0f"),
      imc(ICE_LAKE, "UNC_M_CAS_COUNT.ALL", "event=0x04,umask=0x3f"),
      imc(SAPPHIRE_RAPIDS, "UNC_M_CAS_COUNT.ALL", "event=0x05,umask=0xff"),
      imc(
        GRANITE_RAPIDS,
        "UNC_M_CAS_COUNT_SCH0.ALL, UNC_M_CAS_COUNT_SCH1.ALL",
        ...["event=0x05,umask=0xff", "event=0x06,umask=0xff"],
      ),
      named(FREE_RUNNING, SNB, "data_total"),
    ],
  },
  platform_upi_rxl_flits: {
    counts: "a flit with data received over UPI, 9 of them carry 64 bytes",
    encodings: [
      upi(SKYLAKE, "UNC_UPI_RxL_FLITS.ALL_DATA", "event=0x03,umask=0x0f"),
      upi(ICE_LAKE, "UNC_UPI_RxL_FLITS.ALL_DATA", "event=0x03,umask=0x0f"),
      upi(SAPPHIRE_RAPIDS, "UNC_UPI_RxL_FLITS.ALL_DATA", "event=0x03,umask=0x0f"),
      upi(GRANITE_RAPIDS, "UNC_UPI_RxL_FLITS.ALL_DATA", "event=0x03,umask=0x0f"),
    ],
  },
  platform_upi_txl_flits: {
    counts: "a flit with data sent over UPI, 9 of them carry 64 bytes",
    encodings: [
      upi(SKYLAKE, "UNC_UPI_TxL_FLITS.ALL_DATA", "event=0x02,umask=0x0f"),
      upi(ICE_LAKE, "UNC_UPI_TxL_FLITS.ALL_DATA", "event=0x02,umask=0x0f"),
      upi(SAPPHIRE_RAPIDS, "UNC_UPI_TxL_FLITS.ALL_DATA", "event=0x02,umask=0x0f"),
      upi(GRANITE_RAPIDS, "UNC_UPI_TxL_FLITS.ALL_DATA", "event=0x02,umask=0x0f"),
    ],
  },
  platform_rpq_occupancy: {
    counts: "a request that waited in the read pending queue for a cycle",
    encodings: [
      imc(SKYLAKE, "UNC_M_RPQ_OCCUPANCY", "event=0x80,umask=0x00"),
      // Each pseudo-channel has a queue of its own.
      imc(
        ICE_LAKE,
        "UNC_M_RPQ_OCCUPANCY_PCH0, UNC_M_RPQ_OCCUPANCY_PCH1",
        ...["event=0x80,umask=0x00", "event=0x81,umask=0x00"],
      ),
      imc(
        SAPPHIRE_RAPIDS,
        "UNC_M_RPQ_OCCUPANCY_PCH0, UNC_M_RPQ_OCCUPANCY_PCH1",
        ...["event=0x80,umask=0x00", "event=0x81,umask=0x00"],
      ),
      imc(
        GRANITE_RAPIDS,
        "UNC_M_RPQ_OCCUPANCY_SCH0_PCH0 to UNC_M_RPQ_OCCUPANCY_SCH1_PCH1",
        ...["event=0x80,umask=0x00", "event=0x81,umask=0x00"],
        ...["event=0x82,umask=0x00", "event=0x83,umask=0x00"],
      ),
    ],
  },
  platform_rpq_inserts: {
    counts: "a request that entered the read pending queue",
    encodings: [
      imc(SKYLAKE, "UNC_M_RPQ_INSERTS", "event=0x10,umask=0x00"),
      imc(ICE_LAKE, "UNC_M_RPQ_INSERTS.PCH0 with .PCH1", "event=0x10,umask=0x03"),
      imc(SAPPHIRE_RAPIDS, "UNC_M_RPQ_INSERTS.PCH0 with .PCH1", "event=0x10,umask=0x03"),
      imc(GRANITE_RAPIDS, "UNC_M_RPQ_INSERTS.PCH0 with .PCH1", "event=0x10,umask=0xf0"),
    ],
  },
  platform_imc_clockticks: {
    counts: "a cycle of the memory controller's clock (DCLK)",
    encodings: [
      imc(SKYLAKE, "UNC_M_CLOCKTICKS", "event=0x00,umask=0x00"),
      imc(
        { generations: ["Broadwell"], table: "BDX/events/broadwellx" },
        "UNC_M_CLOCKTICKS_P",
        "event=0x00,umask=0x00",
      ),
      imc(ICE_LAKE, "UNC_M_CLOCKTICKS", "event=0x00,umask=0x00"),
      imc(SAPPHIRE_RAPIDS, "UNC_M_CLOCKTICKS", "event=0x01,umask=0x01"),
      imc(GRANITE_RAPIDS, "UNC_M_CLOCKTICKS", "event=0x01,umask=0x01"),
      named(IMC, SNBEP, "clockticks"),
      named(FREE_RUNNING, SNBEP, "dclk"),
    ],
  },
} as const satisfies Record<string, UncoreEventRow>;

/** A metric that needs no more than its name. */
export type UncoreMetric = keyof typeof UNCORE_EVENTS;

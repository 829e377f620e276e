import type { Platform } from "../../model/platform.ts";

/** What `/proc/cpuinfo` tells about the make of a CPU. */
export type CpuIdentity = Pick<Platform, "cpuVendor" | "cpuFamily" | "cpuModelNumber" | "cpuStepping">;

/** First and last of a range. */
type Range = readonly [from: number, to: number];

interface GenerationRow {
  readonly generation: string;
  readonly vendor: "GenuineIntel" | "AuthenticAMD";
  readonly family: number;
  readonly models: readonly (number | Range)[];
  /** Default: any. */
  readonly steppings?: Range;
  /** Where the model numbers stand. */
  readonly source: string;
}

/**
 * Generations in the order they appeared. Intel's are the columns of its public event tables: parts that
 * share a table are one generation. Of the hybrid client parts (Alder Lake and later) none is here: their
 * two kinds of cores need an event each.
 */
const ROWS = [
  {
    generation: "Broadwell",
    vendor: "GenuineIntel",
    family: 6,
    models: [0x3d, 0x47, 0x4f, 0x56],
    source: "intel/perfmon mapfile.csv BDW, BDX, BDW-DE; linux intel-family.h BROADWELL, _G, _X, _D",
  },
  {
    // Kaby, Coffee and Comet Lake have the table of Skylake's client parts.
    generation: "Skylake client",
    vendor: "GenuineIntel",
    family: 6,
    models: [0x4e, 0x5e, 0x8e, 0x9e, 0xa5, 0xa6],
    source: "intel/perfmon mapfile.csv SKL; linux intel-family.h SKYLAKE_L, SKYLAKE, KABYLAKE, COMETLAKE",
  },
  {
    generation: "Skylake",
    vendor: "GenuineIntel",
    family: 6,
    models: [0x55],
    steppings: [0, 4],
    source: "intel/perfmon mapfile.csv SKX (6-55-[01234]); linux intel-family.h SKYLAKE_X",
  },
  {
    generation: "Cascade Lake",
    vendor: "GenuineIntel",
    family: 6,
    models: [0x55],
    steppings: [5, 9],
    source: "intel/perfmon mapfile.csv CLX (6-55-[56789ABCDEF]); linux intel-family.h CASCADELAKE_X, s: 7",
  },
  {
    generation: "Cooper Lake",
    vendor: "GenuineIntel",
    family: 6,
    models: [0x55],
    steppings: [10, 11],
    source: "intel/perfmon mapfile.csv CLX (6-55-[56789ABCDEF]); linux intel-family.h COOPERLAKE_X, s: 11",
  },
  {
    generation: "Ice Lake",
    vendor: "GenuineIntel",
    family: 6,
    models: [0x6a, 0x6c],
    source: "intel/perfmon mapfile.csv ICX; linux intel-family.h ICELAKE_X, ICELAKE_D",
  },
  {
    generation: "Sapphire Rapids",
    vendor: "GenuineIntel",
    family: 6,
    models: [0x8f],
    source: "intel/perfmon mapfile.csv SPR; linux intel-family.h SAPPHIRERAPIDS_X",
  },
  {
    generation: "Emerald Rapids",
    vendor: "GenuineIntel",
    family: 6,
    models: [0xcf],
    source: "intel/perfmon mapfile.csv EMR; linux intel-family.h EMERALDRAPIDS_X",
  },
  {
    generation: "Granite Rapids",
    vendor: "GenuineIntel",
    family: 6,
    models: [0xad, 0xae],
    source: "intel/perfmon mapfile.csv GNR; linux intel-family.h GRANITERAPIDS_X, GRANITERAPIDS_D",
  },
  {
    generation: "Sierra Forest",
    vendor: "GenuineIntel",
    family: 6,
    models: [0xaf],
    source: "intel/perfmon mapfile.csv SRF; linux intel-family.h ATOM_CRESTMONT_X",
  },
  {
    generation: "AMD Zen 3",
    vendor: "AuthenticAMD",
    family: 0x19,
    models: [
      [0x00, 0x0f],
      [0x20, 0x5f],
    ],
    source: "linux arch/x86/kernel/cpu/amd.c ZEN3; pmu-events mapfile.csv amdzen3",
  },
  {
    generation: "AMD Zen 4",
    vendor: "AuthenticAMD",
    family: 0x19,
    models: [
      [0x10, 0x1f],
      [0x60, 0xaf],
    ],
    source: "linux arch/x86/kernel/cpu/amd.c ZEN4; pmu-events mapfile.csv amdzen4",
  },
  {
    generation: "AMD Zen 5",
    vendor: "AuthenticAMD",
    family: 0x1a,
    models: [
      [0x00, 0x2f],
      [0x40, 0x4f],
      [0x60, 0x7f],
    ],
    source: "linux arch/x86/kernel/cpu/amd.c ZEN5; pmu-events mapfile.csv amdzen5",
  },
] as const satisfies readonly GenerationRow[];

/** CPUs that count alike. */
export type CpuGeneration = (typeof ROWS)[number]["generation"];

/** All of them, in the order they appeared. */
export const CPU_GENERATIONS: readonly CpuGeneration[] = ROWS.map(({ generation }) => generation);

/** Nothing for a CPU that is in no row. */
export function cpuGenerationOf(cpu: CpuIdentity): CpuGeneration | undefined {
  return ROWS.find((row) => isOf(cpu, row))?.generation;
}

function isOf(
  { cpuVendor, cpuFamily, cpuModelNumber, cpuStepping }: CpuIdentity,
  row: GenerationRow,
): boolean {
  if (cpuVendor !== row.vendor || cpuFamily !== row.family || cpuModelNumber === undefined) return false;
  const { models, steppings } = row;
  return (
    models.some((model) => within(cpuModelNumber, typeof model === "number" ? [model, model] : model)) &&
    (steppings === undefined || (cpuStepping !== undefined && within(cpuStepping, steppings)))
  );
}

function within(value: number, [from, to]: Range): boolean {
  return value >= from && value <= to;
}

/** `vendor GenuineIntel, family 6, model 0x55, stepping 7`, for messages. */
export function formatCpu({ cpuVendor, cpuFamily, cpuModelNumber, cpuStepping }: CpuIdentity): string {
  const model = cpuModelNumber === undefined ? "unknown" : `0x${cpuModelNumber.toString(16)}`;
  const [vendor, family, stepping] = [cpuVendor, cpuFamily, cpuStepping].map((part) => part ?? "unknown");
  return `vendor ${vendor}, family ${family}, model ${model}, stepping ${stepping}`;
}

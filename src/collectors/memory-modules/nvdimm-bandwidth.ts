import type { MemoryDevice } from "../../kernel/dmi/memory-device.ts";
import type { Nvdimm } from "../../kernel/sysfs/nvdimm.ts";
import { modulesIn } from "./module-figures.ts";

const GB = 1e9;
const MB = 1e6;

/** Intel's number as a maker of modules. */
const INTEL = 0x8089;

/**
 * What one module can read and write, MB/s by power budget: Intel's figures for the first generation of
 * Optane modules (100 series). A combination that is not there does not exist.
 */
const FIGURES = [
  {
    below: 200 * GB,
    byWatts: [
      { watts: 10, read: 2400, write: 880 },
      { watts: 12, read: 4300, write: 1480 },
      { watts: 15, read: 6800, write: 1850 },
    ],
  },
  {
    below: 500 * GB,
    byWatts: [
      { watts: 12, read: 4100, write: 1450 },
      { watts: 15, read: 6800, write: 2300 },
      { watts: 18, read: 8300, write: 3000 },
    ],
  },
  {
    below: Number.POSITIVE_INFINITY,
    byWatts: [
      { watts: 12, read: 2650, write: 1020 },
      { watts: 15, read: 5300, write: 1890 },
      { watts: 18, read: 7800, write: 2680 },
    ],
  },
] as const;

/** Bytes per second. */
export interface Bandwidth {
  readonly read: number;
  readonly write: number;
}

/** What one module can do; nothing when its budget is below all that Intel tells of. */
export function moduleBandwidth(capacity: number, watts: number): Bandwidth | undefined {
  const { byWatts } = FIGURES.find(({ below }) => capacity < below) ?? FIGURES[2];
  const figures = byWatts.findLast((each) => each.watts <= watts);
  return figures && { read: figures.read * MB, write: figures.write * MB };
}

export interface NvdimmHost {
  readonly devices: readonly MemoryDevice[];
  readonly nvdimms: readonly Nvdimm[];
  /** Power budget of each module. */
  readonly watts: number;
}

/**
 * socket → what its Optane modules can do together, each counted once. Where the socket has regions of
 * persistent memory, only the modules that are part of one: the rest is not used, or not as such.
 */
export function socketBandwidths({ devices, nvdimms, watts }: NvdimmHost): ReadonlyMap<number, Bandwidth> {
  const bandwidths = new Map<number, Bandwidth>();
  const capacityOf = capacities(modulesIn(devices, "nvm"));
  const intel = nvdimms.filter(({ vendor }) => vendor === INTEL);
  for (const [socket, modules] of Map.groupBy(intel, (module) => module.socket)) {
    const mapped = modules.filter(({ inRegion }) => inRegion);
    const sum = (mapped.length > 0 ? mapped : modules)
      .map((module) => moduleBandwidth(capacityOf(module), watts))
      .reduce((total, each) => total && each && added(total, each), { read: 0, write: 0 });
    if (sum !== undefined) bandwidths.set(socket, sum);
  }
  return bandwidths;
}

/** The size by the SMBIOS handle; the mean of all where the two tables of the firmware do not fit together. */
function capacities(modules: readonly MemoryDevice[]): (module: Nvdimm) => number {
  const sizes = new Map(modules.map(({ handle, sizeBytes = 0 }) => [handle, sizeBytes]));
  const mean = modules.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0) / modules.length;
  return ({ dmiHandle }) => sizes.get(dmiHandle) ?? mean;
}

function added(one: Bandwidth, other: Bandwidth): Bandwidth {
  return { read: one.read + other.read, write: one.write + other.write };
}

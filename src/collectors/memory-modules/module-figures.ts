import type { MemoryDevice } from "../../kernel/dmi/memory-device.ts";
import { transferRate } from "../../kernel/dmi/transfer-rate.ts";
import type { MetricName } from "../../model/catalogue.ts";
import type { Measurement } from "../../model/metric.ts";

export type Figures = Readonly<Partial<Record<MetricName, Measurement>>>;

/** Modules that the system works with; empty slots and chips of other kinds are left out. */
export function modulesIn(devices: readonly MemoryDevice[], kind: "ram" | "nvm"): readonly MemoryDevice[] {
  return devices.filter((device) => device.kind === kind && (device.sizeBytes ?? 0) > 0);
}

/** What the slots of the host add up to. */
export function moduleFigures(devices: readonly MemoryDevice[]): Figures {
  const ram = modulesIn(devices, "ram");
  const nvm = modulesIn(devices, "nvm");
  return defined({
    platform_dimm_count: { ram: ram.length, nvm: nvm.length },
    platform_dimm_total_size_bytes: { ram: totalSize(ram), nvm: totalSize(nvm) },
    platform_dimm_speed_bytes_per_second: totalRate(ram, ({ speed }) => speed),
    platform_dimm_configured_speed_bytes_per_second: totalRate(ram, ({ configuredSpeed }) => configuredSpeed),
    platform_mem_mode_size_bytes: memoryModeSize(nvm),
    platform_capacity_per_nvdimm_bytes: nvm.length === 0 ? undefined : totalSize(nvm) / nvm.length,
  });
}

function totalSize(modules: readonly MemoryDevice[]): number {
  return modules.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
}

/** Nothing where no module's speed is known, as in virtual machines. */
function totalRate(
  modules: readonly MemoryDevice[],
  speedOf: (module: MemoryDevice) => number | undefined,
): number | undefined {
  const rates = modules.flatMap((module) => {
    const speed = speedOf(module);
    return speed === undefined ? [] : transferRate(speed, module.dataWidth);
  });
  return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate);
}

/** Nothing where the firmware has a module of which it does not tell how it is used (before SMBIOS 3.2). */
function memoryModeSize(nvm: readonly MemoryDevice[]): number | undefined {
  let sum = 0;
  for (const { optane, volatileBytes } of nvm) {
    if (optane === false) continue;
    if (volatileBytes === undefined) return undefined;
    sum += volatileBytes;
  }
  return sum;
}

/** Leaves out what is not known. */
function defined(figures: Readonly<Partial<Record<MetricName, Measurement | undefined>>>): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as Figures;
}

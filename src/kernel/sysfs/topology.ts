import type { Host } from "../../model/host.ts";
import { parseCpuList } from "../cpu-list.ts";
import { isAbsence } from "../optional-file.ts";
import type { Cpuinfo } from "../proc/cpuinfo.ts";

const CPUS = "/sys/devices/system/cpu";
export const ONLINE_CPUS = `${CPUS}/online`;

/** Where one logical CPU sits. */
export interface CpuPlace {
  readonly cpu: number;
  readonly socket: number;
  readonly core: number;
}

/** socket → core → CPUs, all ascending. */
export type Topology = ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;

/**
 * Where the CPUs sit; offline ones have no place. `/sys/devices/system/cpu/cpuN/topology`,
 * docs.kernel.org/admin-guide/cputopology.html. Nothing where sysfs does not tell.
 */
export function readCpuPlaces(host: Host): readonly CpuPlace[] {
  const names = readOptional(() => host.list(CPUS)) ?? [];
  return names.flatMap((name) => {
    const cpu = /^cpu(\d+)$/.exec(name)?.[1];
    return cpu === undefined ? [] : readPlace(host, Number(cpu));
  });
}

function readPlace(host: Host, cpu: number): readonly CpuPlace[] {
  const directory = `${CPUS}/cpu${cpu}/topology`;
  const socket = readOptional(() => host.read(`${directory}/physical_package_id`));
  const core = readOptional(() => host.read(`${directory}/core_id`));
  if (socket === undefined && core === undefined) return [];
  return [place(cpu, idOf(socket), idOf(core))];
}

/** An id that the firmware does not tell is -1 (arm64). */
function idOf(text: string | undefined): number | undefined {
  const id = Number.parseInt(text ?? "", 10);
  return id >= 0 ? id : undefined;
}

/** One socket and a core for each CPU where nothing else is known. */
function place(cpu: number, socket = 0, core = cpu): CpuPlace {
  return { cpu, socket, core };
}

/** The places as `/proc/cpuinfo` tells them. */
export function cpuPlacesOf({ processors }: Cpuinfo): readonly CpuPlace[] {
  return processors.map(({ cpu, packageId, coreId }) => place(cpu, packageId, coreId));
}

export function groupCpus(places: readonly CpuPlace[]): Topology {
  const sockets = new Map<number, Map<number, number[]>>();
  for (const { cpu, socket, core } of places.toSorted(byPlace)) {
    const cores = sockets.get(socket) ?? new Map<number, number[]>();
    cores.set(core, [...(cores.get(core) ?? []), cpu]);
    sockets.set(socket, cores);
  }
  return sockets;
}

function byPlace(a: CpuPlace, b: CpuPlace): number {
  return a.socket - b.socket || a.core - b.core || a.cpu - b.cpu;
}

/** CPUs that can run tasks now; nothing where sysfs does not tell. */
export function readOnlineCpus(host: Host): readonly number[] | undefined {
  const list = readOptional(() => host.read(ONLINE_CPUS));
  return list === undefined ? undefined : parseCpuList(list);
}

function readOptional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

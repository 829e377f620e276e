import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { RESCTRL } from "./paths.ts";
import { parseDomains, parseSchemata, type Schemata } from "./schemata.ts";

const INFO = `${RESCTRL}/info`;
/** How many bits are set in 0 to f. */
const BITS_OF_DIGIT = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4] as const;
/** What `schemata` says with the mount option mba_MBps as long as there is no limit: U32_MAX. */
const NO_MBPS_LIMIT = 4_294_967_295;

/** One resource that can be divided: `L3`, `L3CODE`, `L3DATA`, `L2`, `L2CODE`, `L2DATA`, `MB`, `SMBA`. */
export interface ControlResource {
  readonly name: string;
  readonly kind: "cache" | "bandwidth";
  /** Groups it can be divided among, the root group included. */
  readonly closids: number | undefined;
  /** Domains of `schemata`, in its order. */
  readonly domains: readonly string[];
  /** Caches only: bits in a mask, each of which stands for an equal part, on Intel for a way. */
  readonly bits?: number;
  /** Bandwidth only: what its numbers mean here. */
  readonly unit?: "percent" | "MBps" | "1/8 GBps";
}

/** Bandwidth counters that have to be assigned to groups (AMD ABMC); by domain. */
export interface AssignableCounters {
  /** The mode now: `mbm_event`, or `default` when counters come and go as the hardware likes. */
  readonly mode: string;
  readonly counters: ReadonlyMap<string, number>;
  readonly free: ReadonlyMap<string, number>;
}

/** One source of monitoring: `L3_MON`, `PERF_PKG_MON`. */
export interface MonitoringResource {
  readonly name: string;
  /** Groups that can be monitored at a time, control groups included. */
  readonly rmids: number | undefined;
  /** Names of event files. */
  readonly features: readonly string[];
  /** An RMID is used again once its group's lines in the cache are fewer bytes than this. */
  readonly maxThresholdOccupancy: number | undefined;
  readonly assignable: AssignableCounters | undefined;
}

export interface ResctrlInfo {
  readonly control: readonly ControlResource[];
  readonly monitoring: readonly MonitoringResource[];
  /** Domains that are monitored, by the name of their directory: `mon_L3_00`. */
  readonly monitoredDomains: readonly string[];
  /** What the root group may be used for: `shareable`. */
  readonly mode: string | undefined;
}

/** What the mounted resctrl offers; nothing when none is mounted. Only reads. */
export function readInfo(host: Host): ResctrlInfo | undefined {
  const resources = listed(host, INFO);
  if (resources === undefined) return undefined;
  const schemata = parseSchemata(text(host, `${RESCTRL}/schemata`) ?? "");
  return {
    control: resources
      .filter((name) => text(host, `${INFO}/${name}/num_closids`) !== undefined)
      .map((name) => controlResource(host, name, schemata)),
    monitoring: resources
      .filter((name) => name.endsWith("_MON"))
      .map((name) => monitoringResource(host, name)),
    monitoredDomains: (listed(host, `${RESCTRL}/mon_data`) ?? []).filter((name) => name.startsWith("mon_")),
    mode: text(host, `${RESCTRL}/mode`),
  };
}

function controlResource(host: Host, name: string, schemata: Schemata): ControlResource {
  const values = schemata.get(name) ?? new Map<string, string>();
  const mask = text(host, `${INFO}/${name}/cbm_mask`);
  return {
    name,
    kind: mask === undefined ? "bandwidth" : "cache",
    closids: count(host, `${INFO}/${name}/num_closids`),
    domains: [...values.keys()],
    ...(mask === undefined
      ? { unit: bandwidthUnit(host, name, [...values.values()]) }
      : { bits: countBits(mask) }),
  };
}

/** Of a hexadecimal mask. */
function countBits(mask: string): number {
  return [...mask].reduce((sum, digit) => sum + (BITS_OF_DIGIT[Number.parseInt(digit, 16)] ?? 0), 0);
}

/** By what the files say, never by who made the CPU: absolute limits are not linear delays, and exceed 100. */
function bandwidthUnit(host: Host, name: string, values: readonly string[]): "percent" | "MBps" | "1/8 GBps" {
  if (values.some((value) => Number(value) === NO_MBPS_LIMIT) || hasMountOption(host, "mba_MBps"))
    return "MBps";
  const linear = text(host, `${INFO}/${name}/delay_linear`);
  return linear === "0" || values.some((value) => Number(value) > 100) ? "1/8 GBps" : "percent";
}

function monitoringResource(host: Host, name: string): MonitoringResource {
  const directory = `${INFO}/${name}`;
  return {
    name,
    rmids: count(host, `${directory}/num_rmids`),
    features: (text(host, `${directory}/mon_features`) ?? "").split("\n").filter((line) => line !== ""),
    maxThresholdOccupancy: count(host, `${directory}/max_threshold_occupancy`),
    assignable: assignable(host, directory),
  };
}

/** Nothing where the hardware has no such counters: the mode is shown there too, the counters are not. */
function assignable(host: Host, directory: string): AssignableCounters | undefined {
  const counters = text(host, `${directory}/num_mbm_cntrs`);
  if (counters === undefined) return undefined;
  const modes = text(host, `${directory}/mbm_assign_mode`) ?? "";
  return {
    // One mode a line, the current one in brackets.
    mode: /\[(\w+)\]/.exec(modes)?.[1] ?? modes,
    counters: countsOf(counters),
    free: countsOf(text(host, `${directory}/available_mbm_cntrs`) ?? ""),
  };
}

function countsOf(byDomain: string): ReadonlyMap<string, number> {
  return new Map([...parseDomains(byDomain)].map(([domain, count]) => [domain, Number(count)]));
}

/** Whether resctrl is mounted with this option. */
export function hasMountOption(host: Host, option: string): boolean {
  for (const line of (text(host, "/proc/self/mounts") ?? "").split("\n")) {
    const [, target, , options = ""] = line.split(" ");
    if (target === RESCTRL && options.split(",").includes(option)) return true;
  }
  return false;
}

/** Whether this kernel could mount resctrl, as it says itself. */
export function isMountable(host: Host): boolean {
  return /^nodev\s+resctrl$/m.test(text(host, "/proc/filesystems") ?? "");
}

function count(host: Host, path: string): number | undefined {
  const value = text(host, path);
  return value === undefined || !/^\d+$/.test(value) ? undefined : Number(value);
}

/** Without blanks around; nothing when it cannot be read. */
function text(host: Host, path: string): string | undefined {
  try {
    return host.read(path).trim();
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

function listed(host: Host, path: string): readonly string[] | undefined {
  try {
    return host.list(path);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

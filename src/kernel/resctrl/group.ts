import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { type GroupCensus, takeCensus } from "./census.ts";
import { ownerOf } from "./group-name.ts";
import { type MonitoringResource, readInfo } from "./info.ts";
import { monitoringGroups, nameOf, RESCTRL } from "./paths.ts";
import { command } from "./resctrl-error.ts";

/** A monitoring group could not be made because the machine has no free RMID: now (ENOSPC), or not yet (EBUSY). */
const LIMITS: ReadonlySet<string> = new Set(["ENOSPC", "EBUSY"]);
/** Errors for want of rights. */
const REFUSALS: ReadonlySet<string> = new Set(["EPERM", "EACCES", "EROFS"]);
const ADVICE_ON_RIGHTS = `needs root of the host, not of a user namespace, and ${RESCTRL} mounted writable`;
/** How many names of other people's groups a message gives. */
const NAMED_HOLDERS = 3;

export function isLimit(error: unknown): boolean {
  return error instanceof KernelError && LIMITS.has(error.code);
}

/**
 * Makes a monitoring group in a control group that is there, and returns its path. Who is watched in it stays
 * in that control group. Throws ResctrlError.
 */
export function makeMonitoringGroup(host: Host, control: string, name: string): string {
  const path = `${monitoringGroups(control)}/${name}`;
  command(
    host,
    () => host.mkdir(path),
    ({ code }) => adviceOnMonitoringGroup(host, code),
  );
  return path;
}

/** Makes a control group, which takes a CLOSID and an RMID, and returns its path. Throws ResctrlError. */
export function makeControlGroup(host: Host, name: string): string {
  const path = `${RESCTRL}/${name}`;
  command(
    host,
    () => host.mkdir(path),
    ({ code }) => adviceOnControlGroup(host, code),
  );
  return path;
}

/** Removes a group whose name an agent gave; its threads stay in their control group. Throws ResctrlError. */
export function removeMonitoringGroup(host: Host, path: string): void {
  if (ownerOf(nameOf(path)) === undefined) {
    throw new TypeError(`Cannot remove "${path}": an agent never makes a group of this name`);
  }
  try {
    command(host, () => host.rmdir(path));
  } catch (error) {
    // Somebody else has removed it, or the control group above it.
    if (!(error instanceof KernelError && error.code === "ENOENT")) throw error;
  }
}

/** Moves a monitoring group into another control group; it keeps its RMID and counts. Throws ResctrlError. */
export function renameMonitoringGroup(host: Host, path: string, control: string): string {
  const target = `${monitoringGroups(control)}/${nameOf(path)}`;
  command(host, () => host.rename(path, target));
  return target;
}

/**
 * Watches a thread in a monitoring group. The kernel refuses (EINVAL) when the thread is not in the control
 * group above it: this can never change what a thread may use. Throws ResctrlError.
 */
export function addThread(host: Host, monitoringGroup: string, tid: number): void {
  command(
    host,
    () => host.write(`${monitoringGroup}/tasks`, `${tid}\n`),
    ({ code }) => (REFUSALS.has(code) ? ADVICE_ON_RIGHTS : undefined),
  );
}

/** Asks for a counter of a bandwidth event in every domain (AMD ABMC). Throws ResctrlError when none is free. */
export function assignCounter(host: Host, monitoringGroup: string, event: string): void {
  command(host, () => host.write(`${monitoringGroup}/mbm_L3_assignments`, `${event}:*=e\n`));
}

/** Threads of a group. Throws KernelError. */
export function readThreads(host: Host, group: string): readonly number[] {
  return parseThreads(host.read(`${group}/tasks`));
}

export function parseThreads(text: string): readonly number[] {
  const threads: number[] = [];
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    if (end > start) threads.push(Number(text.slice(start, end)));
    start = end + 1;
  }
  return threads;
}

function adviceOnMonitoringGroup(host: Host, code: string): string | undefined {
  const monitoring = readInfo(host)?.monitoring ?? [];
  if (code === "ENOSPC") {
    return `no RMID is free, ${rmidsOf(monitoring)}; ${holders(takeCensus(host))}. Choose fewer tasks with rdt_tasks, or remove groups that nobody needs; tried again as groups go`;
  }
  if (code === "EBUSY") {
    const bytes =
      monitoring.find((one) => one.maxThresholdOccupancy !== undefined)?.maxThresholdOccupancy ?? "?";
    return `the RMIDs of removed groups cannot be used again before they have less than max_threshold_occupancy (${bytes} bytes) in the cache. Tried again later; a larger number in info/L3_MON/max_threshold_occupancy frees them sooner`;
  }
  if (REFUSALS.has(code)) return ADVICE_ON_RIGHTS;
  if (code === "ENOENT" && monitoring.length === 0)
    return `resctrl is not mounted any more: mount -t resctrl resctrl ${RESCTRL}. Tried again every few rounds`;
  return undefined;
}

function adviceOnControlGroup(host: Host, code: string): string | undefined {
  if (code !== "ENOSPC") return undefined;
  const info = readInfo(host);
  const closids = (info?.control ?? []).map(({ name, closids }) => `${name} ${closids ?? "?"}`);
  return `no CLOSID or no RMID is free, num_closids is ${closids.join(", ")} and ${rmidsOf(info?.monitoring ?? [])}; ${holders(takeCensus(host))}. Let more tasks share a group, or remove groups that nobody needs`;
}

function rmidsOf(monitoring: readonly MonitoringResource[]): string {
  return `num_rmids is ${monitoring.map(({ rmids }) => rmids ?? "?").join(", ") || "?"}`;
}

function holders({ control, agents, others }: GroupCensus): string {
  const named = others.slice(0, NAMED_HOLDERS).map((path) => `"${path.slice(RESCTRL.length + 1)}"`);
  const more = others.length > named.length ? ` and ${others.length - named.length} more` : "";
  const names = others.length === 0 ? "" : ` (${named.join(", ")}${more})`;
  return `in use: 1 by the root group, ${control} by control groups, ${agents} by agents, ${others.length} by others${names}`;
}

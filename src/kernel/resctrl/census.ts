import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { type GroupOwner, ownerOf } from "./group-name.ts";
import { monitoringGroups, RESCTRL } from "./paths.ts";

/** Entries of the root that are never control groups. */
const NO_GROUPS: ReadonlySet<string> = new Set([
  ...["info", "mon_data", "mon_groups", "tasks", "cpus", "cpus_list", "schemata", "size", "mode"],
  ...["mba_MBps_event", "mbm_L3_assignments", "ctrl_hw_id", "mon_hw_id"],
]);

/** Who has groups. */
export interface GroupCensus {
  /** Control groups beside the root. */
  readonly control: number;
  /** Monitoring groups that agents made. */
  readonly agents: number;
  /** Paths of the other monitoring groups. */
  readonly others: readonly string[];
}

/** Paths of the control groups, the root first. Throws KernelError when resctrl is not mounted any more. */
export function listControlGroups(host: Host): readonly string[] {
  const groups = [RESCTRL];
  for (const name of host.list(RESCTRL)) {
    if (NO_GROUPS.has(name)) continue;
    const path = `${RESCTRL}/${name}`;
    if (host.identity(monitoringGroups(path)) !== undefined) groups.push(path);
  }
  return groups;
}

/** Paths of the monitoring groups of a control group; none when it is gone. */
export function listMonitoringGroups(host: Host, control: string): readonly string[] {
  const directory = monitoringGroups(control);
  try {
    return host.list(directory).map((name) => `${directory}/${name}`);
  } catch (error) {
    if (error instanceof KernelError) return [];
    throw error;
  }
}

/** Every monitoring group with the agent that made it; nothing for the others. */
export function* monitoringGroupsByOwner(host: Host): Generator<readonly [string, GroupOwner | undefined]> {
  for (const control of listControlGroups(host)) {
    for (const path of listMonitoringGroups(host, control)) {
      yield [path, ownerOf(path.slice(path.lastIndexOf("/") + 1))];
    }
  }
}

export function takeCensus(host: Host): GroupCensus {
  const all = [...monitoringGroupsByOwner(host)];
  const others = all.filter(([, owner]) => owner === undefined).map(([path]) => path);
  return { control: listControlGroups(host).length - 1, agents: all.length - others.length, others };
}

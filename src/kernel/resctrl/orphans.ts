import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { monitoringGroupsByOwner } from "./census.ts";
import { removeMonitoringGroup } from "./group.ts";
import { mayLive } from "./group-name.ts";

/**
 * Removes the monitoring groups of agents that have ended without doing so, and returns how many. Those of
 * agents that may live and of everybody else stay.
 */
export function removeOrphans(host: Host): number {
  let removed = 0;
  /** One agent has many groups. */
  const alive = new Map<string, boolean>();
  for (const [path, owner] of monitoringGroupsByOwner(host)) {
    if (owner === undefined) continue;
    const who = `${owner.pid}-${owner.start}-${owner.namespace}`;
    const isAlive = alive.get(who) ?? mayLive(host, owner);
    alive.set(who, isAlive);
    if (isAlive) continue;
    try {
      removeMonitoringGroup(host, path);
      removed++;
    } catch (error) {
      // It costs an RMID; whoever is refused one for it hears why.
      if (!(error instanceof KernelError)) throw error;
    }
  }
  return removed;
}

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
  for (const [path, owner] of monitoringGroupsByOwner(host)) {
    if (owner === undefined || mayLive(host, owner)) continue;
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

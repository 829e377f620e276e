import { type CgroupLayout, readLayout, taskHierarchies } from "../kernel/cgroup/layout.ts";
import { KernelError, Unsupported } from "../model/errors.ts";
import type { Host } from "../model/host.ts";
import type { Support } from "../model/support.ts";

/** Where the numbers of a task come from; the original wanted a task to be in all three. */
export const WANTED_CONTROLLERS = ["cpu", "cpuacct", "memory"] as const;

/** Controllers of the v2 tree that tasks are measured and controlled by. */
const V2_CONTROLLERS = ["cpu", "memory", "cpuset"];

/** The layout, or {@link Unsupported} also where there is no mount table at all. */
export function requireLayout(host: Host): CgroupLayout {
  try {
    return readLayout(host);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new Unsupported("Cannot find cgroup file systems: no mount table", { cause: error });
  }
}

/** What `wca doctor` shows for a node that finds tasks by their cgroups. */
export function probeCgroups(host: Host, component: string): readonly Support[] {
  try {
    const layout = requireLayout(host);
    const detail = `cgroup ${layout.version}: ${taskHierarchies(layout).join(", ")}`;
    return [
      { component, feature: "tasks by their cgroups", supported: true, detail },
      { component, feature: "controllers of tasks", ...probeControllers(host, layout) },
    ];
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return [{ component, feature: "tasks by their cgroups", supported: false, detail: error.message }];
  }
}

function probeControllers(host: Host, layout: CgroupLayout): Pick<Support, "supported" | "detail"> {
  const wanted = layout.version === "v2" ? V2_CONTROLLERS : WANTED_CONTROLLERS;
  const present = layout.version === "v2" ? v2Controllers(host, layout.v2 ?? "") : [...layout.v1.keys()];
  const missing = wanted.filter((controller) => !present.includes(controller));
  if (missing.length === 0) return { supported: true, detail: wanted.join(", ") };
  const remedy =
    layout.version === "v2" ? "not in cgroup.controllers of the v2 root" : "no v1 hierarchy mounted";
  return { supported: false, detail: `${missing.join(", ")}: ${remedy}` };
}

function v2Controllers(host: Host, mount: string): readonly string[] {
  try {
    return host.read(`${mount}/cgroup.controllers`).trim().split(" ");
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return [];
  }
}

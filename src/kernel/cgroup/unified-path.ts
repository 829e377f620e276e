import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { type CgroupLayout, taskHierarchies } from "./layout.ts";

/**
 * Where a task of a hybrid host is in the v2 tree. `/proc/PID/cgroup` of its processes decides, since the
 * name there may differ from the v1 name; a v2 cgroup that holds other processes too, itself or below, is
 * not the task's own, and neither is the root. A task without processes is found by its name.
 */
export function unifiedPath(host: Host, layout: CgroupLayout, cgroupPath: string): string | undefined {
  if (layout.v2 === undefined) return undefined;
  if (layout.version === "v2") return cgroupPath;
  if (host.live && host.subdirectories(layout.v2) === 0) return undefined;
  const pids = taskPids(host, layout, cgroupPath);
  const [first] = pids;
  if (first === undefined) return cgroupPath;
  const path = v2PathOf(host, first);
  if (path === undefined || path === "/") return undefined;
  if (path === cgroupPath) return path;
  const directory = `${layout.v2}${path}`;
  // A threaded cgroup does not tell its processes.
  if (pidsIn(host, directory).length === 0) return undefined;
  return holdsOnly(host, directory, new Set(pids)) ? path : undefined;
}

/** A controller on v2 would forbid processes beside sub-cgroups, but on a hybrid host there are none there. */
function holdsOnly(host: Host, directory: string, own: ReadonlySet<string>): boolean {
  return (
    pidsIn(host, directory).every((pid) => own.has(pid)) &&
    subdirectories(host, directory).every((below) => holdsOnly(host, below, own))
  );
}

function subdirectories(host: Host, directory: string): readonly string[] {
  try {
    if (host.subdirectories(directory) === 0) return [];
    return host
      .list(directory)
      .map((name) => `${directory}/${name}`)
      .filter((path) => host.identity(`${path}/cgroup.procs`) !== undefined);
  } catch (error) {
    if (error instanceof KernelError) return [];
    throw error;
  }
}

function taskPids(host: Host, layout: CgroupLayout, cgroupPath: string): readonly string[] {
  for (const mount of taskHierarchies(layout)) {
    const pids = pidsIn(host, `${mount}${cgroupPath}`);
    if (pids.length > 0) return pids;
  }
  return [];
}

function pidsIn(host: Host, directory: string): readonly string[] {
  return (
    readIfThere(host, `${directory}/cgroup.procs`)
      ?.split("\n")
      .filter((pid) => pid !== "") ?? []
  );
}

/** The `0::/path` line of `/proc/PID/cgroup`, cgroups(7); nothing when the process has ended. */
function v2PathOf(host: Host, pid: string): string | undefined {
  return /^0::(.*)$/m.exec(readIfThere(host, `/proc/${pid}/cgroup`) ?? "")?.[1];
}

function readIfThere(host: Host, path: string): string | undefined {
  try {
    return host.read(path);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

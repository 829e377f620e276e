import { readLayout, taskHierarchies } from "./layout.ts";

/** As much of a `Host` as it takes. */
interface Files {
  read(path: string): string;
  identity(path: string): number | undefined;
}

/**
 * What tells a cgroup from a later one of the same path, for `Task.identity`: the inode of its directory,
 * wherever this host keeps it (cgroup v1, v2 or both). Nothing when there is no such cgroup. `cgroupPath` is
 * as in `Task`: `/system.slice/nginx.service`. Throws `Unsupported` on a host without cgroups.
 */
export function cgroupIdentity(host: Files, cgroupPath: string): number | undefined {
  for (const mount of taskHierarchies(readLayout(host))) {
    const identity = host.identity(`${mount}${cgroupPath}`);
    if (identity !== undefined) return identity;
  }
  return undefined;
}

import { Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";

/** Where the cgroup hierarchies of a host are mounted. */
export interface CgroupLayout {
  /** `hybrid`: controllers on v1 hierarchies and a v2 tree beside them, which has PSI. */
  readonly version: "v1" | "v2" | "hybrid";
  /** v1 controller (`cpu`, `cpuacct`, `memory`, …) → mount point of its hierarchy. */
  readonly v1: ReadonlyMap<string, string>;
  /** Mount point of the v2 tree. */
  readonly v2: string | undefined;
}

/** Controllers that make a v1 hierarchy worth searching for tasks, the most telling first. */
const TASK_CONTROLLERS = ["cpu", "cpuacct", "memory", "cpuset", "pids", "perf_event"];

/**
 * Parses `/proc/self/mounts`, proc_pid_mounts(5): the first mount of each hierarchy counts, later ones
 * are bind mounts of containers. `cpu` and `cpuacct` often share one.
 */
export function parseLayout(mounts: string): CgroupLayout {
  const v1 = new Map<string, string>();
  let v2: string | undefined;
  for (const line of mounts.split("\n")) {
    const [, target, type, options] = line.split(" ");
    if (target === undefined || options === undefined) continue;
    const mountPoint = unescapeMount(target);
    if (type === "cgroup2") v2 ??= mountPoint;
    if (type !== "cgroup") continue;
    for (const option of options.split(",")) {
      if (TASK_CONTROLLERS.includes(option) && !v1.has(option)) v1.set(option, mountPoint);
    }
  }
  if (v1.size === 0 && v2 === undefined) {
    throw new Unsupported(
      "No cgroup file system is mounted: /proc/self/mounts has neither cgroup nor cgroup2",
    );
  }
  const version = v1.size === 0 ? "v2" : v2 === undefined ? "v1" : "hybrid";
  return { version, v1, v2 };
}

/** Throws {@link Unsupported} when no cgroup file system is mounted. */
export function readLayout(host: Pick<Host, "read">): CgroupLayout {
  return parseLayout(host.read("/proc/self/mounts"));
}

/**
 * Mount points in which a task's directory can be, without repetition: the v2 tree where it holds the
 * controllers, else the v1 hierarchies (the v2 tree of a hybrid host has the processes of systemd units
 * under the same names, so it comes last).
 */
export function taskHierarchies(layout: CgroupLayout): readonly string[] {
  const mounts = TASK_CONTROLLERS.map((controller) => layout.v1.get(controller));
  return [...new Set([...mounts, layout.v2])].filter((mount) => mount !== undefined);
}

/** Spaces, tabs, newlines and backslashes are octal escapes in mount tables. */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Label names and values as they leave the program; names match `[a-zA-Z_][a-zA-Z0-9_]*`. */
export type Labels = Readonly<Record<string, string>>;

/** A workload of this host, as a node found it in one round. */
export interface Task {
  /** What collectors, detectors and allocators know the task by; unique within a round. */
  readonly id: string;
  readonly name: string;
  /** Path below the cgroup mounts, with a leading slash: `/system.slice/nginx.service`. */
  readonly cgroupPath: string;
  /** Cgroups of the containers when the task is a pod; empty otherwise. */
  readonly subcgroupPaths: readonly string[];
  readonly labels: Labels;
  /** What the task asked for, by the orchestrator's name (`cpus`, `mem` in bytes, `disk`). */
  readonly resources: Readonly<Record<string, number | string>>;
  /**
   * Inode of the cgroup directory. A path that was deleted and created again is another task with
   * fresh counters: see {@link isSameCgroup}.
   */
  readonly identity: number;
}

/**
 * Whether two findings are of the same cgroup still. Labels and containers may have changed; the directory
 * has not, so its counters go on.
 */
export function isSameCgroup(a: Task, b: Task): boolean {
  return a === b || (a.identity === b.identity && a.cgroupPath === b.cgroupPath);
}

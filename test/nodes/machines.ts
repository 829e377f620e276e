import { type Tree, tempTree } from "../support/tree.ts";

const MOUNTS: Readonly<Record<string, string>> = {
  v1: ["cpu,cpuacct", "memory", "cpuset"]
    .map((name) => `cgroup /sys/fs/cgroup/${name} cgroup rw,${name} 0 0\n`)
    .join(""),
  v2: "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
};
const DIRECTORIES: Readonly<Record<string, readonly string[]>> = {
  v1: ["cpu,cpuacct", "memory", "cpuset"].map((name) => `sys/fs/cgroup/${name}`),
  v2: ["sys/fs/cgroup"],
};

export type Version = "v1" | "v2";
export const VERSIONS: readonly Version[] = ["v1", "v2"];

export interface CgroupMachine extends Tree {
  /** Lays out a cgroup in the hierarchies; `procs` is the content of its cgroup.procs. */
  cgroup(path: string, procs?: string, hierarchies?: readonly string[]): void;
  removeCgroup(path: string, hierarchies?: readonly string[]): void;
}

/** A machine of that version with cgroups laid out: path → content of cgroup.procs. */
export function cgroupMachine(version: Version, cgroups: Readonly<Record<string, string>>): CgroupMachine {
  const tree = tempTree({ "proc/self/mounts": MOUNTS[version] ?? "" });
  const roots = DIRECTORIES[version] ?? [];
  function chosen(hierarchies?: readonly string[]): readonly string[] {
    return roots.filter(
      (root) => hierarchies === undefined || hierarchies.some((name) => root.endsWith(name)),
    );
  }
  const machine: CgroupMachine = {
    ...tree,
    cgroup(path, procs = "", hierarchies) {
      for (const root of chosen(hierarchies)) tree.write(`${root}${path}/cgroup.procs`, procs);
    },
    removeCgroup(path, hierarchies) {
      for (const root of chosen(hierarchies)) tree.remove(root + path);
    },
    [Symbol.dispose]: () => tree[Symbol.dispose](),
  };
  machine.cgroup("", "1\n");
  for (const [path, procs] of Object.entries(cgroups)) machine.cgroup(path, procs);
  return machine;
}

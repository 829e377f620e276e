import { type Tree, tempTree } from "../support/tree.ts";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Path and content of the files of one v2 cgroup. */
export function cgroupFiles(path: string, cpuUsec: number, memory: number): Readonly<Record<string, string>> {
  const directory = `sys/fs/cgroup${path}`;
  return {
    [`${directory}/cgroup.procs`]: "1\n",
    [`${directory}/cpu.stat`]: `usage_usec ${cpuUsec}\nuser_usec 0\nsystem_usec 0\n`,
    [`${directory}/memory.current`]: `${memory}\n`,
  };
}

/** Two CPUs, a little memory, cgroup v2 with the tasks /a and /b, and no more files than that. The clock stands. */
export function literalMachine(): Tree {
  return tempTree(
    {
      "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
      "proc/cpuinfo":
        "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Model\n\nprocessor\t: 1\nmodel\t\t: 85\nmodel name\t: Model\n",
      "proc/stat": "cpu  3 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu1 2 0 0 0 0 0 0 0 0 0\n",
      "proc/meminfo": "MemTotal: 10 kB\nMemFree: 2 kB\nBuffers: 1 kB\nCached: 3 kB\n",
      "sys/fs/cgroup/cgroup.procs": "1\n",
      ...cgroupFiles("/a", 1_500_000, 4096),
      ...cgroupFiles("/b", 2_000_000, 8192),
    },
    { now: () => START },
  );
}

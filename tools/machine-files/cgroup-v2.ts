import { keyed, lists, type Measured, PAGE, pressure, processFiles, spread } from "./cgroups.ts";
import type { Files } from "./cpus.ts";

const ROOT = "sys/fs/cgroup";
const CONTROLLERS = "cpuset cpu io memory hugetlb pids rdma misc";

/** A host that has only the v2 tree. docs.kernel.org/admin-guide/cgroup-v2.html */
export function cgroup2Files(groups: readonly Measured[], nodes: readonly number[]): Files {
  return {
    "proc/self/mounts": `cgroup2 /${ROOT} cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot 0 0\n`,
    [`${ROOT}/cgroup.controllers`]: `${CONTROLLERS}\n`,
    [`${ROOT}/cgroup.max.depth`]: "max\n",
    ...processFiles(groups, ["0:"]),
    ...Object.fromEntries(
      groups.flatMap((measured) =>
        Object.entries(groupFiles(measured, nodes)).map(([name, text]) => [
          `${ROOT}${measured.path}/${name}`,
          text,
        ]),
      ),
    ),
  };
}

function groupFiles({ group, usage, pids }: Measured, nodes: readonly number[]): Files {
  const { anon, file, kernel } = usage;
  const bytes = { anon: anon * PAGE, file: file * PAGE, kernel: kernel * PAGE };
  const current = bytes.anon + bytes.file + bytes.kernel;
  return {
    "cgroup.controllers": "cpuset cpu io memory pids\n",
    "cgroup.max.depth": "max\n",
    "cgroup.procs": pids.map((pid) => `${pid}\n`).join(""),
    "cpu.stat": cpuStat(usage),
    "memory.current": `${current}\n`,
    "memory.peak": `${current + 1024 * PAGE}\n`,
    "memory.max": `${group.limit ?? "max"}\n`,
    "memory.swap.current": "0\n",
    "memory.stat": keyed({
      ...bytes,
      shmem: 0,
      ...scaled(lists(usage)),
      workingset_refault_anon: usage.refaultAnon,
      workingset_refault_file: usage.refaultFile,
      pgfault: usage.pgfault,
      pgmajfault: 3,
    }),
    "memory.numa_stat": numaStat({ anon, file, ...lists(usage) }, nodes),
    "memory.events": keyed({ low: 0, high: 0, max: 2, oom: usage.oomKills, oom_kill: usage.oomKills }),
    "pids.current": `${usage.pids}\n`,
    "cpu.pressure": pressure(usage.stallUs),
    "memory.pressure": pressure(Math.floor(usage.stallUs / 10)),
    "io.pressure": pressure(Math.floor(usage.stallUs / 4)),
  };
}

function cpuStat({ userUs, systemUs, periods, throttled }: Measured["usage"]): string {
  return keyed({
    usage_usec: userUs + systemUs,
    user_usec: userUs,
    system_usec: systemUs,
    nr_periods: periods,
    nr_throttled: throttled,
    throttled_usec: throttled * 40_000,
    nr_bursts: 0,
    burst_usec: 0,
  });
}

function numaStat(pagesOf: Readonly<Record<string, number>>, nodes: readonly number[]): string {
  return Object.entries(pagesOf)
    .map(([list, pages]) => {
      const columns = spread(pages, nodes).map((share, index) => `N${nodes[index]}=${share * PAGE}`);
      return `${list} ${columns.join(" ")}\n`;
    })
    .join("");
}

function scaled(pagesOf: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(pagesOf).map(([key, pages]) => [key, pages * PAGE]));
}

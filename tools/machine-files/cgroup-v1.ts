import { keyed, lists, type Measured, PAGE, processFiles, spread } from "./cgroups.ts";
import type { Files } from "./cpus.ts";

const UNLIMITED = "9223372036854771712";

/** What kernels before 4.13 do not have. */
export interface V1Options {
  /** Kernel memory, refaults and counts of OOM kills. Default: true. */
  readonly recent?: boolean;
}

/** Mount below `/sys/fs/cgroup` (named after its controllers) → files of a cgroup in it. */
type Hierarchies = Readonly<
  Record<string, (measured: Measured, nodes: readonly number[], recent: boolean) => Files>
>;

const HIERARCHIES: Hierarchies = {
  "cpu,cpuacct": cpuFiles,
  memory: memoryFiles,
  pids: ({ usage }) => ({ "pids.current": `${usage.pids}\n` }),
  cpuset: () => ({}),
  perf_event: () => ({}),
};

/** A host with v1 hierarchies, cpu and cpuacct in one. docs.kernel.org/admin-guide/cgroup-v1/index.html */
export function cgroup1Files(
  groups: readonly Measured[],
  nodes: readonly number[],
  { recent = true }: V1Options = {},
): Files {
  const names = Object.keys(HIERARCHIES);
  const files: Record<string, string> = {
    "proc/self/mounts": [...names, "name=systemd"].map(mountLine).join(""),
    ...processFiles(groups, [...names.map((name, index) => `${names.length - index}:${name}`)]),
  };
  for (const [name, contents] of Object.entries(HIERARCHIES)) {
    files[`sys/fs/cgroup/${name}/notify_on_release`] = "0\n";
    for (const measured of groups) {
      const directory = `sys/fs/cgroup/${name}${measured.path}`;
      files[`${directory}/notify_on_release`] = "0\n";
      files[`${directory}/cgroup.procs`] = measured.pids.map((pid) => `${pid}\n`).join("");
      for (const [file, text] of Object.entries(contents(measured, nodes, recent))) {
        files[`${directory}/${file}`] = text;
      }
    }
  }
  return files;
}

function mountLine(controllers: string): string {
  const directory = controllers.replace("name=", "");
  return `cgroup /sys/fs/cgroup/${directory} cgroup rw,nosuid,nodev,noexec,relatime,${controllers} 0 0\n`;
}

function cpuFiles({ usage: { userUs, systemUs, periods, throttled } }: Measured): Files {
  return {
    "cpuacct.usage": `${(userUs + systemUs) * 1000}\n`,
    "cpuacct.stat": keyed({ user: Math.floor(userUs / 10_000), system: Math.floor(systemUs / 10_000) }),
    "cpu.stat": keyed({
      nr_periods: periods,
      nr_throttled: throttled,
      throttled_time: throttled * 40_000_000,
    }),
  };
}

function memoryFiles(measured: Measured, nodes: readonly number[], recent: boolean): Files {
  const { usage, group } = measured;
  const bytes = (usage.anon + usage.file + usage.kernel) * PAGE;
  return {
    "memory.usage_in_bytes": `${bytes}\n`,
    "memory.max_usage_in_bytes": `${bytes + 1024 * PAGE}\n`,
    "memory.limit_in_bytes": `${group.limit ?? UNLIMITED}\n`,
    "memory.soft_limit_in_bytes": `${UNLIMITED}\n`,
    "memory.stat": memoryStat(measured, recent),
    "memory.numa_stat": numaStat(measured, nodes, recent),
    "memory.oom_control": keyed({
      oom_kill_disable: 0,
      under_oom: 0,
      ...(recent ? { oom_kill: usage.oomKills } : {}),
    }),
    ...(recent ? { "memory.kmem.usage_in_bytes": `${usage.kernel * PAGE}\n` } : {}),
  };
}

/** The lines without `total_` are of this cgroup alone; only a leaf has pages of its own. */
function memoryStat({ usage, group }: Measured, recent: boolean): string {
  const { anon, file, pgfault, refaultAnon, refaultFile } = usage;
  const sizes = Object.fromEntries(Object.entries(lists(usage)).map(([key, pages]) => [key, pages * PAGE]));
  const total = {
    cache: file * PAGE,
    rss: anon * PAGE,
    mapped_file: 0,
    ...(recent ? { workingset_refault_anon: refaultAnon, workingset_refault_file: refaultFile } : {}),
    swap: 0,
    pgfault,
    pgmajfault: 3,
    ...sizes,
  };
  const own = group.children === undefined ? total : zeroed(total);
  const hierarchical = Object.fromEntries(
    Object.entries(total).map(([key, value]) => [`total_${key}`, value]),
  );
  return keyed({ ...own, hierarchical_memory_limit: group.limit ?? UNLIMITED, ...hierarchical });
}

function zeroed(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.keys(values).map((key) => [key, 0]));
}

/** Hierarchical lines came with Linux 3.18. */
function numaStat({ usage, group }: Measured, nodes: readonly number[], recent: boolean): string {
  const rows = { total: usage.anon + usage.file, file: usage.file, anon: usage.anon, unevictable: 0 };
  const own = group.children === undefined ? rows : (zeroed(rows) as typeof rows);
  return [...numaLines("", own, nodes), ...(recent ? numaLines("hierarchical_", rows, nodes) : [])].join("");
}

function numaLines(
  prefix: string,
  rows: Readonly<Record<string, number>>,
  nodes: readonly number[],
): string[] {
  return Object.entries(rows).map(([list, pages]) => {
    const columns = spread(pages, nodes).map((share, index) => `N${nodes[index]}=${share}`);
    return `${prefix}${list}=${pages} ${columns.join(" ")}\n`;
  });
}

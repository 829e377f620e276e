/* Literal machines with one cgroup each, for tests of everything that reads control files. */

const V1 = `tmpfs /sys/fs/cgroup tmpfs ro,nosuid 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,nosuid,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,nosuid,pids 0 0
`;

export const MOUNTS = {
  v1: V1,
  v2: "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n",
  hybrid: `${V1}cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0\n`,
} as const;

export type Version = keyof typeof MOUNTS;

const PRESSURE = {
  "cpu.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
  "memory.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n",
  "io.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=250000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=125000\n",
} as const;

/** What {@link PRESSURE} is in seconds. */
export const PRESSURE_CELLS = {
  cpuSome: 1.5,
  cpuFull: 0.5,
  memorySome: 2,
  memoryFull: 1,
  ioSome: 0.25,
  ioFull: 0.125,
} as const;

const V1_FILES = {
  "cpu,cpuacct/cpuacct.usage": "12345678901\n",
  "cpu,cpuacct/cpuacct.stat": "user 1000\nsystem 234\n",
  "cpu,cpuacct/cpu.stat": "nr_periods 20\nnr_throttled 5\nthrottled_time 1500000000\n",
  "memory/memory.usage_in_bytes": "1000000\n",
  "memory/memory.max_usage_in_bytes": "2000000\n",
  "memory/memory.limit_in_bytes": "9223372036854771712\n",
  "memory/memory.soft_limit_in_bytes": "1500\n",
  "memory/memory.kmem.usage_in_bytes": "4096\n",
  "memory/memory.stat":
    "cache 1\nrss 2\npgfault 2730362811\npgmajfault 3\ninactive_file 4\nhierarchical_memory_limit 9\ntotal_cache 300000\ntotal_rss 400000\ntotal_rss_huge 200000\ntotal_swap 8192\ntotal_pgfault 99\ntotal_inactive_file 250000\ntotal_workingset_refault_anon 6\ntotal_workingset_refault_file 7\n",
  "memory/memory.numa_stat": "total=300 N0=100 N1=200\nhierarchical_total=700 N0=300 N1=400\n",
  "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
  "pids/pids.current": "12\n",
} as const;

const V2_FILES = {
  "cpu.stat":
    "usage_usec 12345678\nuser_usec 10000000\nsystem_usec 2345678\ncore_sched.force_idle_usec 0\nnr_periods 20\nnr_throttled 5\nthrottled_usec 1500000\nnr_bursts 0\nburst_usec 0\n",
  "memory.current": "1000000\n",
  "memory.peak": "2000000\n",
  "memory.max": "4000000\n",
  "memory.swap.current": "8192\n",
  "memory.stat":
    "anon 400000\nfile 300000\nkernel 4096\nkernel_stack 1\nanon_thp 200000\ninactive_anon 2\ninactive_file 250000\nactive_file 3\nworkingset_refault_anon 6\nworkingset_refault_file 7\npgfault 2730362811\npgmajfault 3\n",
  "memory.numa_stat":
    "anon N0=9 N1=9\ninactive_anon N0=4096 N1=8192\nactive_anon N0=4096 N1=0\ninactive_file N0=0 N1=4096\nactive_file N0=0 N1=0\nunevictable N0=0 N1=0\n",
  "memory.events": "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 0\n",
  "pids.current": "12\n",
  ...PRESSURE,
} as const;

/** Cells of every version; what differs is beside it. */
const COMMON_CELLS = {
  periods: 20,
  throttledPeriods: 5,
  throttledTime: 1.5,
  memUsage: 1_000_000,
  memMaxUsage: 2_000_000,
  memWorkingSet: 750_000,
  memAnon: 400_000,
  memAnonThp: 200_000,
  memFile: 300_000,
  memKernel: 4096,
  memSwap: 8192,
  pageFaults: 2_730_362_811,
  refaultAnon: 6,
  refaultFile: 7,
  oomKills: 2,
  pids: 12,
} as const;

/** Hand-computed from the files above, at 100 ticks a second and pages of 4096 bytes. */
export const CELLS_OF = {
  v1: {
    ...COMMON_CELLS,
    cpuUsage: 12.345678901,
    cpuUser: 10,
    cpuSystem: 2.34,
    memLimit: 2 ** 63 - 4096,
    memSoftLimit: 1500,
  },
  v2: {
    ...COMMON_CELLS,
    ...PRESSURE_CELLS,
    cpuUsage: 12.345678,
    cpuUser: 10,
    cpuSystem: 2.345678,
    memLimit: 4_000_000,
  },
} as const;

export const NUMA_OF = { v1: { 0: 100, 1: 200 }, v2: { 0: 2, 1: 3 } } as const;

/** Where a control file is, below the root of the machine: `cpu,cpuacct/cpu.stat` or `unified/cpu.pressure`. */
export function controlPath(cgroup: string, file: string): string {
  const slash = file.indexOf("/");
  return slash < 0
    ? `sys/fs/cgroup${cgroup}/${file}`
    : `sys/fs/cgroup/${file.slice(0, slash)}${cgroup}${file.slice(slash)}`;
}

function below(cgroup: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([file, content]) => [controlPath(cgroup, file), content]),
  );
}

export function v1Cgroup(cgroup: string): Record<string, string> {
  return below(cgroup, V1_FILES);
}

export function v2Cgroup(cgroup: string): Record<string, string> {
  return below(cgroup, V2_FILES);
}

/** The v2 side of a hybrid host: PSI and CPU time only. */
export function unifiedCgroup(cgroup: string): Record<string, string> {
  const files = { ...PRESSURE, "cpu.stat": "usage_usec 7000000\nuser_usec 4000000\nsystem_usec 3000000\n" };
  return below(
    cgroup,
    Object.fromEntries(Object.entries(files).map(([file, content]) => [`unified/${file}`, content])),
  );
}

export function mountsOf(version: Version): Record<string, string> {
  return { "proc/self/mounts": MOUNTS[version] };
}

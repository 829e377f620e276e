import type { MetricName } from "../../model/catalogue.ts";
import type { CgroupLayout } from "./layout.ts";

/**
 * What is read from one cgroup: a place for one number. A metric with labels has a cell for each of its
 * label values; memory by NUMA node is apart, since the nodes are known only at run time.
 */
export interface Cell {
  readonly metric: MetricName;
  readonly levels: readonly string[];
}

function cell(metric: MetricName, ...levels: string[]): Cell {
  return { metric, levels };
}

export const CELLS = {
  cpuUsage: cell("task_cpu_usage_seconds"),
  cpuUser: cell("task_cpu_user_seconds_total"),
  cpuSystem: cell("task_cpu_system_seconds_total"),
  periods: cell("task_cpu_periods_total"),
  throttledPeriods: cell("task_cpu_throttled_periods_total"),
  throttledTime: cell("task_cpu_throttled_seconds_total"),
  memUsage: cell("task_mem_usage_bytes"),
  memMaxUsage: cell("task_mem_max_usage_bytes"),
  memLimit: cell("task_mem_limit_bytes"),
  memSoftLimit: cell("task_mem_soft_limit_bytes"),
  memWorkingSet: cell("task_mem_working_set_bytes"),
  memAnon: cell("task_mem_anon_bytes"),
  memAnonThp: cell("task_mem_anon_thp_bytes"),
  memFile: cell("task_mem_file_bytes"),
  memKernel: cell("task_mem_kernel_bytes"),
  memSwap: cell("task_mem_swap_bytes"),
  pageFaults: cell("task_mem_page_faults"),
  refaultAnon: cell("task_mem_workingset_refaults_total", "anon"),
  refaultFile: cell("task_mem_workingset_refaults_total", "file"),
  oomKills: cell("task_mem_oom_kills_total"),
  pids: cell("task_pids"),
  cpuSome: cell("task_pressure_seconds_total", "cpu", "some"),
  cpuFull: cell("task_pressure_seconds_total", "cpu", "full"),
  memorySome: cell("task_pressure_seconds_total", "memory", "some"),
  memoryFull: cell("task_pressure_seconds_total", "memory", "full"),
  ioSome: cell("task_pressure_seconds_total", "io", "some"),
  ioFull: cell("task_pressure_seconds_total", "io", "full"),
} as const satisfies Record<string, Cell>;

export type CellName = keyof typeof CELLS;
export const CELL_NAMES = Object.keys(CELLS) as readonly CellName[];

/** Divisor that is only known on the host: USER_HZ. */
export const TICKS = "ticks";
type Divisor = number | typeof TICKS;

const NANOSECONDS = 1_000_000_000;
const MICROSECONDS = 1_000_000;

/** How a file's content becomes cells. */
export type Format =
  | { readonly kind: "number"; readonly cell: CellName; readonly divisor?: Divisor }
  | { readonly kind: "keyed"; readonly keys: readonly KeyRow[] }
  | { readonly kind: "pressure"; readonly some: CellName; readonly full: CellName }
  | { readonly kind: "numa-pages" | "numa-bytes" };

export interface KeyRow {
  readonly key: string;
  readonly cell: CellName | "inactiveFile";
  readonly divisor?: Divisor;
}

/** One control file, and which hierarchy it lives in: a v1 controller, or the v2 tree. */
export interface ControlFile {
  readonly hierarchy: string;
  readonly file: string;
  readonly format: Format;
  /** Read only where this other file is missing. */
  readonly insteadOf?: string;
}

const V2 = "v2";

const PRESSURE: readonly ControlFile[] = [
  { hierarchy: V2, file: "cpu.pressure", format: { kind: "pressure", some: "cpuSome", full: "cpuFull" } },
  {
    hierarchy: V2,
    file: "memory.pressure",
    format: { kind: "pressure", some: "memorySome", full: "memoryFull" },
  },
  { hierarchy: V2, file: "io.pressure", format: { kind: "pressure", some: "ioSome", full: "ioFull" } },
];

const V2_CPU_TIME: readonly KeyRow[] = [
  { key: "usage_usec", cell: "cpuUsage", divisor: MICROSECONDS },
  { key: "user_usec", cell: "cpuUser", divisor: MICROSECONDS },
  { key: "system_usec", cell: "cpuSystem", divisor: MICROSECONDS },
];

/** docs.kernel.org/admin-guide/cgroup-v1/{cpuacct,memory,pids}.html, docs.kernel.org/scheduler/sched-bwc.html */
const V1_FILES: readonly ControlFile[] = [
  {
    hierarchy: "cpuacct",
    file: "cpuacct.usage",
    format: { kind: "number", cell: "cpuUsage", divisor: NANOSECONDS },
  },
  {
    hierarchy: "cpuacct",
    file: "cpuacct.stat",
    format: {
      kind: "keyed",
      keys: [
        { key: "user", cell: "cpuUser", divisor: TICKS },
        { key: "system", cell: "cpuSystem", divisor: TICKS },
      ],
    },
  },
  {
    hierarchy: "cpu",
    file: "cpu.stat",
    format: {
      kind: "keyed",
      keys: [
        { key: "nr_periods", cell: "periods" },
        { key: "nr_throttled", cell: "throttledPeriods" },
        { key: "throttled_time", cell: "throttledTime", divisor: NANOSECONDS },
      ],
    },
  },
  { hierarchy: "memory", file: "memory.usage_in_bytes", format: { kind: "number", cell: "memUsage" } },
  { hierarchy: "memory", file: "memory.max_usage_in_bytes", format: { kind: "number", cell: "memMaxUsage" } },
  { hierarchy: "memory", file: "memory.limit_in_bytes", format: { kind: "number", cell: "memLimit" } },
  {
    hierarchy: "memory",
    file: "memory.soft_limit_in_bytes",
    format: { kind: "number", cell: "memSoftLimit" },
  },
  { hierarchy: "memory", file: "memory.kmem.usage_in_bytes", format: { kind: "number", cell: "memKernel" } },
  {
    hierarchy: "memory",
    file: "memory.stat",
    format: {
      kind: "keyed",
      keys: [
        { key: "pgfault", cell: "pageFaults" },
        { key: "total_cache", cell: "memFile" },
        { key: "total_rss", cell: "memAnon" },
        { key: "total_rss_huge", cell: "memAnonThp" },
        { key: "total_workingset_refault_anon", cell: "refaultAnon" },
        { key: "total_workingset_refault_file", cell: "refaultFile" },
        { key: "total_swap", cell: "memSwap" },
        { key: "total_inactive_file", cell: "inactiveFile" },
      ],
    },
  },
  { hierarchy: "memory", file: "memory.numa_stat", format: { kind: "numa-pages" } },
  {
    hierarchy: "memory",
    file: "memory.oom_control",
    format: { kind: "keyed", keys: [{ key: "oom_kill", cell: "oomKills" }] },
  },
  { hierarchy: "pids", file: "pids.current", format: { kind: "number", cell: "pids" } },
];

/** docs.kernel.org/admin-guide/cgroup-v2.html */
const V2_FILES: readonly ControlFile[] = [
  {
    hierarchy: V2,
    file: "cpu.stat",
    format: {
      kind: "keyed",
      keys: [
        ...V2_CPU_TIME,
        { key: "nr_periods", cell: "periods" },
        { key: "nr_throttled", cell: "throttledPeriods" },
        { key: "throttled_usec", cell: "throttledTime", divisor: MICROSECONDS },
      ],
    },
  },
  { hierarchy: V2, file: "memory.current", format: { kind: "number", cell: "memUsage" } },
  { hierarchy: V2, file: "memory.peak", format: { kind: "number", cell: "memMaxUsage" } },
  { hierarchy: V2, file: "memory.max", format: { kind: "number", cell: "memLimit" } },
  { hierarchy: V2, file: "memory.swap.current", format: { kind: "number", cell: "memSwap" } },
  {
    hierarchy: V2,
    file: "memory.stat",
    format: {
      kind: "keyed",
      keys: [
        { key: "anon", cell: "memAnon" },
        { key: "anon_thp", cell: "memAnonThp" },
        { key: "file", cell: "memFile" },
        { key: "kernel", cell: "memKernel" },
        { key: "inactive_file", cell: "inactiveFile" },
        { key: "workingset_refault_anon", cell: "refaultAnon" },
        { key: "workingset_refault_file", cell: "refaultFile" },
        { key: "pgfault", cell: "pageFaults" },
      ],
    },
  },
  { hierarchy: V2, file: "memory.numa_stat", format: { kind: "numa-bytes" } },
  {
    hierarchy: V2,
    file: "memory.events",
    format: { kind: "keyed", keys: [{ key: "oom_kill", cell: "oomKills" }] },
  },
  { hierarchy: V2, file: "pids.current", format: { kind: "number", cell: "pids" } },
  ...PRESSURE,
];

/** A systemd unit of a hybrid host may have no v1 cpuacct directory of its own, but v2's cpu.stat always has the time. */
const HYBRID_CPU_TIME: ControlFile = {
  hierarchy: V2,
  file: "cpu.stat",
  format: { kind: "keyed", keys: V2_CPU_TIME },
  insteadOf: "cpuacct.usage",
};

/** The control files to read on a host of this layout. */
export function controlFiles(layout: CgroupLayout): readonly ControlFile[] {
  if (layout.version === "v2") return V2_FILES;
  return layout.version === "v1" ? V1_FILES : [...V1_FILES, ...PRESSURE, HYBRID_CPU_TIME];
}

/** Mount point of a control file's hierarchy; nothing where that controller is not mounted. */
export function mountOf(file: ControlFile, layout: CgroupLayout): string | undefined {
  return file.hierarchy === V2 ? layout.v2 : layout.v1.get(file.hierarchy);
}

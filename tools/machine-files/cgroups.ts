import type { Files } from "./cpus.ts";

/** A cgroup: a leaf has numbers of its own, an inner one is the sum of its children. */
export interface Group {
  readonly name: string;
  readonly children?: readonly Group[];
  readonly usage?: Partial<Usage>;
  /** CPU time in a period of 100 ms; absent: no limit. */
  readonly quotaUs?: number;
  /** Bytes; absent: no limit. */
  readonly limit?: number;
}

/** Microseconds, pages and counts. */
export interface Usage {
  readonly userUs: number;
  readonly systemUs: number;
  readonly periods: number;
  readonly throttled: number;
  readonly anon: number;
  readonly file: number;
  readonly kernel: number;
  readonly pids: number;
  readonly pgfault: number;
  readonly refaultAnon: number;
  readonly refaultFile: number;
  readonly oomKills: number;
  readonly stallUs: number;
}

export const PAGE = 4096;
const NOTHING: Usage = {
  ...{ userUs: 0, systemUs: 0, periods: 0, throttled: 0, anon: 0, file: 0, kernel: 0, pids: 0 },
  ...{ pgfault: 0, refaultAnon: 0, refaultFile: 0, oomKills: 0, stallUs: 0 },
};

/** One cgroup with its sum, as the writers of v1 and v2 files get it. */
export interface Measured {
  /** Path below the mount, with a leading slash. */
  readonly path: string;
  readonly group: Group;
  readonly usage: Usage;
  /** Processes that are in this very cgroup. */
  readonly pids: readonly number[];
}

/** All cgroups below and with `group`, children first; processes are numbered on from 1001. */
export function measureGroups(groups: readonly Group[]): readonly Measured[] {
  let lastPid = 1000;
  function visit(group: Group, parent: string): readonly Measured[] {
    const path = `${parent}/${group.name}`;
    const below = (group.children ?? []).flatMap((child) => visit(child, path));
    const direct = below.filter((child) => child.path.lastIndexOf("/") === path.length);
    const own: Usage = { ...NOTHING, ...group.usage };
    const pids = Array.from({ length: own.pids }, () => ++lastPid);
    return [...below, { path, group, usage: [own, ...direct.map((child) => child.usage)].reduce(add), pids }];
  }
  return groups.flatMap((group) => visit(group, ""));
}

function add(a: Usage, b: Usage): Usage {
  return Object.fromEntries(
    Object.entries(a).map(([key, value]) => [key, value + b[key as keyof Usage]]),
  ) as unknown as Usage;
}

/** Pages by node: three quarters on the first, the rest spread evenly over the others. */
export function spread(pages: number, nodes: readonly number[]): readonly number[] {
  if (nodes.length === 1) return [pages];
  const elsewhere = Math.floor(pages / 4 / (nodes.length - 1));
  return nodes.map((_, index) => (index === 0 ? pages - elsewhere * (nodes.length - 1) : elsewhere));
}

/** The sizes of the LRU lists, in pages. */
export function lists({ anon, file }: Usage): Readonly<Record<string, number>> {
  const [inactiveAnon, inactiveFile] = [Math.floor(anon / 4), Math.floor((file * 2) / 3)];
  return {
    inactive_anon: inactiveAnon,
    active_anon: anon - inactiveAnon,
    inactive_file: inactiveFile,
    active_file: file - inactiveFile,
    unevictable: 0,
  };
}

export function keyed(values: Readonly<Record<string, number | string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${value}\n`)
    .join("");
}

export function pressure(someUs: number): string {
  const averages = "avg10=0.12 avg60=0.08 avg300=0.02";
  return `some ${averages} total=${someUs}\nfull ${averages} total=${Math.floor(someUs / 2)}\n`;
}

/** `/proc/PID/cgroup` of every process: its path in each hierarchy. */
export function processFiles(groups: readonly Measured[], hierarchies: readonly string[]): Files {
  return Object.fromEntries(
    groups.flatMap(({ path, pids }) =>
      pids.map((pid) => [
        `proc/${pid}/cgroup`,
        hierarchies.map((hierarchy) => `${hierarchy}:${path}\n`).join(""),
      ]),
    ),
  );
}

import { formatCpuList } from "../../src/kernel/cpu-list.ts";
import type { Cpu, Files } from "./cpus.ts";

/** Memory of a NUMA node in pages of 4 kB; what is not named is the kernel's own. */
export interface NodeMemory {
  readonly node: number;
  readonly total: number;
  readonly free: number;
  readonly anon: number;
  /** Page cache, buffers among it. */
  readonly file: number;
  readonly slabReclaimable: number;
  readonly slabUnreclaimable: number;
  /** Zones and the pages of each that are managed; free pages are spread over them. */
  readonly zones: readonly (readonly [name: string, managed: number])[];
  /** One column for each node of the machine. */
  readonly distances: readonly number[];
}

export interface MemoryOptions {
  /** Kernels before 4.8 counted by zone only: no per-node stats. Default: true. */
  readonly perNodeStats?: boolean;
  /** Automatic NUMA balancing is built in, so its counters are there. Default: true. */
  readonly balancing?: boolean;
}

type Counts = Readonly<Record<string, number>>;

/** `/proc/{meminfo,vmstat,zoneinfo}` and the nodes of sysfs, all from the same numbers. */
export function memoryFiles(
  nodes: readonly NodeMemory[],
  cpus: readonly Cpu[],
  { perNodeStats = true, balancing = true }: MemoryOptions = {},
): Files {
  const lists = nodes.map(({ node }) => cpus.filter((cpu) => cpu.node === node).map(({ cpu }) => cpu));
  return {
    "proc/meminfo": meminfo(nodes),
    "proc/vmstat": keyed({ ...sum(nodes.map(nodeVmstat)), ...EVENTS, ...(balancing ? BALANCING : {}) }),
    "proc/zoneinfo": nodes.map((node) => zoneinfo(node, perNodeStats)).join(""),
    "sys/devices/system/node/online": `${formatCpuList(nodes.map(({ node }) => node))}\n`,
    ...Object.fromEntries(
      nodes.flatMap((node, index) => [
        [`${directory(node)}/cpulist`, `${formatCpuList(lists[index] ?? [])}\n`],
        [`${directory(node)}/distance`, `${node.distances.join(" ")}\n`],
        [`${directory(node)}/meminfo`, nodeMeminfo(node)],
        [`${directory(node)}/vmstat`, keyed(nodeVmstat(node))],
      ]),
    ),
  };
}

function directory({ node }: NodeMemory): string {
  return `sys/devices/system/node/node${node}`;
}

/** Of the page cache an eighth is buffers. */
function meminfo(nodes: readonly NodeMemory[]): string {
  const all = sum(
    nodes.map(({ total, free, file, slabReclaimable }) => ({ total, free, file, slabReclaimable })),
  );
  const { total = 0, free = 0, file = 0, slabReclaimable = 0 } = all;
  const buffers = Math.floor(file / 8);
  return [
    ["MemTotal", total],
    ["MemFree", free],
    ["MemAvailable", free + Math.floor(file / 2)],
    ["Buffers", buffers],
    ["Cached", file - buffers],
    ["SwapCached", 3],
    ["SwapTotal", 0],
    ["SwapFree", 0],
    ["SReclaimable", slabReclaimable],
  ]
    .map(([key, pages]) => `${`${key}:`.padEnd(15)} ${kilobytes(Number(pages))} kB\n`)
    .join("");
}

function nodeMeminfo({ node, total, free, anon, file }: NodeMemory): string {
  const rows = { MemTotal: total, MemFree: free, MemUsed: total - free, AnonPages: anon, FilePages: file };
  return Object.entries(rows)
    .map(([key, pages]) => `Node ${node} ${`${key}:`.padEnd(15)} ${kilobytes(pages)} kB\n`)
    .join("");
}

function kilobytes(pages: number): string {
  return `${pages * 4}`.padStart(8);
}

/** Counters since boot that no node has. */
const EVENTS: Counts = {
  nr_dirty_threshold: 12_345_678,
  pgpgin: 55_120_344,
  pgpgout: 91_223_101,
  pgfault: 2_911_936_007,
  pgmajfault: 88_211,
  pgmigrate_success: 14_266,
  pgmigrate_fail: 5_633,
};

const BALANCING: Counts = {
  numa_pte_updates: 1_204_551,
  numa_hint_faults: 152_835,
  numa_hint_faults_local: 97_909,
  numa_pages_migrated: 14_260,
};

function nodeVmstat(memory: NodeMemory): Counts {
  const { node, free } = memory;
  return {
    nr_free_pages: free,
    numa_hit: 7_000_000 + 1_001 * node,
    numa_miss: 13 * node,
    numa_foreign: 11 * node,
    numa_local: 6_900_000 + 1_001 * node,
    numa_other: 100_000,
    ...perNode(memory),
  };
}

function perNode({ anon, file, slabReclaimable, slabUnreclaimable, node }: NodeMemory): Counts {
  const [inactiveAnon, inactiveFile] = [Math.floor(anon / 4), Math.floor((file * 2) / 3)];
  return {
    nr_inactive_anon: inactiveAnon,
    nr_active_anon: anon - inactiveAnon,
    nr_inactive_file: inactiveFile,
    nr_active_file: file - inactiveFile,
    nr_slab_reclaimable: slabReclaimable,
    nr_slab_unreclaimable: slabUnreclaimable,
    workingset_refault_file: 4_000 + 77 * node,
    nr_anon_pages: anon,
    nr_mapped: Math.floor(file / 10),
    nr_file_pages: file,
    nr_dirty: 40 + node,
  };
}

/** Real kernels print a page set for each CPU; one stands for all here. */
function zoneinfo(memory: NodeMemory, perNodeStats: boolean): string {
  const shares = memory.zones.map(([, managed]) => Math.floor((managed * memory.free) / memory.total));
  const rest = memory.free - shares.reduce((sum, share) => sum + share, 0);
  return memory.zones
    .map(([zone, managed], index) => {
      const last = index === memory.zones.length - 1;
      const free = (shares[index] ?? 0) + (last ? rest : 0);
      const stats =
        index === 0 && perNodeStats ? `  per-node stats\n${indented(perNode(memory), 6, 13)}` : "";
      return `Node ${memory.node}, zone ${zone.padStart(8)}\n${stats}${zoneLines(zone, managed, free)}`;
    })
    .join("");
}

function zoneLines(zone: string, managed: number, free: number): string {
  const min = Math.floor(managed / 1000);
  const pages = { boost: 0, min, low: min + Math.floor(min / 4), high: min + Math.floor(min / 2), managed };
  return [
    `  pages free     ${free}\n`,
    indented(pages, 8, 9),
    "        protection: (0, 0, 0, 0, 0)\n",
    indented({ nr_free_pages: free, nr_mlock: 0, numa_hit: zone === "DMA" ? 0 : 7_000_000 }, 6, 13),
    "  pagesets\n    cpu: 0\n              count:    243\n              high:     378\n",
    "              batch:    63\n  vm stats threshold: 125\n",
    "  node_unreclaimable:  0\n  start_pfn:           1\n",
  ].join("");
}

function indented(counts: Counts, blanks: number, width: number): string {
  return Object.entries(counts)
    .map(([key, value]) => `${" ".repeat(blanks)}${key.padEnd(width - 1)} ${value}\n`)
    .join("");
}

function keyed(counts: Counts): string {
  return Object.entries(counts)
    .map(([key, value]) => `${key} ${value}\n`)
    .join("");
}

function sum(rows: readonly Counts[]): Counts {
  const total: Record<string, number> = {};
  for (const row of rows) {
    for (const [key, value] of Object.entries(row)) total[key] = (total[key] ?? 0) + value;
  }
  return total;
}

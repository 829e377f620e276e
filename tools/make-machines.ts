/*
 * bun tools/make-machines.ts
 *
 * Writes the machines of test/machines that nobody could record: made from kernel documentation, all
 * files of a machine from the same numbers. What a machine is special for stands at its function.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { cgroup1Files } from "./machine-files/cgroup-v1.ts";
import { cgroup2Files } from "./machine-files/cgroup-v2.ts";
import { type Group, measureGroups, pressure } from "./machine-files/cgroups.ts";
import { type Cpu, type CpuModel, cpuFiles, type Files } from "./machine-files/cpus.ts";
import { memoryFiles, type NodeMemory } from "./machine-files/memory.ts";

/** Machine → its files. */
export const MACHINES: Readonly<Record<string, () => Files>> = {
  "xeon-2s-cgroup2": () => ({ ...xeon(), ...hostPressure(), ...cgroup2Files(measureGroups(PODS), [0, 1]) }),
  "xeon-2s-cgroup1": () => ({ ...xeon(), ...hostPressure(), ...cgroup1Files(measureGroups(DOCKER), [0, 1]) }),
  "epyc-many-numa": epyc,
  "v1-old-kernel": oldKernel,
};

const XEON_6140: CpuModel = {
  vendor: "GenuineIntel",
  family: 6,
  model: 85,
  name: "Intel(R) Xeon(R) Gold 6140 CPU @ 2.30GHz",
  stepping: 4,
};

/** 2 sockets of 18 cores of 2 threads. The cores are not numbered through (0-4, 8-11, 16-20, 24-27), as on real ones. */
function xeon(): Files {
  const coreIds = [0, 1, 2, 3, 4, 8, 9, 10, 11, 16, 17, 18, 19, 20, 24, 25, 26, 27];
  const cpus: Cpu[] = Array.from({ length: 72 }, (_, cpu) => {
    const socket = Math.floor(cpu / 18) % 2;
    return { cpu, socket, core: coreIds[cpu % 18] ?? 0, node: socket };
  });
  const memory = [
    nodeMemory(0, { free: 18_000_000, distances: [10, 21], zones: XEON_LOW_ZONES }),
    nodeMemory(1, { free: 21_500_000, distances: [21, 10] }),
  ];
  return { ...cpuFiles(XEON_6140, cpus, 72), ...memoryFiles(memory, cpus) };
}

const XEON_LOW_ZONES = [
  ["DMA", 3_975],
  ["DMA32", 412_000],
] as const;

interface NodeOptions {
  readonly free: number;
  readonly distances: readonly number[];
  /** Zones below the last one. */
  readonly zones?: readonly (readonly [string, number])[];
  /** The zone of most of the memory. */
  readonly zone?: string;
  readonly total?: number;
}

/** A node of 96 GiB, half of what is not free in the page cache. */
function nodeMemory(node: number, options: NodeOptions): NodeMemory {
  const { free, distances, zones = [], zone = "Normal", total = 24_700_000 } = options;
  const used = total - free;
  const low = zones.reduce((sum, [, managed]) => sum + managed, 0);
  return {
    ...{ node, total, free, distances },
    anon: Math.floor(used / 4),
    file: Math.floor(used / 2),
    slabReclaimable: Math.floor(used / 20),
    slabUnreclaimable: Math.floor(used / 40),
    zones: [...zones, [zone, total - low]],
  };
}

/** Pods as kubelet with the systemd driver and containerd lay them out. */
const PODS: readonly Group[] = [
  {
    name: "kubepods.slice",
    children: [
      {
        name: "kubepods-pod0f9e8d7c_1a2b_4c3d_8e4f_5a6b7c8d9e0f.slice",
        quotaUs: 400_000,
        limit: 8_589_934_592,
        children: [
          container("5f0c", { userUs: 20_000, systemUs: 11_000, anon: 40, file: 2, kernel: 30, pids: 1 }),
          container(
            "a1b2",
            {
              ...{ userUs: 91_234_567_000, systemUs: 8_765_433_000, periods: 250_000, throttled: 1_250 },
              ...{ anon: 1_500_000, file: 220_000, kernel: 9_000, pids: 4, pgfault: 45_000_123 },
              ...{ refaultAnon: 0, refaultFile: 7_654, stallUs: 51_234_567 },
            },
            8_589_934_592,
          ),
        ],
      },
      {
        name: "kubepods-burstable.slice",
        children: [
          {
            name: "kubepods-burstable-pod6a1c0f2e_3b4d_4e5f_8a9b_0c1d2e3f4a5b.slice",
            children: [
              container("77e1", { userUs: 15_000, systemUs: 9_000, anon: 38, file: 1, kernel: 28, pids: 1 }),
              container("c3d4", {
                ...{
                  userUs: 7_200_000_000,
                  systemUs: 1_800_000_000,
                  anon: 300_000,
                  file: 50_000,
                  kernel: 4_000,
                },
                ...{ pids: 2, pgfault: 9_000_777, refaultAnon: 12, refaultFile: 4_321, oomKills: 1 },
                stallUs: 8_000_001,
              }),
            ],
          },
        ],
      },
    ],
  },
  {
    name: "system.slice",
    children: [
      {
        name: "nginx.service",
        usage: {
          ...{ userUs: 360_000_000, systemUs: 240_000_000, anon: 20_000, file: 61_000, kernel: 1_500 },
          ...{ pids: 3, pgfault: 1_234_567, stallUs: 999_999 },
        },
      },
    ],
  },
];

/** Containerd's scope; the identifier is 64 hexadecimal digits. */
function container(start: string, usage: Group["usage"] & object, limit?: number): Group {
  const name = `cri-containerd-${start.repeat(16)}.scope`;
  return { name, usage, ...(limit === undefined ? {} : { limit }) };
}

/** Containers as Docker with the cgroupfs driver lays them out. */
const DOCKER: readonly Group[] = [
  {
    name: "docker",
    children: [
      {
        name: "d0c1".repeat(16),
        quotaUs: 200_000,
        limit: 4_294_967_296,
        usage: {
          ...{ userUs: 5_000_000_000, systemUs: 1_000_000_000, periods: 70_000, throttled: 700 },
          ...{ anon: 800_000, file: 100_000, kernel: 5_000, pids: 3, pgfault: 2_730_362_811 },
          ...{ refaultAnon: 5, refaultFile: 600, oomKills: 2 },
        },
      },
      {
        name: "beef".repeat(16),
        usage: {
          userUs: 40_000_000,
          systemUs: 20_000_000,
          anon: 2_000,
          file: 9_000,
          kernel: 300,
          pids: 1,
          pgfault: 51_234,
        },
      },
    ],
  },
];

const EPYC_9354: CpuModel = {
  vendor: "AuthenticAMD",
  family: 25,
  model: 17,
  name: "AMD EPYC 9354 32-Core Processor",
  stepping: 1,
};

/**
 * 2 sockets of 8 complexes of 4 cores of 2 threads, each complex a NUMA node (L3 as NUMA). Complexes 7 and
 * 15 are offline with their memory, so nodes 7 and 15 do not exist; 16 and 18 are CXL memory without CPUs.
 */
function epyc(): Files {
  const cpus = Array.from({ length: 128 }, (_, cpu): Cpu => {
    const core = cpu % 64;
    return { cpu, socket: Math.floor(core / 32), core: core % 32, node: Math.floor(core / 4) };
  }).filter(({ node }) => node % 8 !== 7);
  const nodes = [...Array(16).keys()].filter((node) => node % 8 !== 7).concat(16, 18);
  const memory = nodes.map((node) => {
    const cxl = node > 15;
    return nodeMemory(node, {
      distances: nodes.map((other) => epycDistance(node, other)),
      free: cxl ? 60_000_000 : 4_000_000 + 10_000 * node,
      total: cxl ? 64_000_000 : 8_000_000,
      zone: cxl ? "Movable" : "Normal",
      zones: node === 0 ? XEON_LOW_ZONES : [],
    });
  });
  const usage = {
    ...{ userUs: 123_456_789, systemUs: 76_543_211, anon: 640_000, file: 160_000, kernel: 2_000 },
    ...{ pids: 2, pgfault: 7_777_777, stallUs: 123_456 },
  };
  const groups = measureGroups([{ name: "system.slice", children: [{ name: "database.service", usage }] }]);
  return {
    ...cpuFiles(EPYC_9354, cpus, 128),
    ...memoryFiles(memory, cpus),
    ...hostPressure(),
    ...cgroup2Files(groups, nodes),
  };
}

function epycDistance(from: number, to: number): number {
  if (from === to) return 10;
  const [fromSocket, toSocket] = [from, to].map((node) =>
    node > 15 ? (node - 16) / 2 : Math.floor(node / 8),
  );
  const near = fromSocket === toSocket;
  if (from > 15 || to > 15) return near ? 50 : 60;
  return near ? 11 : 32;
}

const XEON_E5335: CpuModel = {
  vendor: "GenuineIntel",
  family: 6,
  model: 15,
  name: "Intel(R) Xeon(R) CPU           E5335  @ 2.00GHz",
  stepping: 7,
};

/**
 * A kernel of the 3.10 family: no PSI, no NUMA balancing, zones without per-node stats; cgroups without
 * kernel memory, refaults, counts of OOM kills and hierarchical NUMA lines.
 */
function oldKernel(): Files {
  const cpus = Array.from({ length: 4 }, (_, cpu): Cpu => ({ cpu, socket: 0, core: cpu, node: 0 }));
  const zones = [...XEON_LOW_ZONES, ["Normal", 1_600_000]] as const;
  const memory = nodeMemory(0, {
    free: 900_000,
    total: 2_015_975,
    distances: [10],
    zones: zones.slice(0, 2),
  });
  const usage = {
    userUs: 12_340_000,
    systemUs: 5_660_000,
    anon: 9_000,
    file: 30_000,
    pids: 2,
    pgfault: 404_040,
  };
  const groups = measureGroups([{ name: "system.slice", children: [{ name: "httpd.service", usage }] }]);
  return {
    ...cpuFiles(XEON_E5335, cpus, 4),
    ...memoryFiles([memory], cpus, { perNodeStats: false, balancing: false }),
    ...cgroup1Files(groups, [0], { recent: false }),
  };
}

/** PSI of a host; `full` of cpu is always 0 there. */
function hostPressure(): Files {
  return {
    "proc/pressure/cpu": pressure(987_654_321).replace(
      /^full.*$/m,
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=0",
    ),
    "proc/pressure/memory": pressure(1_000_001),
    "proc/pressure/io": pressure(44_444_444),
    "proc/pressure/irq": "full avg10=0.00 avg60=0.01 avg300=0.00 total=5555555\n",
  };
}

if (import.meta.main) {
  for (const [name, files] of Object.entries(MACHINES)) {
    const root = path.join(import.meta.dirname, "../test/machines", name);
    fs.rmSync(root, { recursive: true, force: true });
    for (const [file, text] of Object.entries(files())) {
      const target = path.join(root, file);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, text);
    }
  }
}

import { expect, test } from "bun:test";
import { KernelHost } from "../../src/kernel/host.ts";
import { readPlatform } from "../../src/kernel/platform.ts";
import { machineHost } from "../machines/machine.ts";
import { tempTree } from "../support/tree.ts";

test.each([
  ["vm-hybrid", { cpus: 2, cores: 2, sockets: 1, online: 2, nodes: [0] }],
  ["xeon-2s-cgroup2", { cpus: 72, cores: 36, sockets: 2, online: 72, nodes: [0, 1] }],
  ["xeon-2s-cgroup1", { cpus: 72, cores: 36, sockets: 2, online: 72, nodes: [0, 1] }],
  [
    "epyc-many-numa",
    {
      cpus: 112,
      cores: 56,
      sockets: 2,
      online: 112,
      nodes: [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 18],
    },
  ],
  ["v1-old-kernel", { cpus: 4, cores: 4, sockets: 1, online: 4, nodes: [0] }],
] as const)("readPlatform() counts what %s has", (name, counts) => {
  const { cpus, cores, sockets, onlineCpus, nodeCpus } = readPlatform(machineHost(name));
  expect({ cpus, cores, sockets, online: onlineCpus.length, nodes: [...nodeCpus.keys()] }).toEqual({
    ...counts,
    nodes: [...counts.nodes],
  });
});

test("readPlatform() tells where CPUs sit on a host of two sockets", () => {
  const platform = readPlatform(machineHost("xeon-2s-cgroup2"));
  expect(platform.topology.get(0)?.get(27)).toEqual([17, 53]);
  expect(platform.topology.get(1)?.get(8)).toEqual([23, 59]);
  expect(platform.nodeCpus.get(1)).toEqual([...range(18, 36), ...range(54, 72)]);
  expect(platform.nodeDistances.get(0)).toEqual(
    new Map([
      [0, 10],
      [1, 21],
    ]),
  );
  const { cpuModel, cpuVendor, cpuFamily, cpuModelNumber, cpuStepping } = platform;
  expect({ cpuModel, cpuVendor, cpuFamily, cpuModelNumber, cpuStepping }).toEqual({
    cpuModel: "Intel(R) Xeon(R) Gold 6140 CPU @ 2.30GHz",
    cpuVendor: "GenuineIntel",
    cpuFamily: 6,
    cpuModelNumber: 85,
    cpuStepping: 4,
  });
});

test("readPlatform() tells nodes without CPUs and distances over gaps", () => {
  const { nodeCpus, nodeDistances, onlineCpus } = readPlatform(machineHost("epyc-many-numa"));
  expect([nodeCpus.get(8), nodeCpus.get(16), nodeCpus.get(18)]).toEqual([
    [...range(32, 36), ...range(96, 100)],
    [],
    [],
  ]);
  expect(nodeDistances.get(18)?.get(16)).toBe(60);
  expect(nodeDistances.get(8)?.get(16)).toBe(60);
  expect(nodeDistances.get(8)?.get(18)).toBe(50);
  expect([...nodeCpus.values()].flat().sort((a, b) => a - b)).toEqual([...onlineCpus]);
});

test.each([
  ["1 socket of 4 cores of 2 threads", 1, 4, 2, [8, 4, 1]],
  ["2 sockets of 18 cores of 2 threads", 2, 18, 2, [72, 36, 2]],
  ["2 sockets of 14 cores", 2, 14, 1, [28, 28, 2]],
] as const)("readPlatform() counts %s from cpuinfo alone", (_what, sockets, cores, threads, counts) => {
  const blocks = [...range(0, sockets * cores * threads)].map((cpu) => {
    const [socket, core] = [Math.floor(cpu / cores) % sockets, cpu % cores];
    return `processor\t: ${cpu}\nmodel name\t: X\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
  });
  using tree = tempTree({ "proc/cpuinfo": blocks.join("\n") });
  const platform = readPlatform(tree.host);
  expect([platform.cpus, platform.cores, platform.sockets]).toEqual([...counts]);
  expect(platform.onlineCpus).toEqual([...range(0, counts[0])]);
  expect([platform.nodeCpus.size, platform.nodeDistances.size]).toEqual([0, 0]);
});

test("readPlatform() takes each CPU for a core where a virtual machine tells no ids", () => {
  using tree = tempTree({ "proc/cpuinfo": "processor : 0\n\nprocessor : 1\n" });
  expect(readPlatform(tree.host)).toEqual({
    cpuModel: "",
    sockets: 1,
    cores: 2,
    cpus: 2,
    onlineCpus: [0, 1],
    topology: new Map([
      [
        0,
        new Map([
          [0, [0]],
          [1, [1]],
        ]),
      ],
    ]),
    nodeCpus: new Map(),
    nodeDistances: new Map(),
  });
});

test("readPlatform() refuses a host without CPUs", () => {
  using tree = tempTree({ "proc/cpuinfo": "\n" });
  expect(() => readPlatform(tree.host)).toThrow("Cannot find the CPUs of this host");
});

test("readPlatform() of this host: every online CPU has a place and a node", () => {
  const { onlineCpus, topology, nodeCpus, cpus } = readPlatform(new KernelHost());
  const placed = [...topology.values()].flatMap((cores) => [...cores.values()].flat());
  expect(placed.sort((a, b) => a - b)).toEqual([...onlineCpus]);
  expect(cpus).toBe(onlineCpus.length);
  if (nodeCpus.size > 0) expect([...nodeCpus.values()].flat().sort((a, b) => a - b)).toEqual([...onlineCpus]);
});

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

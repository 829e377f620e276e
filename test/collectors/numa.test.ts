import { expect, test } from "bun:test";
import { NumaCollector } from "../../src/collectors/numa.ts";
import { readPlatform } from "../../src/kernel/platform.ts";
import { MACHINES, machineHost } from "../machines/machine.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";
import { measureOnce } from "./platform-round.ts";

const NODE = "sys/devices/system/node";

test("NumaCollector measures the memory of each node of xeon-2s-cgroup2", () => {
  const host = machineHost("xeon-2s-cgroup2");
  expect(measureOnce(new NumaCollector({}, testContext(host)), readPlatform(host))).toEqual({
    platform_mem_numa_free_bytes: { "0": 73_728_000_000, "1": 88_064_000_000 },
    platform_mem_numa_used_bytes: { "0": 27_443_200_000, "1": 13_107_200_000 },
    platform_numa_distance: { "0": { "0": 10, "1": 21 }, "1": { "0": 21, "1": 10 } },
  });
});

test.each(MACHINES)(
  "NumaCollector: free and used memory of the nodes of %s add up to all they have",
  (name) => {
    const host = machineHost(name);
    const platform = readPlatform(host);
    const measured = measureOnce(new NumaCollector({}, testContext(host)), platform);
    const sum = (metric: string) =>
      Object.values(measured[metric] ?? {}).reduce((total, bytes) => total + bytes, 0);
    const totals = [...platform.nodeCpus.keys()].map((node) =>
      Number(/MemTotal: +(\d+)/.exec(host.read(`/${NODE}/node${node}/meminfo`))?.[1]),
    );
    expect(sum("platform_mem_numa_free_bytes") + sum("platform_mem_numa_used_bytes")).toBe(
      totals.reduce((total, kilobytes) => total + kilobytes * 1024, 0),
    );
  },
);

test("NumaCollector names nodes by number where numbers are missing", () => {
  const host = machineHost("epyc-many-numa");
  const measured = measureOnce(new NumaCollector({}, testContext(host)), readPlatform(host));
  const nodes = ["0", "1", "2", "3", "4", "5", "6", "8", "9", "10", "11", "12", "13", "14", "16", "18"];
  expect(Object.keys(measured["platform_mem_numa_free_bytes"] ?? {})).toEqual(nodes);
  expect(measured["platform_numa_distance"]).toMatchObject({
    "16": { "0": 50, "8": 60, "16": 10, "18": 60 },
  });
});

test("NumaCollector takes the distances of the round's platform", () => {
  using tree = tempTree({});
  const collector = new NumaCollector({}, testContext(tree.host));
  expect(measureOnce(collector)).toEqual({});
  expect(measureOnce(collector, readPlatform(machineHost("vm-hybrid")))).toEqual({
    platform_numa_distance: { "0": { "0": 10 } },
  });
});

test("NumaCollector leaves out a node without meminfo and counts it", () => {
  using tree = tempTree({
    [`${NODE}/node0/meminfo`]: "Node 0 MemFree: 2 kB\nNode 0 MemUsed: 3 kB\n",
    [`${NODE}/node1/`]: "",
  });
  const collector = new NumaCollector({}, testContext(tree.host));
  expect(measureOnce(collector)).toEqual({
    platform_mem_numa_free_bytes: { "0": 2048 },
    platform_mem_numa_used_bytes: { "0": 3072 },
  });
  expect(collector.missingFiles()).toEqual(new Map([["/sys/devices/system/node/node*/meminfo", 1]]));
  collector.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("probe() of NumaCollector names the kernel option that is missing", () => {
  using tree = tempTree({});
  expect(new NumaCollector({}, testContext(tree.host)).probe()).toEqual([
    {
      component: "NumaCollector",
      feature: "memory by NUMA node",
      supported: false,
      detail: "/sys/devices/system/node: ENOENT, needs CONFIG_NUMA and /sys mounted",
    },
  ]);
});

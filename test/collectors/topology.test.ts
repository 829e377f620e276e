import { expect, test } from "bun:test";
import { TopologyCollector } from "../../src/collectors/topology.ts";
import { machineHost } from "../machines/machine.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";
import { measureOnce } from "./platform-round.ts";

const CPU = "sys/devices/system/cpu";

test("TopologyCollector counts the parts of a machine", () => {
  const collector = new TopologyCollector({}, testContext(machineHost("epyc-many-numa")));
  expect(measureOnce(collector, collector.platform())).toEqual({
    platform_topology_sockets: 2,
    platform_topology_cores: 56,
    platform_topology_cpus: 112,
    platform_topology_online_cpus: 112,
    platform_topology_numa_nodes: 16,
  });
});

test("TopologyCollector leaves out NUMA nodes where the kernel has no NUMA", () => {
  using tree = tempTree({ "proc/cpuinfo": "processor : 0\n" });
  const collector = new TopologyCollector({}, testContext(tree.host));
  expect(measureOnce(collector, collector.platform())).toEqual({
    platform_topology_sockets: 1,
    platform_topology_cores: 1,
    platform_topology_cpus: 1,
    platform_topology_online_cpus: 1,
  });
  expect([...collector.missingFiles().keys()]).toEqual([`/${CPU}/online`, "/sys/devices/system/node/online"]);
  expect(collector.probe().map(({ feature, supported }) => [feature, supported])).toEqual([
    ["online CPUs", false],
    ["CPU models", true],
    ["NUMA nodes", false],
  ]);
});

test("platform() is the same object until CPUs come or go", () => {
  using tree = tempTree({
    "proc/cpuinfo": "processor : 0\nmodel name : X\n",
    [`${CPU}/online`]: "0\n",
    [`${CPU}/cpu0/topology/physical_package_id`]: "0\n",
    [`${CPU}/cpu0/topology/core_id`]: "0\n",
  });
  const collector = new TopologyCollector({}, testContext(tree.host));
  const first = collector.platform();
  expect(collector.platform()).toBe(first);
  tree.write(`${CPU}/cpu1/topology/physical_package_id`, "0\n");
  tree.write(`${CPU}/cpu1/topology/core_id`, "1\n");
  tree.write(`${CPU}/online`, "0-1\n");
  const { cpus, cores, onlineCpus } = collector.platform();
  expect([first.cpus, cpus, cores, onlineCpus]).toEqual([1, 2, 2, [0, 1]]);
  expect(collector.platform()).not.toBe(first);
  collector.close();
  collector.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("platform() is read again when a NUMA node comes", () => {
  const node = "sys/devices/system/node";
  using tree = tempTree({
    "proc/cpuinfo": "processor : 0\n",
    [`${node}/online`]: "0\n",
    [`${node}/node0/cpulist`]: "0\n",
    [`${node}/node0/distance`]: "10\n",
  });
  const collector = new TopologyCollector({}, testContext(tree.host));
  expect(collector.platform().nodeCpus).toEqual(new Map([[0, [0]]]));
  tree.write(`${node}/node0/distance`, "10 40\n");
  tree.write(`${node}/node5/cpulist`, "\n");
  tree.write(`${node}/node5/distance`, "40 10\n");
  tree.write(`${node}/online`, "0,5\n");
  expect(collector.platform().nodeDistances.get(0)).toEqual(
    new Map([
      [0, 10],
      [5, 40],
    ]),
  );
  collector.close();
});

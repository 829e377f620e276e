import { expect, test } from "bun:test";
import { cpuPlacesOf, groupCpus, readCpuPlaces, readOnlineCpus } from "../../../src/kernel/sysfs/topology.ts";
import { tempTree } from "../../support/tree.ts";

const CPU = "sys/devices/system/cpu";

test("readCpuPlaces() leaves out offline CPUs and whatever else is there", () => {
  using tree = tempTree({
    [`${CPU}/cpu0/topology/physical_package_id`]: "1\n",
    [`${CPU}/cpu0/topology/core_id`]: "7\n",
    [`${CPU}/cpu1/uevent`]: "",
    [`${CPU}/cpufreq/policy0`]: "",
    [`${CPU}/cpuidle/topology/core_id`]: "1\n",
  });
  expect(readCpuPlaces(tree.host)).toEqual([{ cpu: 0, socket: 1, core: 7 }]);
});

test("readCpuPlaces() takes one socket and a core for each CPU where ids are -1 or missing", () => {
  using tree = tempTree({
    [`${CPU}/cpu0/topology/physical_package_id`]: "-1\n",
    [`${CPU}/cpu0/topology/core_id`]: "-1\n",
    [`${CPU}/cpu1/topology/core_id`]: "5\n",
    [`${CPU}/cpu2/topology/physical_package_id`]: "3\n",
  });
  expect(readCpuPlaces(tree.host)).toEqual([
    { cpu: 0, socket: 0, core: 0 },
    { cpu: 1, socket: 0, core: 5 },
    { cpu: 2, socket: 3, core: 2 },
  ]);
});

test("readCpuPlaces() gives none without sysfs", () => {
  using tree = tempTree({});
  expect(readCpuPlaces(tree.host)).toEqual([]);
});

test("cpuPlacesOf() takes one socket and a core for each CPU where cpuinfo has no ids", () => {
  const processors = [{ cpu: 0 }, { cpu: 1, packageId: 2, coreId: 4 }];
  expect(cpuPlacesOf({ model: "", processors })).toEqual([
    { cpu: 0, socket: 0, core: 0 },
    { cpu: 1, socket: 2, core: 4 },
  ]);
});

test("groupCpus() orders sockets, cores and CPUs by number", () => {
  const grouped = groupCpus([
    { cpu: 10, socket: 1, core: 0 },
    { cpu: 9, socket: 0, core: 2 },
    { cpu: 2, socket: 0, core: 2 },
    { cpu: 3, socket: 0, core: 1 },
  ]);
  expect([...grouped].map(([socket, cores]) => [socket, [...cores]])).toEqual([
    [
      0,
      [
        [1, [3]],
        [2, [2, 9]],
      ],
    ],
    [1, [[0, [10]]]],
  ]);
});

test("readOnlineCpus() reads the list, and nothing without sysfs", () => {
  using tree = tempTree({ [`${CPU}/online`]: "0-3,6,10-12\n" });
  expect(readOnlineCpus(tree.host)).toEqual([0, 1, 2, 3, 6, 10, 11, 12]);
  tree.remove(`${CPU}/online`);
  expect(readOnlineCpus(tree.host)).toBeUndefined();
});

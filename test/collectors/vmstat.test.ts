import { expect, test } from "bun:test";
import { z } from "zod";
import { VMSTAT_OPTIONS, VmstatCollector } from "../../src/collectors/vmstat.ts";
import { MACHINES, machineHost } from "../machines/machine.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";
import { linesOf, measureOnce } from "./platform-round.ts";

const options = z.object(VMSTAT_OPTIONS);
const NODE = "/sys/devices/system/node";

test("VmstatCollector gives the exact key to each metric with a name of its own", () => {
  const host = machineHost("xeon-2s-cgroup2");
  expect(measureOnce(new VmstatCollector({ vmstat: false }, testContext(host)))).toEqual({
    platform_vmstat_numa_pages_migrated: 14_260,
    platform_vmstat_pgmigrate_success: 14_266,
    platform_vmstat_pgmigrate_fail: 5_633,
    platform_vmstat_numa_hint_faults: 152_835,
    platform_vmstat_numa_hint_faults_local: 97_909,
    platform_vmstat_pgfaults: 2_911_936_007,
  });
});

test("VmstatCollector leaves out what an old kernel does not count", () => {
  const host = machineHost("v1-old-kernel");
  expect(measureOnce(new VmstatCollector({ vmstat: false }, testContext(host)))).toEqual({
    platform_vmstat_pgmigrate_success: 14_266,
    platform_vmstat_pgmigrate_fail: 5_633,
    platform_vmstat_pgfaults: 2_911_936_007,
  });
});

test.each(MACHINES)("VmstatCollector measures every key of %s and of its nodes", (name) => {
  const host = machineHost(name);
  const measured = measureOnce(new VmstatCollector(options.parse({}), testContext(host)));
  expect(measured["platform_vmstat"]).toEqual(Object.fromEntries(linesOf(host.read("/proc/vmstat"))));
  const nodes = host.list(NODE).filter((entry) => entry !== "online");
  expect(measured["platform_node_vmstat"]).toEqual(
    Object.fromEntries(
      nodes.map((node) => [node.slice(4), Object.fromEntries(linesOf(host.read(`${NODE}/${node}/vmstat`)))]),
    ),
  );
});

test("VmstatCollector matches a pattern at the start of the key, all its alternatives", () => {
  using tree = tempTree({
    "proc/vmstat": "nr_foo 20\nnr_bar 30\npg_foo 40\nfoo 50\n",
    "sys/devices/system/node/node0/vmstat": "nr_bar 1\nnr_foo 2\n",
    "sys/devices/system/node/node3/vmstat": "nr_bar 3\n",
  });
  const collector = new VmstatCollector({ vmstat: "foo|(?P<start>nr)_f" }, testContext(tree.host));
  const expected = {
    platform_vmstat: { nr_foo: 20, foo: 50 },
    platform_node_vmstat: { "0": { nr_foo: 2 }, "3": {} },
  };
  expect(measureOnce(collector)).toEqual(expected);
  expect(measureOnce(collector)).toEqual(expected);
  collector.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("VmstatCollector tells which files are missing, of nodes only where they are wanted", () => {
  using tree = tempTree({});
  const all = new VmstatCollector({ vmstat: true }, testContext(tree.host));
  expect(measureOnce(all)).toEqual({});
  expect(all.missingFiles()).toEqual(
    new Map([
      ["/proc/vmstat", 1],
      [NODE, 1],
    ]),
  );
  expect(all.probe().map(({ feature, supported }) => [feature, supported])).toEqual([
    ["virtual memory statistics", false],
    ["virtual memory statistics by NUMA node", false],
  ]);
  const few = new VmstatCollector({ vmstat: false }, testContext(tree.host));
  expect(measureOnce(few)).toEqual({});
  expect(few.missingFiles()).toEqual(new Map([["/proc/vmstat", 1]]));
  expect(few.probe()).toHaveLength(1);
});

test("the option vmstat is true when left out and refuses what is no pattern", () => {
  expect(options.parse({})).toEqual({ vmstat: true });
  expect(options.parse({ vmstat: "nr_active.*|nr_free_pages" })).toEqual({
    vmstat: "nr_active.*|nr_free_pages",
  });
  expect(options.safeParse({ vmstat: "(" }).success).toBe(false);
  expect(options.safeParse({ vmstat: 1 }).success).toBe(false);
});

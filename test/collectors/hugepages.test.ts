import { expect, test } from "bun:test";
import { HugepagesCollector } from "../../src/collectors/hugepages.ts";
import { readPlatform } from "../../src/kernel/platform.ts";
import { hostHugepages, nodeHugepages } from "../kernel/sysfs/hugepage-files.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";
import { measureOnce } from "./platform-round.ts";

function node(number: number): Readonly<Record<string, string>> {
  const directory = `sys/devices/system/node/node${number}`;
  return { [`${directory}/cpulist`]: "\n", [`${directory}/distance`]: "10\n" };
}

const HOST = { "proc/cpuinfo": "processor : 0\n", "sys/devices/system/node/online": "0\n" };

test("HugepagesCollector measures pools by node and size, and looks anew when the platform changes", () => {
  using tree = tempTree({
    ...HOST,
    ...node(0),
    ...hostHugepages("2048kB", { reserved: 2 }),
    ...nodeHugepages(0, "2048kB", { total: 9, free: 8, surplus: 1 }),
  });
  const collector = new HugepagesCollector({}, testContext(tree.host));
  expect(measureOnce(collector, readPlatform(tree.host))).toEqual({
    platform_mem_hugepages: { "0": { "2048kB": 9 } },
    platform_mem_hugepages_free: { "0": { "2048kB": 8 } },
    platform_mem_hugepages_surplus: { "0": { "2048kB": 1 } },
    platform_mem_hugepages_reserved: { "2048kB": 2 },
  });
  for (const [file, content] of Object.entries({
    ...hostHugepages("1048576kB", { reserved: 0 }),
    ...nodeHugepages(0, "1048576kB", { total: 0, free: 0, surplus: 0 }),
  })) {
    tree.write(file, content);
  }
  expect(measureOnce(collector, readPlatform(tree.host))).toMatchObject({
    platform_mem_hugepages: { "0": { "1048576kB": 0, "2048kB": 9 } },
    platform_mem_hugepages_reserved: { "1048576kB": 0, "2048kB": 2 },
  });
  expect(collector.missingFiles()).toEqual(new Map());
  collector.close();
  collector.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("HugepagesCollector measures nothing where the kernel has no huge pages, and says so", () => {
  using tree = tempTree(HOST);
  const collector = new HugepagesCollector({}, testContext(tree.host));
  expect(measureOnce(collector, readPlatform(tree.host))).toEqual({});
  expect(collector.missingFiles()).toEqual(new Map([["/sys/kernel/mm/hugepages", 1]]));
  expect(collector.probe()).toEqual([
    {
      component: "HugepagesCollector",
      feature: "huge pages",
      supported: false,
      detail: "/sys/kernel/mm/hugepages: ENOENT, needs CONFIG_HUGETLBFS and /sys mounted",
    },
  ]);
});

test("HugepagesCollector tells the page sizes of the host", () => {
  using tree = tempTree({ ...hostHugepages("2048kB", {}), ...hostHugepages("64kB", { reserved: 0 }) });
  tree.write("sys/kernel/mm/hugepages/hugepages-2048kB/", "");
  expect(new HugepagesCollector({}, testContext(tree.host)).probe()).toMatchObject([
    { supported: true, detail: "/sys/kernel/mm/hugepages: pages of 2048kB and 64kB" },
  ]);
});

import { expect, test } from "bun:test";
import { KernelHost } from "../../../src/kernel/host.ts";
import { HugepagePools, readHugepageSizes } from "../../../src/kernel/sysfs/hugepages.ts";
import { KernelError } from "../../../src/model/errors.ts";
import { tempTree } from "../../support/tree.ts";
import { hostHugepages, nodeHugepages } from "./hugepage-files.ts";

test("readHugepageSizes() gives the sizes as the kernel writes them", () => {
  using tree = tempTree({
    "sys/kernel/mm/hugepages/hugepages-2048kB/": "",
    "sys/kernel/mm/hugepages/hugepages-1048576kB/": "",
    "sys/kernel/mm/hugepages/hugepages-x/": "",
  });
  expect(readHugepageSizes(tree.host)).toEqual(["1048576kB", "2048kB"]);
  tree.remove("sys/kernel/mm/hugepages");
  expect(readHugepageSizes(tree.host)).toBeUndefined();
});

test("HugepagePools reads pools by node and size, reservations by size", () => {
  using tree = tempTree({
    ...hostHugepages("2048kB", { reserved: 7 }),
    ...hostHugepages("1048576kB", { reserved: 0 }),
    ...nodeHugepages(0, "2048kB", { total: 512, free: 100, surplus: 12 }),
    ...nodeHugepages(0, "1048576kB", { total: 0, free: 0, surplus: 0 }),
    ...nodeHugepages(2, "2048kB", { total: 0, free: 0, surplus: 0 }),
    ...nodeHugepages(2, "1048576kB", { total: 4, free: 4, surplus: 0 }),
  });
  const pools = new HugepagePools(tree.host, ["1048576kB", "2048kB"], [0, 2]);
  expect(pools.read()).toEqual({
    pools: [
      { node: "0", pageSize: "1048576kB", total: 0, free: 0, surplus: 0 },
      { node: "0", pageSize: "2048kB", total: 512, free: 100, surplus: 12 },
      { node: "2", pageSize: "1048576kB", total: 4, free: 4, surplus: 0 },
      { node: "2", pageSize: "2048kB", total: 0, free: 0, surplus: 0 },
    ],
    reserved: { "1048576kB": 0, "2048kB": 7 },
  });
  pools.close();
  pools.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("HugepagePools keeps one file of an empty pool open, and the others once it fills", () => {
  using tree = tempTree({
    ...hostHugepages("2048kB", { reserved: 1 }),
    ...nodeHugepages(0, "2048kB", { total: 0, free: 0, surplus: 0 }),
  });
  const pools = new HugepagePools(tree.host, ["2048kB"], [0]);
  expect(pools.read().reserved).toEqual({ "2048kB": 0 });
  expect(tree.host.keptFiles).toBe(1);
  for (const [file, content] of Object.entries(
    nodeHugepages(0, "2048kB", { total: 3, free: 2, surplus: 1 }),
  )) {
    tree.write(file, content);
  }
  expect(pools.read()).toEqual({
    pools: [{ node: "0", pageSize: "2048kB", total: 3, free: 2, surplus: 1 }],
    reserved: { "2048kB": 1 },
  });
  expect(tree.host.keptFiles).toBe(4);
});

test("HugepagePools takes the host's pools for those of node 0 where the kernel has no NUMA", () => {
  using tree = tempTree(hostHugepages("2048kB", { total: 5, free: 4, surplus: 0, reserved: 3 }));
  expect(new HugepagePools(tree.host, ["2048kB"], []).read()).toEqual({
    pools: [{ node: "0", pageSize: "2048kB", total: 5, free: 4, surplus: 0 }],
    reserved: { "2048kB": 3 },
  });
});

test("HugepagePools leaves out what is not there, and refuses what is no number", () => {
  using tree = tempTree(nodeHugepages(0, "2048kB", { total: 5, free: 4 }));
  const read = () => new HugepagePools(tree.host, ["2048kB"], [0, 1]).read();
  expect(read()).toEqual({ pools: [], reserved: {} });
  tree.write("sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "many\n");
  expect(read).toThrow(KernelError);
});

test("HugepagePools of this host: no pool has more free pages than pages", () => {
  const host = new KernelHost();
  const { pools } = new HugepagePools(host, readHugepageSizes(host) ?? [], [0]).read();
  expect(pools.filter(({ total, free }) => free > total)).toEqual([]);
});

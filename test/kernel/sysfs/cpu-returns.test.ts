import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { KernelHost } from "../../../src/kernel/host.ts";
import { CpuReturns } from "../../../src/kernel/sysfs/cpu-returns.ts";
import { type Tree, tempTree } from "../../support/tree.ts";

const CPUS = "sys/devices/system/cpu";

function machine() {
  return tempTree({ [`${CPUS}/cpu0/topology/core_id`]: "0\n", [`${CPUS}/cpu1/topology/core_id`]: "1\n" });
}

/** The kernel never gives an inode again, a file system may: the old one is kept. */
function unplug({ root }: Tree, cpu: number): void {
  fs.renameSync(path.join(root, `${CPUS}/cpu${cpu}/topology`), path.join(root, `${cpu}-${Date.now()}`));
}

function plug({ root }: Tree, cpu: number): void {
  fs.mkdirSync(path.join(root, `${CPUS}/cpu${cpu}/topology`));
}

describe("CpuReturns", () => {
  test("tells once the CPU that was away between two looks", () => {
    using tree = machine();
    const returns = new CpuReturns(tree.host);
    expect([returns.look([0, 1]), returns.look([0, 1])]).toEqual([[], []]);
    unplug(tree, 1);
    plug(tree, 1);
    expect([returns.look([0, 1]), returns.look([0, 1])]).toEqual([[1], []]);
  });

  test("tells a CPU that was offline at a look again when it is there", () => {
    using tree = machine();
    const returns = new CpuReturns(tree.host);
    returns.look([0, 1]);
    unplug(tree, 1);
    expect([returns.look([0, 1]), returns.look([0, 1])]).toEqual([[1], []]);
    plug(tree, 1);
    expect([returns.look([0, 1]), returns.look([0, 1])]).toEqual([[1], []]);
  });

  test("tells nothing of CPUs that are new, and where sysfs is silent", () => {
    using tree = machine();
    const returns = new CpuReturns(tree.host);
    expect([returns.look([0]), returns.look([0, 1]), returns.look([1, 7]), returns.look([1, 7])]).toEqual([
      [],
      [],
      [],
      [],
    ]);
  });

  test("tells nothing on this host, where no CPU goes", () => {
    const returns = new CpuReturns(new KernelHost());
    const cpus = Array.from({ length: 4 }, (_, cpu) => cpu);
    expect([returns.look(cpus), returns.look(cpus)]).toEqual([[], []]);
  });
});

import { describe, expect, test } from "bun:test";
import type { CgroupLayout } from "../../../src/kernel/cgroup/layout.ts";
import { CgroupTree } from "../../../src/kernel/cgroup/tree.ts";
import { tempTree } from "../../support/tree.ts";

const V2: CgroupLayout = { version: "v2", v1: new Map(), v2: "/cg" };
const FILES = {
  "cg/cgroup.procs": "1\n",
  "cg/a/cgroup.procs": "",
  "cg/a/b/cgroup.procs": "2\n",
  "cg/c/cgroup.procs": "",
};

describe("CgroupTree", () => {
  test("walk() gives all cgroups but the root with what they hold", () => {
    using machine = tempTree(FILES);
    const tree = new CgroupTree(machine.host, V2, "");
    expect(
      tree.walk().map(({ path, depth, occupied, populated, isLeaf }) => ({
        path,
        depth,
        occupied,
        populated,
        isLeaf,
      })),
    ).toEqual([
      { path: "/a", depth: 1, occupied: false, populated: true, isLeaf: false },
      { path: "/a/b", depth: 2, occupied: true, populated: true, isLeaf: true },
      { path: "/c", depth: 1, occupied: false, populated: false, isLeaf: true },
    ]);
    expect(tree.found).toBe(true);
  });

  test("walk() does not go below what enters() refuses", () => {
    using machine = tempTree(FILES);
    const tree = new CgroupTree(machine.host, V2, "", { enters: (path) => path !== "/a" });
    expect(tree.walk().map(({ path, populated }) => [path, populated])).toEqual([
      ["/a", false],
      ["/c", false],
    ]);
  });

  test("walk() gives the same array and branches until a cgroup comes or goes", () => {
    using machine = tempTree(FILES);
    const tree = new CgroupTree(machine.host, V2, "");
    const before = tree.walk();
    machine.write("cg/c/cgroup.procs", "3\n");
    expect(tree.walk()).toBe(before);
    machine.remove("cg/c");
    expect([tree.walk() === before, tree.walk().map(({ path }) => path)]).toEqual([false, ["/a", "/a/b"]]);
    expect(tree.walk()[0]).toBe(before[0] as never);
    tree.close();
    expect([tree.found, machine.host.keptFiles]).toEqual([false, 0]);
  });
});

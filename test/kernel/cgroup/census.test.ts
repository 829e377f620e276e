import { describe, expect, test } from "bun:test";
import { Census } from "../../../src/kernel/cgroup/census.ts";
import { type CgroupLayout, readLayout } from "../../../src/kernel/cgroup/layout.ts";
import { CgroupTree } from "../../../src/kernel/cgroup/tree.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { needRealCgroups, realCgroup } from "../../support/cgroups.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";

describe("Census", () => {
  test("count() is nothing on a recorded machine, whose file does not follow changes", () => {
    using tree = tempTree({ "cg/cgroup.stat": "nr_descendants 3\nnr_dying_descendants 0\n" });
    expect(new Census(tree.host, "/cg", "").count()).toBeUndefined();
  });
});

function needV2(): string {
  needRealCgroups();
  const { v2 } = readLayout(new KernelHost());
  if (v2 === undefined) throw new Error("no v2 tree is mounted");
  return v2;
}

describe.skipIf(!(await requirement("a v2 tree", needV2)))("Census on this host", () => {
  test("count() follows cgroups that come and go at any depth, and their parent", () => {
    using group = realCgroup("census", { controllers: ["v2"] });
    const host = new KernelHost();
    const census = new Census(host, needV2(), group.path);
    const seen = [census.count()];
    const child = group.child("a");
    child.child("b");
    seen.push(census.count());
    child.remove();
    seen.push(census.count());
    group.remove();
    seen.push(census.count());
    group.create();
    group.child("c");
    seen.push(census.count());
    census.close();
    expect([...seen, host.keptFiles]).toEqual([0, 2, 0, undefined, 1, 0]);
  });

  test("CgroupTree.walk() by census finds one made elsewhere in the same round as another vanishes", () => {
    using group = realCgroup("walk", { controllers: ["v2"] });
    const [first, last] = ["a", "z"].map((name) => group.child(name));
    const child = last?.child("old");
    const layout: CgroupLayout = { version: "v2", v1: new Map(), v2: needV2() };
    const host = new KernelHost();
    const tree = new CgroupTree(host, layout, group.path);
    const names = () => tree.walk().map(({ path }) => path.slice(group.path.length));
    const seen = [names(), names()];
    child?.remove();
    first?.child("new").sleep();
    seen.push(names());
    expect(tree.walk().map(({ occupied }) => occupied)).toEqual([false, true, false]);
    tree.close();
    expect([...seen, host.keptFiles]).toEqual([
      ["/a", "/z", "/z/old"],
      ["/a", "/z", "/z/old"],
      ["/a", "/a/new", "/z"],
      0,
    ]);
  });
});

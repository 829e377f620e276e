import { describe, expect, test } from "bun:test";
import { CgroupChildren } from "../../../src/kernel/cgroup/children.ts";
import { tempTree } from "../../support/tree.ts";

const MOUNTS = ["/a", "/b"];

describe("CgroupChildren", () => {
  test("list() gives the sub-cgroups of all mounts, sorted, without files", () => {
    using tree = tempTree({
      "a/p/y/tasks": "",
      "a/p/tasks": "",
      "b/p/x/tasks": "",
      "b/p/y/tasks": "",
      "b/p/tasks": "",
    });
    const children = new CgroupChildren(tree.host, "/p", new Map());
    expect([...children.list(MOUNTS, false)]).toEqual([
      ["x", ["/b"]],
      ["y", ["/a", "/b"]],
    ]);
  });

  test("list() gives the same map until the link count changes", () => {
    using tree = tempTree({ "a/p/x/tasks": "", "b/": "" });
    const children = new CgroupChildren(tree.host, "/p", new Map());
    const before = children.list(MOUNTS, false);
    expect(children.list(MOUNTS, false)).toBe(before);
    tree.write("a/p/y/", "");
    expect([...children.list(MOUNTS, false).keys()]).toEqual(["x", "y"]);
    tree.remove("a/p");
    expect([[...children.list(MOUNTS, false).keys()], children.found]).toEqual([[], false]);
  });

  test("list() lists again on demand, since one may have come in place of another", () => {
    using tree = tempTree({ "a/p/x/tasks": "", "b/p/": "" });
    const children = new CgroupChildren(tree.host, "/p", new Map());
    children.list(MOUNTS, false);
    tree.remove("a/p/x");
    tree.write("a/p/y/", "");
    expect([...children.list(MOUNTS, false).keys()]).toEqual(["x"]);
    expect([...children.list(MOUNTS, true).keys()]).toEqual(["y"]);
  });
});

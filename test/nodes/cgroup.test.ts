import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { KernelHost } from "../../src/kernel/host.ts";
import { Unsupported } from "../../src/model/errors.ts";
import type { Host } from "../../src/model/host.ts";
import { CgroupNode } from "../../src/nodes/cgroup.ts";
import { nodeConformance } from "../roles/node.ts";
import { needRealCgroups, realCgroup } from "../support/cgroups.ts";
import { testContext } from "../support/context.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";
import { cgroupMachine, VERSIONS } from "./machines.ts";

const schema = z.object(CgroupNode.component.options);

function cgroupNode(host: Host, options: Record<string, unknown> = {}) {
  const context = testContext(host);
  const node = new CgroupNode(schema.parse(options), context);
  return { node, logged: context.logged, ids: () => node.discover().map(({ id }) => id) };
}

const CGROUPS = {
  "/a": "",
  "/a/x.service": "10\n",
  "/a/y": "11\n12\n",
  "/a/y/z": "13\n",
  "/a-b": "14\n",
  "/empty": "",
  "/empty/below": "",
};

describe.each(VERSIONS)("CgroupNode on a %s tree", (version) => {
  nodeConformance("CgroupNode", () => {
    const machine = cgroupMachine(version, CGROUPS);
    return {
      node: cgroupNode(machine.host).node,
      vanish: ({ cgroupPath }) => machine.removeCgroup(cgroupPath),
      [Symbol.dispose]: () => machine[Symbol.dispose](),
    };
  });

  const ALL = ["/a-b", "/a/x.service", "/a/y", "/a/y/z"];
  test.each([
    [{}, ALL],
    [{ root: "/a" }, ["/a/x.service", "/a/y", "/a/y/z"]],
    [{ root: "a/" }, ["/a/x.service", "/a/y", "/a/y/z"]],
    [{ root: "/missing" }, []],
    [{ include: ["/a/*"] }, ["/a/x.service", "/a/y"]],
    [{ include: ["**/*.service", "/a-b"] }, ["/a-b", "/a/x.service"]],
    [{ include: [] }, ALL],
    [{ exclude: ["/a/y"] }, ["/a-b", "/a/x.service", "/a/y/z"]],
    [{ exclude: ["/a/**"] }, ["/a-b"]],
    [{ exclude: ["/a/y/**"] }, ["/a-b", "/a/x.service", "/a/y"]],
    [{ include: ["/a/**"], exclude: ["**/*.service"] }, ["/a/y", "/a/y/z"]],
    [{ depth: 1 }, ["/a", "/a-b"]],
    [{ depth: 2 }, ["/a-b", "/a/x.service", "/a/y"]],
    [{ depth: 1, require_pids: false }, ["/a", "/a-b", "/empty"]],
    [{ require_pids: false }, ["/a-b", "/a/x.service", "/a/y", "/a/y/z", "/empty/below"]],
  ])("discover() with %j gives %j", (options, expected) => {
    using machine = cgroupMachine(version, CGROUPS);
    expect(cgroupNode(machine.host, options).ids()).toEqual(expected);
  });

  test("discover() describes a task by its path", () => {
    using machine = cgroupMachine(version, { "/a/x.service": "10\n" });
    expect(cgroupNode(machine.host).node.discover()).toEqual([
      {
        id: "/a/x.service",
        name: "x.service",
        cgroupPath: "/a/x.service",
        subcgroupPaths: [],
        labels: { cgroup_path: "/a/x.service", systemd_unit: "x.service" },
        resources: {},
        identity: expect.any(Number),
      },
    ]);
  });

  test("discover() finds cgroups that appear, also below leaves, and keeps the objects of the others", () => {
    using machine = cgroupMachine(version, CGROUPS);
    const { node, ids } = cgroupNode(machine.host);
    const before = node.discover();
    expect(node.discover()).toBe(before);
    machine.cgroup("/a/x.service/new/deep", "20\n");
    machine.cgroup("/empty/below", "21\n");
    expect(ids()).toEqual([
      "/a-b",
      "/a/x.service",
      "/a/x.service/new/deep",
      "/a/y",
      "/a/y/z",
      "/empty/below",
    ]);
    expect(before.filter((task) => !node.discover().includes(task))).toEqual([]);
    expect(before.length).toBe(4);
  });

  test("discover() gives a new task for a cgroup that was made again with the same name", () => {
    using machine = cgroupMachine(version, CGROUPS);
    const { node } = cgroupNode(machine.host);
    const before = node.discover();
    machine.removeCgroup("/a/y");
    // The inode must not be given to the new directory.
    machine.cgroup("/a/other", "");
    machine.cgroup("/a/y", "30\n");
    const after = node.discover();
    expect(after.map(({ id }) => id)).toEqual(["/a-b", "/a/x.service", "/a/y"]);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2] === before[2]).toBe(false);
  });

  test("discover() warns once about a root that is not there, and finds it later", () => {
    using machine = cgroupMachine(version, {});
    const { ids, logged } = cgroupNode(machine.host, { root: "/late" });
    expect([ids(), ids()]).toEqual([[], []]);
    machine.cgroup("/late/a", "1\n");
    expect(ids()).toEqual(["/late/a"]);
    machine.removeCgroup("/late");
    expect(ids()).toEqual([]);
    expect(logged.map(([level]) => level)).toEqual(["warning", "info", "warning"]);
  });
});

describe("CgroupNode", () => {
  test("discover() finds a cgroup that only one v1 hierarchy has", () => {
    using machine = cgroupMachine("v1", { "/a": "1\n" });
    const { ids } = cgroupNode(machine.host);
    machine.cgroup("/only/cpuset", "2\n", ["cpuset"]);
    expect(ids()).toEqual(["/a", "/only/cpuset"]);
    machine.cgroup("/a/b", "3\n", ["memory"]);
    expect(ids()).toEqual(["/a", "/a/b", "/only/cpuset"]);
    machine.removeCgroup("/a/b", ["memory"]);
    expect(ids()).toEqual(["/a", "/only/cpuset"]);
  });

  test("discover() throws Unsupported where no cgroup file system is mounted", () => {
    using bare = tempTree({ "proc/self/mounts": "proc /proc proc rw 0 0\n" });
    using empty = tempTree({});
    expect(() => cgroupNode(bare.host).node.discover()).toThrow(Unsupported);
    expect(() => cgroupNode(empty.host).node.discover()).toThrow(Unsupported);
  });

  test("probe() tells what is mounted", () => {
    using bare = tempTree({ "proc/self/mounts": "" });
    using machine = cgroupMachine("v2", {});
    machine.write("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
    expect(
      cgroupNode(bare.host)
        .node.probe()
        .map(({ supported }) => supported),
    ).toEqual([false]);
    expect(cgroupNode(machine.host).node.probe()).toEqual([
      {
        component: "CgroupNode",
        feature: "tasks by their cgroups",
        supported: true,
        detail: "cgroup v2: /sys/fs/cgroup",
      },
      {
        component: "CgroupNode",
        feature: "controllers of tasks",
        supported: false,
        detail: "cpuset: not in cgroup.controllers of the v2 root",
      },
    ]);
  });

  test("constructor does not touch the kernel", () => {
    using empty = tempTree({});
    const { node } = cgroupNode(empty.host);
    node.close();
    expect(empty.host.keptFiles).toBe(0);
  });
});

describe.skipIf(!(await requirement("real cgroups", needRealCgroups)))("CgroupNode on this host", () => {
  nodeConformance("CgroupNode", () => {
    const group = realCgroup("conformance");
    const children = ["a", "b.service", "c"].map((name) => group.child(name));
    for (const child of children) child.sleep();
    return {
      node: cgroupNode(new KernelHost(), { root: group.path }).node,
      vanish: ({ cgroupPath }) => children.find(({ path }) => path === cgroupPath)?.remove(),
      [Symbol.dispose]: () => group.remove(),
    };
  });

  test("discover() follows processes that come and go", () => {
    using group = realCgroup("processes");
    const child = group.child("a");
    const { ids } = cgroupNode(new KernelHost(), { root: group.path });
    const seen = [ids()];
    child.sleep();
    seen.push(ids());
    child.kill();
    seen.push(ids());
    expect(seen).toEqual([[], [child.path], []]);
  });

  test("discover() gives a new identity to a cgroup made again between two rounds", () => {
    using group = realCgroup("again");
    const child = group.child("a");
    child.sleep();
    const host = new KernelHost();
    const { node } = cgroupNode(host, { root: group.path });
    const [before] = node.discover();
    child.remove();
    child.create();
    child.sleep();
    const [after] = node.discover();
    expect(after).toEqual({ ...before, identity: expect.any(Number) } as never);
    expect(after?.identity === before?.identity).toBe(false);
    node.close();
    expect(host.keptFiles).toBe(0);
  });

  test("discover() loses only the cgroup that is removed in the middle of the walk", () => {
    using group = realCgroup("middle");
    const children = ["a", "b", "c"].map((name) => group.child(name));
    for (const child of children) child.sleep();
    const lost: string[] = [];
    for (const operation of ["identity", "subdirectories", "open", "list"] as const) {
      for (const skip of [0, 1, 2, 3]) {
        const [, victim] = children;
        const host = removingHost(operation, {
          path: victim?.path ?? "",
          skip,
          remove: () => victim?.remove(),
        });
        const { node, ids } = cgroupNode(host, { root: group.path });
        const expected = children.map(({ path }) => path);
        const first = ids();
        if (first.length < expected.length) lost.push(operation);
        expect(first.filter((id) => id !== victim?.path)).toEqual([expected[0], expected[2]] as string[]);
        victim?.remove();
        expect(ids()).toEqual([expected[0], expected[2]] as string[]);
        node.close();
        victim?.create();
        victim?.sleep();
      }
    }
    expect(new Set(lost).size).toBeGreaterThan(1);
  });

  test("discover() finds again with few descriptors what was made again", () => {
    using group = realCgroup("few");
    const child = group.child("a");
    child.sleep();
    const { node } = cgroupNode(new KernelHost({ keptFilesLimit: 0 }), { root: group.path });
    const [before] = node.discover();
    expect(node.discover()).toEqual([before] as never);
    child.remove();
    child.create();
    child.sleep();
    expect(node.discover()[0]?.identity === before?.identity).toBe(false);
    node.close();
  });
});

/** A host that removes a cgroup just before one of the operations on it. */
function removingHost(
  operation: "identity" | "subdirectories" | "open" | "list",
  { path, skip, remove }: { readonly path: string; readonly skip: number; readonly remove: () => void },
): Host {
  const host = new KernelHost();
  const original = host[operation].bind(host) as (path: string) => unknown;
  let left = skip;
  Object.defineProperty(host, operation, {
    value: (file: string) => {
      if (file.includes(path) && left-- === 0) remove();
      return original(file);
    },
  });
  return host;
}

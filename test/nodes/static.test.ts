import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { KernelHost } from "../../src/kernel/host.ts";
import { Unsupported } from "../../src/model/errors.ts";
import type { Host } from "../../src/model/host.ts";
import { StaticNode } from "../../src/nodes/static.ts";
import { nodeConformance } from "../roles/node.ts";
import { needRealCgroups, realCgroup } from "../support/cgroups.ts";
import { testContext } from "../support/context.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";
import { cgroupMachine, VERSIONS } from "./machines.ts";

const schema = z.object(StaticNode.component.options);

function staticNode(host: Host, options: Record<string, unknown>) {
  const context = testContext(host);
  const node = new StaticNode(schema.parse(options), context);
  return { node, logged: context.logged, ids: () => node.discover().map(({ id }) => id) };
}

describe.each(VERSIONS)("StaticNode on a %s tree", (version) => {
  nodeConformance("StaticNode", () => {
    const machine = cgroupMachine(version, { "/t1": "", "/docker/t2": "", "/docker/t3": "" });
    const options = { tasks: ["t1"], directory: "docker", tasks_labels: { t1: { app: "redis" } } };
    return {
      node: staticNode(machine.host, options).node,
      vanish: ({ cgroupPath }) => machine.removeCgroup(cgroupPath),
      [Symbol.dispose]: () => machine[Symbol.dispose](),
    };
  });

  test("discover() gives names, labels and resources as configured", () => {
    using machine = cgroupMachine(version, { "/t1": "", "/a/t2": "" });
    const { node, logged } = staticNode(machine.host, {
      tasks: ["t1", "/a/t2"],
      default_labels: { env: "test", app: "none" },
      default_resources: { mem: 1024, cpus: 0.5, class: "be" },
      tasks_labels: { "/t1": { app: "redis" } },
    });
    const common = {
      subcgroupPaths: [],
      resources: { mem: 1024, cpus: 0.5, class: "be" },
      identity: expect.any(Number),
    };
    expect(node.discover()).toEqual([
      { ...common, id: "t1", name: "t1", cgroupPath: "/t1", labels: { env: "test", app: "redis" } },
      { ...common, id: "a/t2", name: "a/t2", cgroupPath: "/a/t2", labels: { env: "test", app: "none" } },
    ]);
    expect(logged).toEqual([]);
  });

  test("discover() gives sub-cgroups of directory, each name once", () => {
    using machine = cgroupMachine(version, {
      "/task1": "",
      "/docker/task2": "",
      "/docker/task3": "",
      "/docker/task3/deep": "",
    });
    const { ids } = staticNode(machine.host, {
      tasks: ["task1", "/task1/", "docker/task3"],
      directory: "/docker",
    });
    expect(ids()).toEqual(["task1", "docker/task3", "docker/task2"]);
  });

  test("discover() follows what comes and goes in directory", () => {
    using machine = cgroupMachine(version, { "/docker/a": "" });
    const { ids, logged } = staticNode(machine.host, { tasks: ["docker/z"], directory: "docker" });
    const seen = [ids()];
    machine.cgroup("/docker/b");
    machine.cgroup("/docker/z");
    seen.push(ids());
    machine.removeCgroup("/docker/a");
    machine.removeCgroup("/docker/z");
    seen.push(ids());
    expect(seen).toEqual([["docker/a"], ["docker/z", "docker/a", "docker/b"], ["docker/b"]]);
    expect(logged.map(([, message]) => message)).toEqual([
      'Cannot find task "/docker/z": no hierarchy has the cgroup',
      'Found task "/docker/z" again',
      'Cannot find task "/docker/z": no hierarchy has the cgroup',
    ]);
  });

  test("discover() warns once about a missing directory and has no tasks from it", () => {
    using machine = cgroupMachine(version, { "/t": "" });
    const { ids, logged } = staticNode(machine.host, { tasks: ["t"], directory: "nowhere" });
    expect([ids(), ids()]).toEqual([["t"], ["t"]]);
    expect(logged).toEqual([["warning", 'Cannot list directory "/nowhere": no hierarchy has it']]);
  });

  test("discover() leaves out tasks without processes when require_pids is set", () => {
    using machine = cgroupMachine(version, { "/busy": "1\n", "/empty": "" });
    const { ids } = staticNode(machine.host, { tasks: ["busy", "empty"], require_pids: true });
    expect(ids()).toEqual(["busy"]);
    machine.cgroup("/empty", "2\n");
    expect(ids()).toEqual(["busy", "empty"]);
  });

  test("discover() gives the same objects while nothing changes", () => {
    using machine = cgroupMachine(version, { "/a": "", "/b": "" });
    const { node } = staticNode(machine.host, { tasks: ["a", "b"] });
    const before = node.discover();
    expect(node.discover()).toBe(before);
    machine.removeCgroup("/b");
    machine.cgroup("/inode-taker");
    machine.cgroup("/b");
    const after = node.discover();
    expect(after[0]).toBe(before[0] as never);
    expect([after[1] === before[1], after[1]?.id]).toEqual([false, "b"]);
  });
});

describe("StaticNode", () => {
  test("discover() takes a task of one v1 hierarchy and names once those it misses", () => {
    using machine = cgroupMachine("v1", {});
    machine.cgroup("/t", "", ["cpuset"]);
    const { ids, logged } = staticNode(machine.host, { tasks: ["t"] });
    expect([ids(), ids()]).toEqual([["t"], ["t"]]);
    const warning = 'Cannot measure all of task "/t": not in the hierarchies cpu, cpuacct, memory';
    expect(logged).toEqual([["warning", warning]]);
    machine.cgroup("/t");
    for (let round = 0; round < 60; round++) ids();
    expect(logged).toEqual([
      ["warning", warning],
      ["info", 'Found task "/t" in all hierarchies'],
    ]);
  });

  test("discover() with require_pids takes processes of any hierarchy", () => {
    using machine = cgroupMachine("v1", { "/t": "" });
    machine.cgroup("/t", "5\n", ["memory"]);
    expect(staticNode(machine.host, { tasks: ["t"], require_pids: true }).ids()).toEqual(["t"]);
  });

  test.each([
    [{ tasks: ["a/../b"] }, "tasks.0"],
    [{ tasks: [""] }, "tasks.0"],
    [{ tasks: ["/"] }, "tasks.0"],
    [{ tasks: [], directory: ".." }, "directory"],
    [{ tasks: [], default_labels: { "a-b": "c" } }, "default_labels.a-b"],
    [{ tasks: [], tasks_labels: { t: { a: 1 } } }, "tasks_labels.t.a"],
    [{}, "tasks"],
  ])("options %j are refused at %p", (options, path) => {
    expect(schema.safeParse(options).error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  });

  test("options tasks_labels and directory may be null", () => {
    using machine = cgroupMachine("v2", { "/t": "" });
    expect(staticNode(machine.host, { tasks: ["t"], tasks_labels: null, directory: null }).ids()).toEqual([
      "t",
    ]);
  });

  test("discover() throws Unsupported where no cgroup file system is mounted", () => {
    using bare = tempTree({ "proc/self/mounts": "" });
    const { node } = staticNode(bare.host, { tasks: ["t"] });
    expect(() => node.discover()).toThrow(Unsupported);
  });
});

describe.skipIf(!(await requirement("real cgroups", needRealCgroups)))("StaticNode on this host", () => {
  nodeConformance("StaticNode", () => {
    const group = realCgroup("static");
    const children = ["a", "b"].map((name) => group.child(name));
    return {
      node: staticNode(new KernelHost(), { tasks: [`${group.path}/a`], directory: group.path }).node,
      vanish: ({ cgroupPath }) => children.find(({ path }) => path === cgroupPath)?.remove(),
      [Symbol.dispose]: () => group.remove(),
    };
  });

  test("discover() gives a new task to a cgroup made again between two rounds", () => {
    using group = realCgroup("static-again");
    const child = group.child("a");
    const host = new KernelHost();
    const { node, logged } = staticNode(host, { tasks: [child.path], directory: group.path });
    const [before] = node.discover();
    child.remove();
    child.create();
    const [after] = node.discover();
    expect([after?.id, after === before, after?.identity === before?.identity]).toEqual([
      before?.id,
      false,
      false,
    ]);
    expect(logged).toEqual([]);
    node.close();
    expect(host.keptFiles).toBe(0);
  });

  test("discover() with require_pids follows processes", () => {
    using group = realCgroup("static-pids");
    const { ids } = staticNode(new KernelHost(), { tasks: [group.path], require_pids: true });
    const seen = [ids()];
    group.sleep();
    seen.push(ids());
    group.kill();
    seen.push(ids());
    expect(seen).toEqual([[], [group.path.slice(1)], []]);
  });
});

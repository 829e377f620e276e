import { expect, test } from "bun:test";
import { CgroupCollector } from "../../../src/collectors/cgroup/cgroup.ts";
import { TaskGone, Unsupported } from "../../../src/model/errors.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import type { Platform } from "../../../src/model/platform.ts";
import type { Round } from "../../../src/model/round.ts";
import type { Task } from "../../../src/model/task.ts";
import { controlPath, mountsOf } from "../../kernel/cgroup/literal.ts";
import { taskWith } from "../../roles/labeler.ts";
import { testContext } from "../../support/context.ts";
import { type Tree, tempTree } from "../../support/tree.ts";

const PLATFORM: Platform = {
  ...{ cpuModel: "", sockets: 0, cores: 0, cpus: 0, onlineCpus: [] },
  ...{ topology: new Map(), nodeCpus: new Map(), nodeDistances: new Map() },
};

interface Measured {
  readonly tasks: Readonly<Record<string, Readonly<Record<string, Measurement>>>>;
  readonly dropped: Readonly<Record<string, Error>>;
}

function roundOf(tasks: readonly Task[]): { readonly round: Round; readonly measured: () => Measured } {
  let entries = tasks.map((task) => ({ task, measurements: {} }));
  const dropped: Record<string, Error> = {};
  const round: Round = {
    timeMs: 0,
    platform: PLATFORM,
    platformMeasurements: {},
    get tasks() {
      return entries;
    },
    drop(task, reason) {
      entries = entries.filter((entry) => entry.task !== task);
      dropped[task.id] = reason;
    },
  };
  const measured = (): Measured => ({
    tasks: Object.fromEntries(entries.map(({ task, measurements }) => [task.id, measurements])),
    dropped,
  });
  return { round, measured };
}

function measure(collector: CgroupCollector, tasks: readonly Task[]): Measured {
  const { round, measured } = roundOf(tasks);
  collector.measure(round);
  return measured();
}

function task(id: string, rest: Partial<Task> = {}): Task {
  return taskWith({ id, cgroupPath: `/${id}`, ...rest });
}

function machine(...ids: readonly string[]): Tree {
  return tempTree({
    ...mountsOf("v2"),
    ...Object.fromEntries(ids.map((id, index) => [controlPath(`/${id}`, "pids.current"), `${index + 1}\n`])),
  });
}

test("measure() gives every task its own numbers", () => {
  using tree = machine("a", "b");
  const collector = new CgroupCollector({}, testContext(tree.host));
  expect(measure(collector, [task("b"), task("a")])).toEqual({
    tasks: { b: { task_pids: 2 }, a: { task_pids: 1 } },
    dropped: {},
  });
  collector.close();
});

test("measure() drops tasks that are gone and measures all others, the neighbours too", () => {
  using tree = machine("a", "b", "c", "d");
  const collector = new CgroupCollector({}, testContext(tree.host));
  const tasks = ["a", "gone1", "gone2", "b", "c", "d"].map((id) => task(id));
  expect(measure(collector, tasks)).toEqual({
    tasks: { a: { task_pids: 1 }, b: { task_pids: 2 }, c: { task_pids: 3 }, d: { task_pids: 4 } },
    dropped: {
      gone1: new TaskGone('Cannot measure cgroup "/gone1": no hierarchy has it'),
      gone2: new TaskGone('Cannot measure cgroup "/gone2": no hierarchy has it'),
    },
  });
  collector.close();
});

test("measure() takes a task in again when its cgroup is there", () => {
  using tree = machine("a");
  const collector = new CgroupCollector({}, testContext(tree.host));
  const b = task("b");
  expect(Object.keys(measure(collector, [b]).dropped)).toEqual(["b"]);
  tree.write(controlPath("/b", "pids.current"), "9\n");
  expect(measure(collector, [b])).toEqual({ tasks: { b: { task_pids: 9 } }, dropped: {} });
  collector.close();
});

test("measure() keeps the files of a task whose labels changed and closes those of tasks that left", () => {
  using tree = machine("a", "b");
  const collector = new CgroupCollector({}, testContext(tree.host));
  const { host } = tree;
  measure(collector, [task("a"), task("b")]);
  expect(host.keptFiles).toBe(2);
  measure(collector, [task("a", { labels: { new: "1" } }), task("b")]);
  expect(host.keptFiles).toBe(2);
  measure(collector, [task("b")]);
  expect(host.keptFiles).toBe(1);
  measure(collector, [task("a")]);
  expect(host.keptFiles).toBe(1);
  measure(collector, []);
  expect(host.keptFiles).toBe(0);
});

test("measure() starts a task anew when its path was made again: another inode", () => {
  using tree = machine("a");
  const collector = new CgroupCollector({}, testContext(tree.host));
  const pod = { subcgroupPaths: ["/a/x"] };
  const usage = controlPath("/a/x", "cpu.stat");
  tree.write(usage, "usage_usec 5000000\n");
  expect(measure(collector, [task("a", { ...pod, identity: 1 })]).tasks).toEqual({
    a: { task_cpu_usage_seconds: 5 },
  });
  tree.remove(usage);
  tree.write(usage, "usage_usec 1000000\n");
  expect(measure(collector, [task("a", { ...pod, identity: 2 })]).tasks).toEqual({
    a: { task_cpu_usage_seconds: 1 },
  });
  expect(tree.host.keptFiles).toBe(1);
  collector.close();
});

test("missingFiles() counts tasks by file", () => {
  using tree = machine("a", "b");
  tree.write(controlPath("/b", "memory.current"), "1\n");
  const collector = new CgroupCollector({}, testContext(tree.host));
  measure(collector, [task("a"), task("b")]);
  const missing = collector.missingFiles();
  expect([missing.get("memory.current"), missing.get("memory.peak"), missing.get("pids.current")]).toEqual([
    1,
    2,
    undefined,
  ]);
  collector.close();
  expect(collector.missingFiles()).toEqual(new Map());
});

test("close() leaves no file open, unopened and twice", () => {
  using tree = machine("a");
  const collector = new CgroupCollector({}, testContext(tree.host));
  collector.close();
  measure(collector, [task("a")]);
  collector.close();
  collector.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("measure() says Unsupported and probe() why, where no cgroup file system is mounted", () => {
  using tree = tempTree({ "proc/self/mounts": "" });
  const collector = new CgroupCollector({}, testContext(tree.host));
  expect(() => measure(collector, [task("a")])).toThrow(Unsupported);
  expect(collector.probe()).toEqual([
    {
      component: "CgroupCollector",
      feature: "all of it",
      supported: false,
      detail: "No cgroup file system is mounted: /proc/self/mounts has neither cgroup nor cgroup2",
    },
  ]);
});

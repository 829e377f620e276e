import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { SCHEDSTAT_OPTIONS, SchedstatCollector } from "../../../src/collectors/scheduler/schedstat.ts";
import { Unsupported } from "../../../src/model/errors.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import { mountsOf } from "../../kernel/cgroup/literal.ts";
import { taskWith } from "../../roles/labeler.ts";
import { testContext } from "../../support/context.ts";
import { type Tree, tempTree } from "../../support/tree.ts";
import { measuringRounds } from "../task-rounds.ts";

const options = z.object(SCHEDSTAT_OPTIONS);
const KERNEL = { ...mountsOf("v2"), "proc/self/schedstat": "1 2 3\n", "proc/1/schedstat": "1 2 3\n" };
const A = taskWith({ id: "a", cgroupPath: "/a", labels: { task_id: "a" } });

function collectorOn(tree: Tree, sched_tasks?: Record<string, string>): SchedstatCollector {
  return new SchedstatCollector(options.parse({ schedstat: true, sched_tasks }), testContext(tree.host));
}

/** Lays out the threads of `/a`, which are those that are given and no others. */
function setThreads(tree: Tree, threads: Readonly<Record<number, string>>): void {
  tree.write("sys/fs/cgroup/a/cgroup.threads", Object.keys(threads).join("\n"));
  for (const [id, schedstat] of Object.entries(threads)) tree.write(`proc/${id}/schedstat`, `${schedstat}\n`);
}

function metrics(run: number, wait: number, slices: number): Record<string, Measurement> {
  return { task_sched_run_seconds: run, task_sched_wait_seconds: wait, task_sched_timeslices: slices };
}

describe("SchedstatCollector", () => {
  test("sums run time, wait time and slices over the threads of a task", () => {
    using tree = tempTree(KERNEL);
    setThreads(tree, { 7: "1500000000 250000000 10", 8: "500000000 750000000 5" });
    const collector = collectorOn(tree);
    const measure = measuringRounds(collector);
    const expected = { tasks: { a: metrics(2, 1, 15) }, dropped: {}, failure: undefined };
    expect(measure(A)).toEqual(expected);
    expect(measure(A)).toEqual(expected);
    collector.close();
    expect(tree.host.keptFiles).toBe(0);
  });

  // As many descriptors as are wanted, and none: what is known of a thread must not hang on them.
  test.each([20_000, 0])("sums never fall: threads end, come, and take over ids; %d descriptors", (limit) => {
    using tree = tempTree(KERNEL, { keptFilesLimit: limit });
    const measure = measuringRounds(collectorOn(tree));
    const after = (threads: Readonly<Record<number, string>>) => {
      setThreads(tree, threads);
      return measure(A).tasks["a"];
    };
    expect(after({ 7: "1000000000 0 1", 8: "2000000000 4000000000 2" })).toEqual(metrics(3, 4, 3));
    expect(after({ 8: "2500000000 4000000000 3" })).toEqual(metrics(3.5, 4, 4));
    expect(after({ 8: "2500000000 4000000000 3", 9: "500000000 250000000 6" })).toEqual(metrics(4, 4.25, 10));
    // Another thread has the id 8: it has run less.
    expect(after({ 8: "1000000000 500000000 4", 9: "500000000 250000000 6" })).toEqual(metrics(5, 4.75, 14));
    // One that waited less, one that was put on a CPU less often.
    expect(after({ 8: "3000000000 0 5", 9: "1500000000 250000000 1" })).toEqual(metrics(9.5, 5, 20));
    // One that ran less, and waited longer.
    expect(after({ 8: "1000000000 500000000 6", 9: "1500000000 250000000 1" })).toEqual(
      metrics(10.5, 5.5, 26),
    );
    expect(after({})).toEqual(metrics(10.5, 5.5, 26));
    expect(after({ 7: "1000000000 0 1" })).toEqual(metrics(11.5, 5.5, 27));
  });

  test("a thread that a listing lacks counts once: it moves between cgroups that are read one after the other", () => {
    using tree = tempTree(KERNEL);
    const measure = measuringRounds(collectorOn(tree));
    const after = (threads: Readonly<Record<number, string>>) => {
      setThreads(tree, threads);
      return measure(A).tasks["a"];
    };
    const other = { 8: "1000000000 0 1" };
    expect(after({ ...other, 7: "5000000000 0 5" })).toEqual(metrics(6, 0, 6));
    expect(after(other)).toEqual(metrics(6, 0, 6));
    expect(after(other)).toEqual(metrics(6, 0, 6));
    expect(after({ ...other, 7: "5500000000 0 7" })).toEqual(metrics(6.5, 0, 8));
  });

  test("starts anew for another cgroup of the same name", () => {
    using tree = tempTree(KERNEL);
    setThreads(tree, { 7: "1000000000 0 1", 8: "2000000000 4000000000 2" });
    const measure = measuringRounds(collectorOn(tree));
    expect(measure(A).tasks["a"]).toEqual(metrics(3, 4, 3));
    setThreads(tree, { 8: "2000000000 4000000000 2" });
    expect(measure({ ...A, identity: 2 }).tasks["a"]).toEqual(metrics(2, 4, 2));
    expect(tree.host.keptFiles).toBe(1);
    tree.write("sys/fs/cgroup/b/cgroup.threads", "7\n");
    expect(measure({ ...A, identity: 2, cgroupPath: "/b" }).tasks["a"]).toEqual(metrics(1, 0, 1));
    expect(tree.host.keptFiles).toBe(1);
  });

  test("goes on counting when only the task's labels changed", () => {
    using tree = tempTree(KERNEL);
    setThreads(tree, { 7: "1000000000 0 1", 8: "2000000000 4000000000 2" });
    const measure = measuringRounds(collectorOn(tree));
    measure(A);
    setThreads(tree, { 8: "2000000000 4000000000 2" });
    expect(measure({ ...A, labels: { task_id: "a", more: "1" } }).tasks["a"]).toEqual(metrics(3, 4, 3));
  });

  test("measures nothing of a task that never had a thread, or is not selected", () => {
    using tree = tempTree(KERNEL);
    setThreads(tree, {});
    expect(measuringRounds(collectorOn(tree))(A).tasks["a"]).toEqual({});
    setThreads(tree, { 7: "1000000000 0 1" });
    expect(measuringRounds(collectorOn(tree, { task_id: "b" }))(A).tasks["a"]).toEqual({});
    expect(measuringRounds(collectorOn(tree, { task_id: "a" }))(A).tasks["a"]).toEqual(metrics(1, 0, 1));
  });

  test("keeps the total and counts each thread once while one cannot be understood", () => {
    using tree = tempTree(KERNEL);
    const measure = measuringRounds(collectorOn(tree));
    setThreads(tree, { 6: "5000000000 0 5", 7: "1000000000 0 1" });
    expect(measure(A).tasks["a"]).toEqual(metrics(6, 0, 6));
    setThreads(tree, { 6: "5000000000 0 5", 7: "nonsense" });
    expect(measure(A).tasks["a"]).toEqual(metrics(6, 0, 6));
    setThreads(tree, { 6: "5000000000 0 5", 7: "3000000000 0 2" });
    expect(measure(A).tasks["a"]).toEqual(metrics(8, 0, 7));
  });

  test.each([
    [undefined, "/proc/self/schedstat: ENOENT"],
    ["0 0 0\n", "/proc/self/schedstat is all zero"],
  ])("says Unsupported and what is needed where a thread's file is %j", (content, seen) => {
    using tree = tempTree(mountsOf("v2"));
    if (content !== undefined) tree.write("proc/self/schedstat", content);
    setThreads(tree, { 7: "0 0 0" });
    const collector = collectorOn(tree);
    const detail = `${seen}, needs CONFIG_SCHED_INFO, before Linux 5.14 without CONFIG_SCHEDSTATS also delay accounting`;
    const measured = measuringRounds(collector)(A);
    expect(measured.failure).toEqual(new Unsupported(`Cannot measure run and wait time of tasks: ${detail}`));
    expect(measured.tasks["a"]).toEqual({});
    expect(collector.probe([A])).toEqual([
      { component: "SchedstatCollector", feature: "run and wait time of tasks", supported: false, detail },
    ]);
  });

  test("probe() tells where the numbers are", () => {
    using tree = tempTree(KERNEL);
    setThreads(tree, { 7: "1 2 3" });
    const component = "SchedstatCollector";
    expect(collectorOn(tree).probe([A])).toEqual([
      {
        component,
        feature: "run and wait time of tasks",
        supported: true,
        detail: "/proc/TID/schedstat",
      },
      { component, feature: "threads of other users", supported: true, detail: "/proc/1/schedstat" },
    ]);
  });

  test("close() leaves no file open, unopened and twice", () => {
    using tree = tempTree(KERNEL);
    setThreads(tree, { 7: "1 2 3" });
    const collector = collectorOn(tree);
    collector.close();
    measuringRounds(collector)(A);
    expect(tree.host.keptFiles).toBe(1);
    collector.close();
    collector.close();
    expect(tree.host.keptFiles).toBe(0);
  });

  test("the option schedstat may be left out", () => {
    expect(options.parse({})).toEqual({});
    expect(options.safeParse({ schedstat: "x" }).success).toBe(false);
  });
});

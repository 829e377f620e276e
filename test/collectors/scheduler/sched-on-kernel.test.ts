/* SchedCollector and SchedstatCollector on processes of this host. */
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { SchedCollector } from "../../../src/collectors/scheduler/sched.ts";
import { SchedstatCollector } from "../../../src/collectors/scheduler/schedstat.ts";
import { readLayout } from "../../../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import type { Task } from "../../../src/model/task.ts";
import { taskWith } from "../../roles/labeler.ts";
import { needRealCgroups, type RealCgroup, realCgroup } from "../../support/cgroups.ts";
import { testContext } from "../../support/context.ts";
import { requirement } from "../../support/requirement.ts";
import { eventually, threadedProcess } from "../../support/threads.ts";
import { measuringRounds } from "../task-rounds.ts";

const cgroups = await requirement("real cgroups", needRealCgroups);
const schedstat =
  cgroups && (await requirement("/proc/TID/schedstat", () => fs.readFileSync("/proc/self/schedstat")));
const sched = cgroups && (await requirement("/proc/TID/sched", () => fs.readFileSync("/proc/self/sched")));
const v1 =
  schedstat &&
  (await requirement("the v1 controllers cpuacct and cpuset", () => {
    const { v1 } = readLayout(new KernelHost());
    for (const name of ["cpuacct", "cpuset"]) if (!v1.has(name)) throw new Error(`${name} is not mounted`);
  }));

interface Seconds {
  readonly run: number;
  readonly wait: number;
  readonly slices: number;
}

function taskOf({ path }: RealCgroup): Task {
  return taskWith({ id: path, cgroupPath: path });
}

/** Measures the groups again and again. */
function schedstatOf(host = new KernelHost()) {
  const collector = new SchedstatCollector({ schedstat: true }, testContext(host));
  const measure = measuringRounds(collector);
  const tasks = new Map<RealCgroup, Task>();
  function of(group: RealCgroup): Seconds {
    const task = tasks.get(group) ?? taskOf(group);
    tasks.set(group, task);
    const measured = measure(task).tasks[task.id] as Record<string, number>;
    return {
      run: measured["task_sched_run_seconds"] ?? Number.NaN,
      wait: measured["task_sched_wait_seconds"] ?? Number.NaN,
      slices: measured["task_sched_timeslices"] ?? Number.NaN,
    };
  }
  return { of, host, close: () => collector.close() };
}

function v1File(group: RealCgroup, controller: string, file: string): string {
  return `${readLayout(new KernelHost()).v1.get(controller)}${group.path}/${file}`;
}

describe.skipIf(!schedstat)("SchedstatCollector on this host", () => {
  test.skipIf(!v1)("gives the run time that cpuacct gives, within 3 %", async () => {
    using group = realCgroup("run");
    const { of, close } = schedstatOf();
    const usage = () => Number(fs.readFileSync(v1File(group, "cpuacct", "cpuacct.usage"), "utf8")) / 1e9;
    group.busy();
    group.busy();
    const [before, usedBefore] = [of(group), usage()];
    expect(await eventually(() => usage() - usedBefore > 1)).toBe(true);
    const [after, used] = [of(group), usage() - usedBefore];
    expect(Math.abs((after.run - before.run) / used - 1)).toBeLessThan(0.03);
    expect(after.slices).toBeGreaterThan(before.slices);
    close();
  });

  test("gives an idle process next to nothing", () => {
    using group = realCgroup("idle");
    const { of, close } = schedstatOf();
    group.sleep();
    of(group);
    const { run, wait } = of(group);
    expect(run).toBeGreaterThan(0);
    expect(run).toBeLessThan(0.2);
    expect(wait).toBeLessThan(2);
    close();
  });

  test.skipIf(!v1)("sees two busy processes wait for each other on one CPU", async () => {
    using group = realCgroup("wait");
    const cpus = v1File(group, "cpuset", "cpuset.cpus");
    fs.writeFileSync(cpus, `${Number.parseInt(fs.readFileSync(cpus, "utf8"), 10)}`);
    const { of, close } = schedstatOf();
    group.busy();
    group.busy();
    const before = of(group);
    expect(await eventually(() => of(group).run - before.run > 0.5)).toBe(true);
    const { run, wait } = of(group);
    // One of them waits while the other runs, and both wait while somebody else does.
    expect(wait - before.wait).toBeGreaterThan((run - before.run) * 0.9);
    close();
  });

  test.each([100, 0])("keeps what threads had that ended, with %d descriptors", async (keptFilesLimit) => {
    using group = realCgroup("ended");
    const { of, host, close } = schedstatOf(new KernelHost({ keptFilesLimit }));
    group.busy();
    expect(await eventually(() => of(group).run > 0.2)).toBe(true);
    const before = of(group);
    group.kill();
    const ended = of(group);
    expect(ended).toEqual(before);
    expect(host.keptFiles).toBe(0);
    group.sleep();
    const more = of(group);
    expect(more.run).toBeGreaterThan(ended.run);
    expect(more.run).toBeLessThan(ended.run + 0.2);
    close();
    expect(host.keptFiles).toBe(0);
  });

  test("keeps a descriptor for each thread, and none of a task that left", async () => {
    using group = realCgroup("threads");
    const host = new KernelHost();
    const collector = new SchedstatCollector({ schedstat: true }, testContext(host));
    const measure = measuringRounds(collector);
    await using threaded = await threadedProcess(group, 5);
    const task = taskOf(group);
    const isEach = () => {
      measure(task);
      return host.keptFiles === threaded.threads().length;
    };
    expect(await eventually(isEach)).toBe(true);
    expect(host.keptFiles).toBeGreaterThanOrEqual(5);
    measure();
    expect(host.keptFiles).toBe(0);
  });
});

describe.skipIf(!sched)("SchedCollector on this host", () => {
  test("sums the switches of all threads of a process", async () => {
    using group = realCgroup("sched");
    const host = new KernelHost();
    const collector = new SchedCollector({ sched: "nr_.*switches|prio" }, testContext(host));
    const measure = measuringRounds(collector);
    await using threaded = await threadedProcess(group, 5);
    const task = taskOf(group);
    function plain(): Readonly<Record<string, number>> {
      const sums: Record<string, number> = {};
      for (const id of threaded.threads()) {
        const text = fs.readFileSync(`/proc/${id}/sched`, "latin1");
        for (const [, key = "", value] of text.matchAll(/^(nr_\w*switches|prio) +: +(-?\d+)$/gm)) {
          sums[key] = (sums[key] ?? 0) + Number(value);
        }
      }
      return sums;
    }
    const stat = () => measure(task).tasks[task.id]?.["task_sched_stat"];
    // Its run-time system wakes up now and then, and starts and ends threads.
    expect(await eventually(() => Bun.deepEquals(stat(), plain()))).toBe(true);
    expect(Object.keys(stat() as object)).toEqual([
      "nr_switches",
      "nr_voluntary_switches",
      "nr_involuntary_switches",
      "prio",
    ]);
    collector.close();
    expect(host.keptFiles).toBe(0);
  });
});

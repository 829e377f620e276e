import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { SCHED_OPTIONS, SchedCollector } from "../../../src/collectors/scheduler/sched.ts";
import { KernelError, TaskGone, Unsupported } from "../../../src/model/errors.ts";
import type { Host } from "../../../src/model/host.ts";
import type { Task } from "../../../src/model/task.ts";
import { mountsOf } from "../../kernel/cgroup/literal.ts";
import { taskWith } from "../../roles/labeler.ts";
import { testContext } from "../../support/context.ts";
import { hostWith } from "../../support/host-with.ts";
import { tempTree } from "../../support/tree.ts";
import { measuringRounds } from "../task-rounds.ts";

const options = z.object(SCHED_OPTIONS);

function collectorOn(host: Host, written: z.input<typeof options> = { sched: true }): SchedCollector {
  return new SchedCollector(options.parse(written), testContext(host));
}

function task(id: string, rest: Partial<Task> = {}): Task {
  return taskWith({ id, cgroupPath: `/${id}`, labels: { task_id: id }, ...rest });
}

/** Threads of a v2 cgroup, each with a file of the given lines. */
function cgroup(path: string, threads: Readonly<Record<number, string>>): Record<string, string> {
  const ids = Object.keys(threads);
  return {
    [`sys/fs/cgroup${path}/cgroup.threads`]: ids.map((id) => `${id}\n`).join(""),
    ...Object.fromEntries(ids.map((id) => [`proc/${id}/sched`, threads[Number(id)] as string])),
  };
}

const KERNEL = { ...mountsOf("v2"), "proc/self/sched": "", "proc/1/sched": "" };
const RIGHTS =
  "/proc is mounted with hidepid or a security module forbids it; needs CAP_SYS_PTRACE, or the group that the mount option gid= of /proc names";

describe("SchedCollector", () => {
  test("sums wanted keys and NUMA faults over the threads of a task", () => {
    const thread = (
      lines: readonly (number | string)[],
      node0: string,
      node1: string,
    ) => `name (1, #threads: 2)
-------------------------------------------------------------------
se.vruntime                                  :         80014.213417
mm->numa_scan_seq                            :                   ${lines[0]}
numa_pages_migrated                          :                   ${lines[1]}
numa_preferred_nid                           :                   ${lines[2]}
total_numa_faults                            :                   ${lines[3]}
current_node=0, numa_group_id=0
numa_faults node=0 ${node0}
numa_faults node=1 ${node1}
`;
    const faults = (a: number, b: number, c: number, d: number) =>
      `task_private=${a} task_shared=${b} group_private=${c} group_shared=${d}`;
    using tree = tempTree({
      ...KERNEL,
      ...cgroup("/a", {
        7: thread([10, 9, -2, 0], faults(100, 200, 300, 400), faults(400, 500, 600, 700)),
        8: thread([17, 1.5, -1, 0], faults(10, 20, 30, 40), faults(50, 60, 70, 80)),
      }),
    });
    const collector = collectorOn(tree.host, { sched: ".*numa" });
    const measure = measuringRounds(collector);
    const a = task("a");
    const expected = {
      dropped: {},
      failure: undefined,
      tasks: {
        a: {
          task_sched_stat: {
            "mm->numa_scan_seq": 27,
            numa_pages_migrated: 10.5,
            numa_preferred_nid: -3,
            total_numa_faults: 0,
          },
          task_sched_stat_numa_faults: {
            "0": { task_private: 110, task_shared: 220, group_private: 330, group_shared: 440 },
            "1": { task_private: 450, task_shared: 560, group_private: 670, group_shared: 780 },
          },
        },
      },
    };
    expect(measure(a)).toEqual(expected);
    expect(measure(a)).toEqual(expected);
    collector.close();
    expect(tree.host.keptFiles).toBe(0);
  });

  test("matches the pattern at the start of a key", () => {
    using tree = tempTree({ ...KERNEL, ...cgroup("/a", { 7: "prio : 1\nse.prio : 2\nprio_x : 3\n" }) });
    const sums = (sched: string | boolean) =>
      measuringRounds(collectorOn(tree.host, { sched }))(task("a")).tasks["a"]?.["task_sched_stat"];
    expect(sums("prio")).toEqual({ prio: 1, prio_x: 3 });
    expect(sums("(?P<dot>se\\.)|prio$")).toEqual({ prio: 1, "se.prio": 2 });
    expect(sums(true)).toEqual({ prio: 1, "se.prio": 2, prio_x: 3 });
    expect(sums("nothing")).toBeUndefined();
  });

  test("follows threads that come and go, and takes out keys that none has any more", () => {
    using tree = tempTree({ ...KERNEL, ...cgroup("/a", { 7: "a : 1\nb : 1\n", 8: "a : 10\n" }) });
    const collector = collectorOn(tree.host);
    const measure = measuringRounds(collector);
    const a = task("a");
    const stat = () => measure(a).tasks["a"]?.["task_sched_stat"];
    expect(stat()).toEqual({ a: 11, b: 1 });
    expect(tree.host.keptFiles).toBe(2);
    tree.write("sys/fs/cgroup/a/cgroup.threads", "8\n9\n");
    tree.write("proc/9/sched", "a : 100\nc : 3\n");
    expect(stat()).toEqual({ a: 110, c: 3 });
    // 99 ended after it was listed.
    tree.write("sys/fs/cgroup/a/cgroup.threads", "9\n99\n");
    expect(stat()).toEqual({ a: 100, c: 3 });
    expect(tree.host.keptFiles).toBe(1);
    tree.write("sys/fs/cgroup/a/cgroup.threads", "");
    expect(measure(a).tasks["a"]).toEqual({});
    expect(tree.host.keptFiles).toBe(0);
  });

  test("counts a thread to the innermost task, whether that is selected or not", () => {
    using tree = tempTree({
      ...KERNEL,
      ...cgroup("/a", { 1: "k : 1\n" }),
      ...cgroup("/a/b", { 2: "k : 2\n" }),
      ...cgroup("/a/c", { 4: "k : 4\n" }),
    });
    const [a, b] = [task("a"), task("b", { cgroupPath: "/a/b" })];
    const sums = (sched_tasks: Record<string, string> | undefined, ...tasks: Task[]) => {
      const { tasks: measured } = measuringRounds(collectorOn(tree.host, { sched: true, sched_tasks }))(
        ...tasks,
      );
      return Object.fromEntries(
        Object.entries(measured).map(([id, metrics]) => [id, metrics["task_sched_stat"]]),
      );
    };
    expect(sums(undefined, a)).toEqual({ a: { k: 7 } });
    expect(sums(undefined, a, b)).toEqual({ a: { k: 5 }, b: { k: 2 } });
    expect(sums({ task_id: "a" }, a, b)).toEqual({ a: { k: 5 }, b: undefined });
    const measure = measuringRounds(collectorOn(tree.host));
    const own = (...tasks: Task[]) => measure(...tasks).tasks["a"]?.["task_sched_stat"];
    expect([own(a), own(a, b), own(a)]).toEqual([{ k: 7 }, { k: 5 }, { k: 7 }]);
  });

  test("lets go of a task that is not selected any more, has left, or has another cgroup", () => {
    using tree = tempTree({
      ...KERNEL,
      ...cgroup("/a", { 1: "k : 1\n" }),
      ...cgroup("/b", { 2: "k : 2\n" }),
      ...cgroup("/c", { 3: "k : 3\n" }),
    });
    const collector = collectorOn(tree.host, { sched: true, sched_tasks: { kind: "x" } });
    const measure = measuringRounds(collector);
    const [a, b, c] = ["a", "b", "c"].map((id) => task(id, { labels: { kind: "x" } })) as [Task, Task, Task];
    const other = task("other", { cgroupPath: "/a" });
    const ids = (...tasks: readonly Task[]) =>
      Object.entries(measure(...tasks).tasks)
        .filter(([, metrics]) => "task_sched_stat" in metrics)
        .map(([id]) => id);
    expect(ids(a, b, c, other)).toEqual(["a", "b", "c"]);
    expect(tree.host.keptFiles).toBe(3);
    expect(ids(a, { ...b, labels: { kind: "y" } }, c, other)).toEqual(["a", "c"]);
    expect(tree.host.keptFiles).toBe(2);
    expect(ids(a, b, other)).toEqual(["a", "b"]);
    expect(tree.host.keptFiles).toBe(2);
    expect(ids({ ...a, identity: 2 }, b)).toEqual(["a", "b"]);
    expect(tree.host.keptFiles).toBe(2);
    expect(ids()).toEqual([]);
    expect(tree.host.keptFiles).toBe(0);
  });

  test("takes the measurements of a task out when it is selected no more", () => {
    using tree = tempTree({ ...KERNEL, ...cgroup("/a", { 1: "k : 1\n" }) });
    const labels: Record<string, string> = { kind: "x" };
    const collector = collectorOn(tree.host, { sched: true, sched_tasks: { kind: "x" } });
    const measure = measuringRounds(collector);
    const a = { ...task("a"), labels };
    expect(measure(a).tasks["a"]).toEqual({ task_sched_stat: { k: 1 } });
    Object.assign(a, { labels: { kind: "y" } });
    expect(measure(a).tasks["a"]).toEqual({});
  });

  test("makes room once for a descriptor of every thread of the selected tasks", () => {
    using tree = tempTree({
      ...KERNEL,
      ...cgroup("/a", { 1: "k : 1\n", 2: "k : 2\n" }),
      ...cgroup("/b", { 3: "k : 2\n" }),
      ...cgroup("/c", { 4: "k : 2\n" }),
    });
    const expected: number[] = [];
    const host = hostWith(tree.host, { expect: (files) => void expected.push(files) });
    const measure = measuringRounds(collectorOn(host, { sched: true, sched_tasks: { task_id: "[^c].*" } }));
    const tasks = ["a", "b", "c", "gone"].map((id) => task(id));
    measure(...tasks);
    measure(...tasks);
    expect(expected).toEqual([3]);
  });

  test("drops a task whose cgroup is gone and measures the others", () => {
    using tree = tempTree({
      ...KERNEL,
      ...cgroup("/a", { 1: "k : 1\n" }),
      ...cgroup("/b", { 2: "k : 2\n" }),
    });
    const collector = collectorOn(tree.host);
    const measure = measuringRounds(collector);
    const [a, b] = [task("a"), task("b")];
    measure(a, b);
    tree.remove("sys/fs/cgroup/a");
    expect(measure(a, b)).toEqual({
      tasks: { b: { task_sched_stat: { k: 2 } } },
      dropped: { a: new TaskGone('Cannot list processes of "/a": no hierarchy has the cgroup') },
      failure: undefined,
    });
    expect(tree.host.keptFiles).toBe(1);
  });

  test("measures the others when the threads of one task cannot be read, and fails then", () => {
    using tree = tempTree(
      { ...KERNEL, ...cgroup("/a", { 1: "k : 1\n" }), ...cgroup("/b", { 2: "k : 2\n" }) },
      { keptFilesLimit: 0 },
    );
    let forbidden = false;
    const host = hostWith(tree.host, {
      open(path, how) {
        if (forbidden && path === "/proc/1/sched") throw new KernelError("open", path, "EPERM");
        return tree.host.open(path, how);
      },
    });
    const measure = measuringRounds(collectorOn(host));
    const [a, b] = [task("a"), task("b")];
    expect(measure(a, b).tasks["a"]).toEqual({ task_sched_stat: { k: 1 } });
    forbidden = true;
    expect(measure(a, b)).toEqual({
      tasks: { a: {}, b: { task_sched_stat: { k: 2 } } },
      dropped: {},
      failure: expect.objectContaining({
        message: `Cannot read "/proc/TID/sched" of the threads of tasks: EPERM, ${RIGHTS}`,
      }),
    });
  });

  test("says once that threads of other users are hidden", () => {
    using tree = tempTree({ ...mountsOf("v2"), "proc/self/sched": "", ...cgroup("/a", { 7: "k : 1\n" }) });
    const context = testContext(tree.host);
    const measure = measuringRounds(new SchedCollector({ sched: true }, context));
    const expected = { tasks: { a: { task_sched_stat: { k: 1 } } }, dropped: {}, failure: undefined };
    expect([measure(task("a")), measure(task("a"))]).toEqual([expected, expected]);
    expect(context.logged).toEqual([
      [
        "warning",
        `Cannot see threads of other users, scheduler statistics of tasks will lack them: ${RIGHTS}`,
      ],
    ]);
  });

  test("says Unsupported and what is needed on a kernel without the file", () => {
    using tree = tempTree({ ...mountsOf("v2"), ...cgroup("/a", { 7: "k : 1\n" }) });
    const collector = collectorOn(tree.host);
    const needs = "/proc/self/sched: ENOENT, needs CONFIG_SCHED_DEBUG (from Linux 6.15 on always there)";
    expect(measuringRounds(collector)(task("a")).failure).toEqual(
      new Unsupported(`Cannot measure scheduler statistics of tasks: ${needs}`),
    );
    expect(collector.probe([task("a")])).toEqual([
      {
        component: "SchedCollector",
        feature: "scheduler statistics of tasks",
        supported: false,
        detail: needs,
      },
    ]);
  });

  test("probe() tells whether threads of others can be read, and whether tasks show theirs", () => {
    using tree = tempTree({ ...KERNEL, ...cgroup("/a", { 7: "k : 1\n" }) });
    // What v2 shows of processes outside of the PID namespace.
    tree.write("sys/fs/cgroup/foreign/cgroup.threads", "0\n0\n");
    const collector = collectorOn(tree.host, { sched: true, sched_tasks: { task_id: "[^x].*" } });
    const answer = (...ids: readonly string[]) =>
      collector.probe(ids.map((id) => task(id))).map(({ supported, detail }) => [supported, detail]);
    const both = [
      [true, "/proc/TID/sched"],
      [true, "/proc/1/sched"],
    ];
    const unknown = [
      "unknown",
      "no task shows a thread; within a container that needs the PID namespace of the host",
    ];
    expect(answer()).toEqual(both);
    expect(answer("x")).toEqual(both);
    expect(answer("gone", "foreign", "a")).toEqual(both);
    expect(answer("gone", "foreign")).toEqual([...both, unknown]);
    tree.remove("proc/1");
    expect(answer()).toEqual([
      [true, "/proc/TID/sched"],
      [false, `/proc/1/sched: ENOENT, ${RIGHTS}`],
    ]);
    expect(tree.host.keptFiles).toBe(0);
  });

  test("the option sched is false when left out and refuses what is no pattern", () => {
    expect(options.parse({})).toEqual({ sched: false });
    expect(options.safeParse({ sched: "(" }).success).toBe(false);
    expect(options.safeParse({ sched: 1 }).success).toBe(false);
  });
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { z } from "zod";
import { WSS_OPTIONS, WssCollector } from "../../../src/collectors/working-set/wss.ts";
import type { OptionsOf } from "../../../src/config/component.ts";
import { KernelError, Unsupported } from "../../../src/model/errors.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import type { Task } from "../../../src/model/task.ts";
import { controlPath, mountsOf } from "../../kernel/cgroup/literal.ts";
import { taskWith } from "../../roles/labeler.ts";
import { testContext } from "../../support/context.ts";
import { type Tree, tempTree } from "../../support/tree.ts";
import { taskRounds } from "../task-rounds.ts";

type Options = OptionsOf<typeof WssCollector>;

const DEFAULTS: Options = z.object(WSS_OPTIONS).parse({}) as Options;
const OVERHEAD = "task_wss_measure_overhead_seconds";
const REFERENCED = "task_wss_referenced_bytes";
const WORKING_SET = "task_working_set_size_bytes";

function task(id: string, rest: Partial<Task> = {}): Task {
  return taskWith({ id, cgroupPath: `/${id}`, ...rest });
}

function rollup(referencedKb: number): string {
  return `00400000-7fff000 ---p 00000000 00:00 0   [rollup]\nRss: 9 kB\nReferenced: ${referencedKb} kB\nSwap: 0 kB\n`;
}

/** Referenced kB by process, by cgroup. */
type Cgroups = Readonly<Record<string, Readonly<Record<number, number>>>>;

function machine(cgroups: Cgroups): Tree {
  const tree = tempTree({ ...mountsOf("v2"), "proc/self/smaps_rollup": "" });
  for (const [path, processes] of Object.entries(cgroups)) {
    tree.write(controlPath(path, "cgroup.procs"), Object.keys(processes).join("\n"));
    for (const [pid, kilobytes] of Object.entries(processes)) {
      tree.write(`proc/${pid}/smaps_rollup`, rollup(kilobytes));
      tree.write(`proc/${pid}/clear_refs`, "");
    }
  }
  return tree;
}

/** Processes whose bits were cleared since the last call. */
function cleared(tree: Tree): readonly number[] {
  const found: number[] = [];
  for (const pid of fs.readdirSync(`${tree.root}/proc`)) {
    const file = `${tree.root}/proc/${pid}/clear_refs`;
    if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== "1\n") continue;
    fs.writeFileSync(file, "");
    found.push(Number(pid));
  }
  return found.sort((one, other) => one - other);
}

/** A collector that measures in every round unless told otherwise, and a clock. */
function collectorOn(tree: Tree, options: Partial<Options>) {
  let timeMs = 1_000_000;
  const rounds = taskRounds(() => timeMs);
  const context = testContext(tree.host);
  const collector = new WssCollector({ ...DEFAULTS, ...options }, context);
  return {
    collector,
    logged: context.logged,
    /** One round in which the collector throws. */
    measureFailing(tasks: readonly Task[]) {
      const { round, measured } = rounds.next(tasks);
      let failure: unknown;
      try {
        collector.measure(round);
      } catch (error) {
        failure = error;
      }
      return { failure, values: measured() };
    },
    pass(seconds: number) {
      timeMs += seconds * 1000;
    },
    /** One round; the time that measuring took is checked and left out. */
    measure(tasks: readonly Task[], before: Readonly<Record<string, Record<string, Measurement>>> = {}) {
      const { round, measured, dropped } = rounds.next(tasks, before);
      collector.measure(round);
      const values = Object.entries(measured()).map(([id, { [OVERHEAD]: overhead, ...rest }]) => {
        if (overhead !== undefined) expect(overhead).toBeGreaterThan(0);
        return [id, rest] as const;
      });
      return { values: Object.fromEntries(values), dropped: [...dropped.keys()] };
    },
  };
}

const bandwidth = (bytes: number) => ({ task_mem_bandwidth_bytes: bytes });

describe("WssCollector with smaps", () => {
  test("adds up the referenced memory of all processes, kB of 1024 bytes", () => {
    using tree = machine({ "/a": { 1: 1024, 2: 2048, 3: 3072 }, "/a/x": { 4: 4096, 5: 5120 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 0 });
    expect(measure([task("a")]).values).toEqual({ a: { [REFERENCED]: 15_360 * 1024 } });
    expect(cleared(tree)).toEqual([]);
  });

  test("does nothing by default", () => {
    using tree = machine({ "/a": { 1: 1024 } });
    const { measure } = collectorOn(tree, {});
    expect(measure([task("a")]).values).toEqual({ a: {} });
  });

  test("leaves processes of tasks below a task to those", () => {
    using tree = machine({ "/a": { 1: 1 }, "/a/b": { 2: 2 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 1 });
    const a = task("a");
    const b = task("b", { cgroupPath: "/a/b" });
    expect(measure([a, b]).values).toEqual({ a: { [REFERENCED]: 1024 }, b: { [REFERENCED]: 2048 } });
    expect(measure([a]).values).toEqual({ a: { [REFERENCED]: 3072 } });
  });

  test("clears every so many cycles", () => {
    using tree = machine({ "/a": { 1: 1, 2: 1 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 2 });
    const seen = Array.from({ length: 4 }, () => {
      measure([task("a")]);
      return cleared(tree);
    });
    expect(seen).toEqual([[], [1, 2], [], [1, 2]]);
  });

  test("estimates the working set by the bandwidth that resctrl measured in the same round", () => {
    using tree = machine({ "/a": { 1: 4 } });
    const { measure } = collectorOn(tree, {
      ...{ wss_reset_cycles: 0, wss_stable_cycles: 2, wss_membw_threshold: 1 },
    });
    const seen = [4, 5, 7, 1].map((kilobytes, index) => {
      tree.write("proc/1/smaps_rollup", rollup(kilobytes));
      const { values } = measure([task("a")], { a: bandwidth((index + 1) * 1_000_000) });
      return [values["a"]?.[WORKING_SET], cleared(tree)];
    });
    expect(seen).toEqual([
      [undefined, []],
      [undefined, []],
      [6 * 1024, [1]],
      [6 * 1024, []],
    ]);
  });

  test("has no working set without bandwidth, and says so once", () => {
    using tree = machine({ "/a": { 1: 4 } });
    const { measure, logged } = collectorOn(tree, {
      ...{ wss_reset_cycles: 0, wss_stable_cycles: 2, wss_membw_threshold: 0.1 },
    });
    for (let round = 0; round < 4; round++)
      expect(measure([task("a")]).values).toEqual({ a: { [REFERENCED]: 4096 } });
    expect(logged).toEqual([
      [
        "warning",
        "Cannot estimate working sets: no task has task_mem_bandwidth_bytes (memory bandwidth by resctrl), which tells when referenced memory is stable; only task_wss_referenced_bytes is measured",
      ],
    ]);
  });

  test("says nothing of bandwidth that is there from the second measurement on", () => {
    using tree = machine({ "/a": { 1: 4 } });
    const { measure, logged } = collectorOn(tree, {
      ...{ wss_reset_cycles: 0, wss_stable_cycles: 1, wss_membw_threshold: 1 },
    });
    // Some hardware answers "Unavailable" to the first reading of a new monitoring group.
    measure([task("a")]);
    measure([task("a")], { a: bandwidth(1_000_000) });
    expect(measure([task("a")], { a: bandwidth(2_000_000) }).values["a"]?.[WORKING_SET]).toBe(4096);
    expect(logged).toEqual([]);
  });

  test("skips processes that have ended and goes on with the others, also when clearing", () => {
    using tree = machine({ "/a": { 1: 1, 2: 2, 3: 3 } });
    tree.remove("proc/2");
    tree.remove("proc/3/clear_refs");
    const { measure, logged } = collectorOn(tree, { wss_reset_cycles: 1 });
    expect(measure([task("a")]).values).toEqual({ a: { [REFERENCED]: 4096 } });
    expect(cleared(tree)).toEqual([1]);
    expect(logged).toEqual([]);
  });

  test("says once that processes of other users are hidden, which look as if they had ended", () => {
    using tree = machine({ "/a": { 2: 2, 3: 3 } });
    tree.remove("proc/2");
    const { measure, logged } = collectorOn(tree, { wss_reset_cycles: 0 });
    for (let round = 0; round < 2; round++)
      expect(measure([task("a")]).values).toEqual({ a: { [REFERENCED]: 3072 } });
    expect(logged).toEqual([
      [
        "warning",
        "Cannot see processes of other users, referenced memory of tasks will lack them: /proc is mounted with hidepid or a security module forbids it; needs CAP_SYS_PTRACE, or the group that the mount option gid= of /proc names",
      ],
    ]);
  });

  test("says what forbids the reading where /proc is mounted with hidepid=noaccess", () => {
    using tree = machine({ "/a": { 1: 1 } });
    const { read } = tree.host;
    tree.host.read = (path) => {
      if (path === "/proc/1/smaps_rollup") throw new KernelError("read", path, "EPERM");
      return read.call(tree.host, path);
    };
    const { measure, logged } = collectorOn(tree, { wss_reset_cycles: 0 });
    expect(measure([task("a")]).values).toEqual({ a: {} });
    expect(logged).toEqual([
      [
        "warning",
        'Cannot read "/proc/PID/smaps_rollup": EPERM, /proc is mounted with hidepid or a security module forbids it; needs CAP_SYS_PTRACE, or the group that the mount option gid= of /proc names; tasks with such processes have no referenced bytes and no working set',
      ],
    ]);
  });

  test("a task without processes has no values, and gets them back", () => {
    using tree = machine({ "/a": { 1: 1 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 0 });
    const a = task("a");
    measure([a]);
    tree.write(controlPath("/a", "cgroup.procs"), "");
    expect(measure([a]).values).toEqual({ a: {} });
    tree.write(controlPath("/a", "cgroup.procs"), "1\n");
    expect(measure([a]).values).toEqual({ a: { [REFERENCED]: 1024 } });
  });

  test("drops a task whose cgroup is gone and measures the others", () => {
    using tree = machine({ "/a": { 1: 1 }, "/c": { 3: 3 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 0 });
    expect(measure([task("a"), task("b"), task("c")])).toEqual({
      values: { a: { [REFERENCED]: 1024 }, c: { [REFERENCED]: 3072 } },
      dropped: ["b"],
    });
  });

  test("a task whose bits it may not clear has no working set, which is said once", () => {
    using tree = machine({ "/a": { 1: 4 }, "/b": { 2: 4 } });
    const { write } = tree.host;
    tree.host.write = (path, text) => {
      if (path === "/proc/1/clear_refs") throw new KernelError("write", path, "EACCES");
      write.call(tree.host, path, text);
    };
    const { measure, logged } = collectorOn(tree, {
      ...{ wss_reset_cycles: 0, wss_stable_cycles: 1, wss_membw_threshold: 1 },
    });
    const seen = Array.from({ length: 6 }, (_, index) => {
      const transferred = bandwidth((index + 1) * 1_000_000);
      return measure([task("a"), task("b")], { a: transferred, b: transferred }).values;
    });
    expect(seen.map(({ a, b }) => [a?.[WORKING_SET], b?.[WORKING_SET]])).toEqual([
      [undefined, undefined],
      ...Array.from({ length: 5 }, () => [undefined, 4096]),
    ]);
    expect(logged).toEqual([
      [
        "warning",
        'Cannot write "/proc/PID/clear_refs": EACCES, process of another user; needs CAP_DAC_OVERRIDE; tasks with such processes have no working set',
      ],
    ]);
  });

  test("keeps no values of a measurement that failed", () => {
    using tree = machine({ "/a": { 1: 1 } });
    const { measure, measureFailing } = collectorOn(tree, { wss_reset_cycles: 0 });
    const tasks = [task("a")];
    expect(measure(tasks).values).toEqual({ a: { [REFERENCED]: 1024 } });
    tree.remove(controlPath("/a", "cgroup.procs"));
    tree.write(`${controlPath("/a", "cgroup.procs")}/in-its-place`, "");
    expect(measureFailing(tasks)).toEqual({ failure: expect.any(KernelError), values: { a: {} } });
  });

  test("starts anew for a cgroup that was made again under the same name", () => {
    using tree = machine({ "/a": { 1: 1 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 2 });
    const seen = [1, 2, 2].map((identity) => {
      measure([task("a", { identity })]);
      return cleared(tree);
    });
    expect(seen).toEqual([[], [], [1]]);
  });

  test("watches only the chosen tasks", () => {
    using tree = machine({ "/a": { 1: 1 }, "/b": { 2: 2 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 1, wss_tasks: { tier: "back.*" } });
    const tasks = [task("a", { labels: { tier: "front" } }), task("b", { labels: { tier: "backend" } })];
    expect(measure(tasks).values).toEqual({ a: {}, b: { [REFERENCED]: 2048 } });
    expect(cleared(tree)).toEqual([2]);
  });

  test("measures at its own interval and keeps the values meanwhile", () => {
    using tree = machine({ "/a": { 1: 1 } });
    const { measure, pass } = collectorOn(tree, { wss_reset_cycles: 1, wss_interval: 3 });
    const seen = [0, 1, 1, 0.95, 1].map((seconds, index) => {
      pass(seconds);
      tree.write("proc/1/smaps_rollup", rollup(index + 1));
      // A task is another object when its labels change.
      return [
        measure([task("a", { labels: { round: `${index}` } })]).values["a"]?.[REFERENCED],
        cleared(tree),
      ];
    });
    expect(seen).toEqual([
      [1024, [1]],
      [1024, []],
      [1024, []],
      [4096, [1]],
      [4096, []],
    ]);
  });

  test("has no value between measurements for a task that is new under an old name", () => {
    using tree = machine({ "/a": { 1: 1 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 0, wss_interval: 60 });
    expect(measure([task("a", { identity: 1 })]).values).toEqual({ a: { [REFERENCED]: 1024 } });
    expect(measure([task("a", { identity: 2 })]).values).toEqual({ a: {} });
  });

  test("measures at once when the clock was set back", () => {
    using tree = machine({ "/a": { 1: 1 } });
    const { measure, pass } = collectorOn(tree, { wss_reset_cycles: 0, wss_interval: 60 });
    measure([task("a")]);
    tree.write("proc/1/smaps_rollup", rollup(7));
    pass(-3600);
    expect(measure([task("a")]).values).toEqual({ a: { [REFERENCED]: 7168 } });
  });

  test("reads smaps where the kernel has no smaps_rollup", () => {
    using tree = machine({ "/a": { 1: 1 } });
    tree.remove("proc/self/smaps_rollup");
    tree.write("proc/self/smaps", "");
    tree.write("proc/1/smaps", rollup(2) + rollup(3));
    const { measure } = collectorOn(tree, { wss_reset_cycles: 0 });
    expect(measure([task("a")]).values).toEqual({ a: { [REFERENCED]: 5120 } });
  });

  test("says Unsupported where the kernel has neither", () => {
    using tree = machine({ "/a": { 1: 1 } });
    tree.remove("proc/self/smaps_rollup");
    const { measure } = collectorOn(tree, { wss_reset_cycles: 0 });
    expect(() => measure([task("a")])).toThrow(Unsupported);
  });

  test("says once what it cannot parse, and has no value then", () => {
    using tree = machine({ "/a": { 1: 1, 2: 2 } });
    tree.write("proc/2/smaps_rollup", "x\nReferenced: kB\n");
    const { measure, logged } = collectorOn(tree, { wss_reset_cycles: 0 });
    for (let round = 0; round < 2; round++) expect(measure([task("a")]).values).toEqual({ a: {} });
    expect(logged).toEqual([
      [
        "warning",
        'Cannot read "/proc/PID/smaps_rollup": EBADMSG, not expected of this file; tasks with such processes have no referenced bytes and no working set',
      ],
    ]);
  });

  test("keeps nothing of tasks that left", () => {
    using tree = machine({ "/a": { 1: 1 } });
    const { measure } = collectorOn(tree, { wss_reset_cycles: 2 });
    measure([task("a")]);
    measure([]);
    measure([task("a")]);
    expect(cleared(tree)).toEqual([]);
  });
});

describe("options of WssCollector", () => {
  test("are off by default", () => {
    expect(z.object(WSS_OPTIONS).parse({})).toEqual({
      wss_reset_cycles: null,
      wss_stable_cycles: 0,
      wss_membw_threshold: null,
      wss_source: "smaps",
    });
  });

  test.each([{ wss_membw_threshold: 1 }, { wss_stable_cycles: -3 }, { wss_reset_cycles: 0 }])(
    "%j is taken",
    (given) => {
      expect(z.object(WSS_OPTIONS).parse(given)).toMatchObject(given);
    },
  );

  test.each([
    { wss_reset_cycles: -1 },
    { wss_reset_cycles: 1.5 },
    { wss_membw_threshold: -0.1 },
    { wss_interval: -1 },
  ])("%j is refused", (given) => {
    expect(z.object(WSS_OPTIONS).safeParse(given).success).toBe(false);
  });

  test.each([
    [
      { wss_stable_cycles: 2, wss_membw_threshold: 0.1 },
      "Cannot use wss_stable_cycles and wss_membw_threshold: wss_reset_cycles is null, which switches the measuring of working sets off",
    ],
    [
      { wss_reset_cycles: 0, wss_stable_cycles: 2 },
      "Cannot use wss_stable_cycles: wss_membw_threshold is null, so no working set is estimated, only referenced memory is measured",
    ],
    [
      { wss_reset_cycles: 0, wss_membw_threshold: 0.5 },
      "Cannot use wss_membw_threshold: wss_stable_cycles is 0, so no working set is estimated, only referenced memory is measured",
    ],
  ] as const)("%j: one warning at the start", (options, message) => {
    using tree = tempTree({});
    const { collector, logged } = collectorOn(tree, options);
    collector.open();
    expect(logged).toEqual([["warning", message]]);
  });

  test.each([
    {},
    { wss_reset_cycles: 3 },
    { wss_reset_cycles: 0, wss_stable_cycles: 2, wss_membw_threshold: 1 },
  ])("%j: no warning", (options) => {
    using tree = tempTree({});
    const { collector, logged } = collectorOn(tree, options);
    collector.open();
    expect(logged).toEqual([]);
  });

  test.each([{ wss_reset_cycles: 0 }, { wss_stable_cycles: 1 }, { wss_membw_threshold: 1 }])(
    "wss_source damon with %j is refused",
    (options) => {
      using tree = tempTree({});
      expect(() => collectorOn(tree, { wss_source: "damon", wss_interval: 10, ...options })).toThrow(
        new RangeError(
          "wss_source damon takes no wss_reset_cycles, wss_stable_cycles or wss_membw_threshold: it clears nothing and measures the working set itself",
        ),
      );
    },
  );

  test("wss_source damon with an interval of less than two windows is refused", () => {
    using tree = tempTree({});
    expect(() => collectorOn(tree, { wss_source: "damon", wss_interval: 3 })).toThrow(RangeError);
  });
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { Unsupported } from "../../../src/model/errors.ts";
import { HARDWARE, MOUNT, perfMachine, platformWith, task } from "./perf-machine.ts";

const CORE = ["task_cycles", "task_instructions", "task_cache_references", "task_cache_misses"];
const A = `${MOUNT}/a`;
const SMOOTH = { task_scaling_factor_avg: 1, task_scaling_factor_max: 1 };
const MS = 1_000_000n;

describe("PerfCollector (fake system calls)", () => {
  test("does nothing at all without event_names", () => {
    using machine = perfMachine();
    const { perf, tree, round } = machine;
    expect(round([task("a")])).toEqual({ a: {} });
    expect([perf.opened, perf.openDescriptors, tree.host.freeDescriptors]).toEqual([[], 0, 10_000]);
    expect(machine.collector.missingFiles()).toEqual(new Map());
  });

  test("counts hardware and software events of every task over all CPUs", () => {
    using machine = perfMachine({
      options: { event_names: ["task_cycles", "task_cpu_clock_seconds", "task_page_faults"] },
    });
    const { perf, round } = machine;
    const [a, b] = [task("a"), task("b")];
    const none = { task_cycles: 0, task_cpu_clock_seconds: 0, task_page_faults: 0, ...SMOOTH };
    expect(round([a, b])).toEqual({ a: none, b: none });
    perf.run({ cpu: 0, cgroup: A, ns: 250n * MS, counts: { "0:0": 700n, "1:1": 250n * MS, "1:2": 3n } });
    perf.run({ cpu: 1, cgroup: A, ns: 50n * MS, counts: { "0:0": 11n, "1:1": 50n * MS } });
    expect(round([a, b])).toEqual({
      a: { task_cycles: 711, task_cpu_clock_seconds: 0.3, task_page_faults: 3, ...SMOOTH },
      b: none,
    });
    // A pair of groups for each task, and one reading of each of them when it is opened and in a round.
    expect([perf.opened.length, perf.reads]).toEqual([12, 12]);
  });

  test("keeps values by CPU apart with perf_aggregate_cpus: false", () => {
    using machine = perfMachine({
      options: { event_names: ["task_cycles"], perf_aggregate_cpus: false },
    });
    const { perf, round } = machine;
    const a = task("a");
    round([a]);
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:0": 2n } });
    perf.run({ cpu: 1, cgroup: A, ns: 10n, share: 0.5, counts: { "0:0": 8n } });
    expect(round([a])).toEqual({
      a: {
        task_cycles: { "0": 2, "1": 8 },
        task_scaling_factor_avg: { "0": 1, "1": 2 },
        task_scaling_factor_max: { "0": 1, "1": 2 },
      },
    });
  });

  test("counts what happens in cgroups below the task's, as a pod's containers", () => {
    using machine = perfMachine({
      options: { event_names: ["task_cycles"] },
      cgroups: ["a", "a/x", "a/y"],
    });
    const { perf, round } = machine;
    const pod = task("a", { subcgroupPaths: ["/a/x", "/a/y"] });
    round([pod]);
    expect(perf.openDescriptors).toBe(2);
    perf.run({ cpu: 0, cgroup: `${A}/x`, ns: 10n, counts: { "0:0": 2n } });
    perf.run({ cpu: 1, cgroup: `${A}/y`, ns: 10n, counts: { "0:0": 5n } });
    perf.run({ cpu: 1, cgroup: `${MOUNT}/ab`, ns: 10n, counts: { "0:0": 90n } });
    expect(round([pod])["a"]).toMatchObject({ task_cycles: 7 });
  });

  test("sums containers that are elsewhere, and its sum does not fall when one leaves", () => {
    using machine = perfMachine({
      options: { event_names: ["task_cycles"] },
      cgroups: ["a", "c/x", "c/y", "c/y/z"],
    });
    const { perf, round } = machine;
    const pod = (...subcgroupPaths: string[]) => [task("a", { subcgroupPaths })];
    round(pod("/c/x", "/c/y", "/c/y/z", "/c/none"));
    // The own cgroup is not opened, nor what is below another one or is not there.
    expect(perf.openDescriptors).toBe(4);
    perf.run({ cpu: 0, cgroup: `${MOUNT}/c/x`, ns: 10n, share: 0.5, counts: { "0:0": 2n } });
    perf.run({ cpu: 0, cgroup: `${MOUNT}/c/y/z`, ns: 10n, counts: { "0:0": 5n } });
    expect(round(pod("/c/x", "/c/y", "/c/y/z"))).toEqual({
      a: { task_cycles: 7, task_scaling_factor_avg: 1.5, task_scaling_factor_max: 2 },
    });
    perf.run({ cpu: 0, cgroup: `${MOUNT}/c/x`, ns: 10n, counts: { "0:0": 100n } });
    // The container that leaves is read a last time.
    expect(round(pod("/c/y"))["a"]).toMatchObject({ task_cycles: 107 });
    expect(perf.openDescriptors).toBe(2);
    perf.run({ cpu: 0, cgroup: `${MOUNT}/c/y`, ns: 10n, counts: { "0:0": 1n } });
    expect(round(pod("/c/y"))["a"]).toMatchObject({ task_cycles: 108 });
  });

  test("looks again for a container whose cgroup was not there yet", () => {
    using machine = perfMachine({ options: { event_names: ["task_cycles"] }, cgroups: ["a", "c/x"] });
    const { perf, round } = machine;
    const pod = [task("a", { subcgroupPaths: ["/c/x", "/c/y"] })];
    let looks = 0;
    const openDirectory = perf.openDirectory.bind(perf);
    perf.openDirectory = (path) => {
      if (path.endsWith("/y")) looks++;
      return openDirectory(path);
    };
    // In rounds 1, 2, 4, 8, 16 and 32.
    for (let rounds = 1; rounds <= 40; rounds++) round(pod);
    expect([looks, perf.openDescriptors]).toEqual([6, 2]);
    perf.cgroups.add(`${MOUNT}/c/y`);
    for (let rounds = 41; rounds <= 64; rounds++) round(pod);
    for (const name of ["x", "y"]) {
      perf.run({ cpu: 0, cgroup: `${MOUNT}/c/${name}`, ns: 10n, counts: { "0:0": 2n } });
    }
    expect(round(pod)["a"]).toMatchObject({ task_cycles: 4 });
    expect([looks, perf.openDescriptors, machine.warnings]).toEqual([7, 4, []]);
  });

  test("scales by the time of each round and tells the factors of it", () => {
    using machine = perfMachine({
      options: { event_names: CORE },
      perf: { counters: 2 },
    });
    const { perf, round } = machine;
    const a = task("a");
    round([a]);
    perf.run({ cpu: 0, cgroup: A, ns: 100n, share: 0.5, counts: { "0:0": 10n, "0:3": 6n } });
    expect(round([a])["a"]).toEqual({
      ...{ task_cycles: 10, task_instructions: 0, task_cache_references: 0, task_cache_misses: 6 },
      ...{ task_scaling_factor_avg: 2, task_scaling_factor_max: 2 },
    });
    perf.run({ cpu: 0, cgroup: A, ns: 100n, share: 0.25, counts: { "0:0": 400n } });
    perf.run({ cpu: 1, cgroup: A, ns: 100n, counts: { "0:0": 1n } });
    expect(round([a])["a"]).toMatchObject({
      ...{ task_cycles: 411, task_cache_misses: 6 },
      ...{ task_scaling_factor_avg: 2.5, task_scaling_factor_max: 4 },
    });
    // An idle round is not scaled.
    expect(round([a])["a"]).toMatchObject({ task_cycles: 411, ...SMOOTH });
  });

  test.each([true, false])(
    "does not take time before the opening for time without a counter, aggregated: %p",
    (perf_aggregate_cpus) => {
      using machine = perfMachine({ options: { event_names: ["task_cycles"], perf_aggregate_cpus } });
      const { perf, round } = machine;
      const a = task("a");
      perf.startEnabledNs = 9n * MS;
      const each = (value: number) => (perf_aggregate_cpus ? value : { "0": value, "1": value });
      const factors = { task_scaling_factor_avg: each(1), task_scaling_factor_max: each(1) };
      expect(round([a])["a"]).toEqual({ task_cycles: each(0), ...factors });
      perf.offline(1);
      round([a], platformWith(0));
      perf.online(1);
      round([a]);
      for (const cpu of [0, 1]) perf.run({ cpu, cgroup: A, ns: MS, counts: { "0:0": 7n } });
      const { task_cycles, ...others } = round([a])["a"] ?? {};
      expect([task_cycles, others]).toEqual([perf_aggregate_cpus ? 14 : each(7), factors]);
    },
  );

  test("rounds scaled sums half to even", () => {
    using machine = perfMachine({ options: { event_names: ["task_cycles", "task_instructions"] } });
    const { perf, round } = machine;
    const a = task("a");
    round([a]);
    // 5 and 7 in two of three nanoseconds.
    perf.run({ cpu: 0, cgroup: A, ns: 2n, counts: { "0:0": 5n, "0:1": 7n } });
    perf.run({ cpu: 0, cgroup: A, ns: 1n, share: 0 });
    expect(round([a])["a"]).toMatchObject({ task_cycles: 8, task_instructions: 10 });
  });

  test("gives no value of an event that never ran, and keeps one that ran before", () => {
    using machine = perfMachine({ options: { event_names: ["task_cycles"] } });
    const { perf, round, warnings } = machine;
    const a = task("a");
    round([a]);
    perf.run({ cpu: 0, cgroup: A, ns: 100n, share: 0, counts: { "0:0": 9n } });
    expect(round([a])).toEqual({ a: SMOOTH });
    perf.run({ cpu: 1, cgroup: A, ns: 100n, counts: { "0:0": 9n } });
    expect(round([a])["a"]).toMatchObject({ task_cycles: 9 });
    perf.run({ cpu: 1, cgroup: A, ns: 100n, share: 0, counts: { "0:0": 9n } });
    expect(round([a])["a"]).toMatchObject({ task_cycles: 9 });
    expect(warnings).toEqual([]);
  });

  test("says once that an event has waited for a counter in vain", () => {
    using machine = perfMachine({ options: { event_names: ["task_cycles", "task_page_faults"] } });
    const { perf, round } = machine;
    const tasks = [task("a"), task("b")];
    for (let rounds = 0; rounds < 25; rounds++) {
      perf.run({ cpu: 0, cgroup: A, ns: 100n, share: 0 });
      round(tasks);
    }
    expect(machine.warnings).toEqual([
      "Cannot count task_cycles: the task ran, but the event never got a counter; name fewer events, or free the counter that kernel.nmi_watchdog=1 takes",
      "Cannot count task_page_faults: the task ran, but the event never got a counter; name fewer events, or free the counter that kernel.nmi_watchdog=1 takes",
    ]);
  });

  test("counts on above 2^53 without losing a single event of a round", () => {
    using machine = perfMachine({ options: { event_names: ["task_cycles"], enable_derived_metrics: true } });
    const { perf, round } = machine;
    const a = task("a");
    perf.startValue = (1n << 64n) - 5n;
    round([a]);
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:0": 12n } });
    const first = round([a])["a"]?.["task_cycles"];
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:0": 1n } });
    expect(Number(round([a])["a"]?.["task_cycles"]) - Number(first)).toBe(1);
  });
});

describe("PerfCollector and tasks that come and go (fake system calls)", () => {
  const options = { event_names: CORE };

  test("closes what tasks had that left, and gives the descriptors back", () => {
    using machine = perfMachine({ options });
    const { perf, tree, round } = machine;
    round([task("a"), task("b")]);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([16, 10_000 - 16]);
    round([task("b")]);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([8, 10_000 - 8]);
    round([]);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([0, 10_000]);
  });

  test("keeps counting a task that is found as another object, with other labels", () => {
    using machine = perfMachine({ options });
    const { perf, round } = machine;
    round([task("a")]);
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:0": 4n } });
    round([task("a")]);
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:0": 4n } });
    expect(round([task("a", { labels: { x: "y" } })])["a"]).toMatchObject({ task_cycles: 8 });
    expect(perf.opened.length).toBe(8);
  });

  test("starts anew for a cgroup that was made again", () => {
    using machine = perfMachine({ options });
    const { perf, round } = machine;
    round([task("a")]);
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:0": 4n } });
    expect(round([task("a")])["a"]).toMatchObject({ task_cycles: 4 });
    expect(round([task("a", { identity: 2 })])["a"]).toMatchObject({ task_cycles: 0 });
    expect([perf.opened.length, perf.openDescriptors]).toEqual([16, 8]);
  });

  test("watches only tasks that perf_tasks selects, and takes metrics of others away", () => {
    using machine = perfMachine({ options: { ...options, perf_tasks: { tier: "gold|silver" } } });
    const { perf, tree, round } = machine;
    const labels: Record<string, string> = { tier: "gold" };
    const a = task("a", { labels });
    expect(Object.keys(round([a, task("b", { labels: { tier: "golden" } })])["b"] ?? {})).toEqual([]);
    expect(perf.openDescriptors).toBe(8);
    const entry = { ...a, labels: { tier: "bronze" } };
    expect(round([entry])).toEqual({ a: {} });
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([0, 10_000]);
  });

  test("says once how many tasks have no cgroup in the hierarchy, and looks for it again", () => {
    using machine = perfMachine({ options });
    const { perf, round, collector } = machine;
    const tasks = ["a", "x", "y"].map((id) => task(id));
    expect(Object.keys(round(tasks)["x"] ?? {})).toEqual([]);
    expect(machine.warnings).toEqual([]);
    for (let rounds = 0; rounds < 10; rounds++) round(tasks);
    expect(machine.warnings).toEqual([
      "Cannot count perf events of 2 of 3 tasks: they have no cgroup of their own in the hierarchy of perf_event, /sys/fs/cgroup",
    ]);
    expect(collector.missingFiles()).toEqual(new Map([["cgroup of perf_event", 2]]));
    perf.cgroups.add(`${MOUNT}/x`);
    for (let rounds = 0; rounds < 10; rounds++) round(tasks);
    expect(round(tasks)["x"]).toMatchObject({ task_cycles: 0 });
    expect(collector.missingFiles()).toEqual(new Map([["cgroup of perf_event", 1]]));
    round([]);
    expect([collector.missingFiles(), perf.openDescriptors]).toEqual([new Map(), 0]);
  });

  test("says once what a fresh v2 tree lacks, and counts when it has it", () => {
    using machine = perfMachine({
      options,
      cgroups: ["b"],
      perf: { cgroups: [], foreign: [A] },
      files: { "sys/fs/cgroup/cgroup.subtree_control": "\n" },
    });
    const { perf, round } = machine;
    const tasks = [task("a")];
    for (let rounds = 0; rounds < 5; rounds++) expect(round(tasks)).toEqual({ a: {} });
    expect(machine.warnings[0]).toBe(
      'Cannot open perf events of cgroup "/sys/fs/cgroup/a": ENOENT, which v2 trees say in which no controller was ever switched on: echo +pids > /sys/fs/cgroup/cgroup.subtree_control',
    );
    expect(machine.warnings.length).toBe(1);
    perf.cgroups.add(A);
    for (let rounds = 0; rounds < 5; rounds++) round(tasks);
    expect(round(tasks)["a"]).toMatchObject({ task_cycles: 0 });
  });

  test("counts in the v1 hierarchy of perf_event where there is one, and nowhere else", () => {
    const mount = "/sys/fs/cgroup/perf_event";
    using machine = perfMachine({
      options,
      cgroups: [],
      perf: { cgroups: [`${mount}/a`], foreign: ["/sys/fs/cgroup/unified/a", "/sys/fs/cgroup/unified/b"] },
      files: {
        "proc/self/mounts": `cgroup ${mount} cgroup rw,perf_event 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`,
        "proc/cgroups": "perf_event\t7\t3\t1\n",
      },
    });
    const { perf, round } = machine;
    const tasks = [task("a"), task("b")];
    round(tasks);
    perf.run({ cpu: 1, cgroup: `${mount}/a`, ns: 10n, counts: { "0:0": 3n } });
    const { a, b } = round(tasks);
    expect([a?.["task_cycles"], b]).toEqual([3, {}]);
    for (let rounds = 0; rounds < 4; rounds++) round(tasks);
    expect(machine.warnings).toEqual([
      `Cannot count perf events of 1 of 2 tasks: they have no cgroup of their own in the hierarchy of perf_event, ${mount}`,
    ]);
  });

  test("close() gives everything back, unopened and twice as well", () => {
    using machine = perfMachine({ options });
    const { perf, tree, round, collector } = machine;
    collector.close();
    round([task("a"), task("b")]);
    collector.close();
    collector.close();
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([0, 10_000]);
  });
});

describe("PerfCollector and descriptors (fake system calls)", () => {
  const options = { event_names: CORE };
  const NAMES = ["a", "b", "c", "d"];

  test("watches as many tasks as fit, in order, and says the sum once", () => {
    using machine = perfMachine({ options, cgroups: NAMES, keptFilesLimit: 20 });
    const { perf, tree, round, collector } = machine;
    const tasks = NAMES.map((id) => task(id));
    for (let rounds = 0; rounds < 3; rounds++) {
      const watched = Object.entries(round(tasks)).filter(([, its]) => Object.keys(its).length > 0);
      expect(watched.map(([id]) => id)).toEqual(["a", "b"]);
    }
    expect(machine.warnings).toEqual([
      "Cannot count perf events of 2 of 4 tasks: 4 events on 2 CPUs take 8 descriptors a task, 32 in all, and 20 are left of the limit less a reserve of 512; raise LimitNOFILE, name fewer events or choose tasks with perf_tasks",
    ]);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([16, 4]);
    expect(collector.missingFiles()).toEqual(new Map([["descriptors for perf events", 2]]));
    // One leaves, the next in order takes its place in the same round.
    const left = round(tasks.slice(1));
    expect(Object.keys(left["c"] ?? {})).toContain("task_cycles");
    expect([left["d"], machine.warnings.length, perf.openDescriptors]).toEqual([{}, 1, 16]);
  });

  test("opens nothing before it knows that all of a task fits", () => {
    using machine = perfMachine({ options, keptFilesLimit: 7 });
    machine.round([task("a"), task("b")]);
    expect([machine.perf.opened, machine.tree.host.freeDescriptors]).toEqual([[], 7]);
  });

  test("gives back what events took that turned out to be unknown", () => {
    using machine = perfMachine({ options, perf: { events: ["0:0"] } });
    const { perf, tree, round } = machine;
    expect(Object.keys(round([task("a"), task("b")])["b"] ?? {})).toEqual([
      "task_cycles",
      "task_scaling_factor_avg",
      "task_scaling_factor_max",
    ]);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([4, 9996]);
  });

  test("leaves nothing open when the kernel has fewer descriptors than the budget, and tries again", () => {
    using machine = perfMachine({ options, perf: { descriptors: 14 } });
    const { perf, tree, round } = machine;
    const tasks = [task("a"), task("b")];
    const first = round(tasks);
    expect([Object.keys(first["a"] ?? {}).length, first["b"]]).toEqual([6, {}]);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([8, 9992]);
    expect(machine.warnings).toEqual([
      'Cannot open perf events of task "b": EMFILE, the agent has as many open files as it may have; raise LimitNOFILE, name fewer events or choose fewer tasks; the task has no perf metrics, it is tried again',
    ]);
    for (let rounds = 2; rounds <= 30; rounds++) round(tasks);
    // In rounds 1, 2, 4, 8 and 16, five events each before the limit was reached.
    expect(perf.opened.length).toBe(8 + 5 * 5);
    perf.descriptors = 100;
    round(tasks);
    expect(round(tasks)["b"]).toMatchObject({ task_cycles: 0 });
    expect(machine.warnings.length).toBe(1);
  });
});

describe("PerfCollector and what a host refuses (fake system calls)", () => {
  test.each(["ENOENT", "EOPNOTSUPP", "EINVAL", "ENOSPC", "EBUSY"])(
    "drops one event for %s alone and says so once",
    (errno) => {
      using machine = perfMachine({
        options: { event_names: ["task_cycles", "task_instructions", "task_page_faults"] },
        perf: { errors: { "0:1": errno } },
      });
      const { perf, round } = machine;
      const tasks = [task("a"), task("b")];
      for (let rounds = 0; rounds < 3; rounds++) round(tasks);
      perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:0": 4n, "1:2": 1n } });
      expect(round(tasks)["a"]).toEqual({ task_cycles: 4, task_page_faults: 1, ...SMOOTH });
      expect(machine.warnings.length).toBe(1);
      expect(machine.warnings[0]).toStartWith(
        `Cannot count event "task_instructions" (type 0, config 0x1): ${errno}, `,
      );
      expect(machine.warnings[0]).toEndWith("; the other events are counted");
    },
  );

  test("says Unsupported when no event is left", () => {
    using machine = perfMachine({ options: { event_names: ["task_cycles"] }, perf: { events: [] } });
    const { perf, tree, round } = machine;
    expect(() => round([task("a")])).toThrow(
      new Unsupported("Cannot count perf events: this host has none of event_names"),
    );
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([0, 10_000]);
  });

  test("says Unsupported of events that have no encoding here, one line for each of the others", () => {
    using machine = perfMachine({
      options: { event_names: ["task_mem_inst_retired_loads", "task_cycles"] },
    });
    expect(machine.round([task("a")])["a"]).toMatchObject({ task_cycles: 0 });
    expect(machine.warnings.length).toBe(1);
    expect(machine.warnings[0]).toStartWith('Cannot count event "task_mem_inst_retired_loads": ');
    using without = perfMachine({ options: { event_names: ["task_mem_inst_retired_loads"] } });
    expect(() => without.round([task("a")])).toThrow(Unsupported);
  });

  test("drops one event whose terms the host's PMU has not got, and says so once", () => {
    const pmu = "sys/bus/event_source/devices/msr";
    using machine = perfMachine({
      options: { event_names: ["task_page_faults", "odd/msr/tsc,zork=3/", "x/msr/nope/"] },
      files: {
        [`${pmu}/type`]: "12\n",
        [`${pmu}/events/tsc`]: "event=0x00\n",
        [`${pmu}/format/event`]: "config:0-63\n",
      },
    });
    const tasks = [task("a")];
    for (let rounds = 0; rounds < 3; rounds++) machine.round(tasks);
    expect(machine.round(tasks)["a"]).toEqual({ task_page_faults: 0, ...SMOOTH });
    expect(machine.warnings).toEqual([
      'Cannot count event "odd/msr/tsc,zork=3/": Cannot encode "msr/tsc,zork=0x3/": wanted one of the terms event, config, config1, config2, not "zork"; the other events are counted',
      'Cannot count event "x/msr/nope/": PMU "msr" of this host has no event or field "nope", it has tsc; the other events are counted',
    ]);
  });

  test.each(["EACCES", "EPERM", "ENOSYS", "E2BIG"])(
    "says Unsupported for %s, which no other event would be spared, and takes its metrics away",
    (errno) => {
      using machine = perfMachine({ options: { event_names: CORE } });
      const { perf, tree, round } = machine;
      const a = task("a");
      expect(Object.keys(round([a])["a"] ?? {}).length).toBe(6);
      perf.refusal = errno;
      let failure: unknown;
      try {
        round([a, task("b")]);
      } catch (error) {
        failure = error;
      }
      expect(failure).toBeInstanceOf(Unsupported);
      expect((failure as Error).message).toStartWith(`Cannot open perf events of task "b": ${errno}, `);
      expect(machine.recordOf(a)).toEqual({});
      expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([0, 10_000]);
      perf.refusal = undefined;
      expect(Object.keys(round([a])["a"] ?? {}).length).toBe(6);
    },
  );

  test("goes on when one task's events cannot be read any more", () => {
    using machine = perfMachine({ options: { event_names: ["task_cycles"] } });
    const { perf, round } = machine;
    const tasks = [task("a"), task("b")];
    round(tasks);
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:0": 9n } });
    round(tasks);
    // The first event of the first task breaks, as when a PMU's driver is removed.
    const read = perf.read.bind(perf);
    let broken = true;
    perf.read = (descriptor, into) => {
      if (!broken) return read(descriptor, into);
      broken = false;
      return 0;
    };
    perf.run({ cpu: 0, cgroup: `${MOUNT}/b`, ns: 10n, counts: { "0:0": 4n } });
    const { a, b } = round(tasks);
    expect([a, b]).toEqual([{}, { task_cycles: 4, ...SMOOTH }]);
    expect(machine.warnings).toEqual([
      'Cannot open perf events of task "a": EIO, the event does not count any more; the task has no perf metrics, it is tried again',
    ]);
    round(tasks);
    // The sum goes on from where it was.
    expect(round(tasks)["a"]).toMatchObject({ task_cycles: 9 });
    expect(perf.openDescriptors).toBe(4);
  });

  test("never drops an event for all tasks because one cgroup was removed while it was opened", () => {
    using machine = perfMachine({ options: { event_names: CORE } });
    const { perf, round } = machine;
    const open = perf.open.bind(perf);
    perf.open = (attr, target) => {
      if (perf.opened.length === 5) perf.cgroups.delete(A);
      return open(attr, target);
    };
    const tasks = [task("a"), task("b")];
    const { a, b } = round(tasks);
    expect([a, Object.keys(b ?? {})]).toEqual([{}, [...CORE, ...Object.keys(SMOOTH)]]);
    expect([machine.warnings, perf.openDescriptors]).toEqual([[], 8]);
  });
});

describe("PerfCollector and CPUs that come and go (fake system calls)", () => {
  const options = { event_names: ["task_cycles", "task_instructions"] };

  test("closes and opens groups, and totals never fall", () => {
    using machine = perfMachine({ options });
    const { perf, tree, round } = machine;
    const a = task("a");
    const work = (cpu: number, cycles: bigint) =>
      perf.run({ cpu, cgroup: A, ns: 10n, counts: { "0:0": cycles } });
    const cycles = (...cpus: number[]) => round([a], platformWith(...cpus))["a"]?.["task_cycles"];
    cycles(0, 1);
    work(0, 1n);
    work(1, 10n);
    expect(cycles(0, 1)).toBe(11);
    work(1, 100n);
    perf.offline(1);
    // What was counted before it went is not lost.
    expect(cycles(0)).toBe(111);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([2, 9998]);
    work(0, 1n);
    expect(cycles(0)).toBe(112);
    perf.online(1);
    expect(cycles(0, 1)).toBe(112);
    work(1, 1000n);
    expect(cycles(0, 1)).toBe(1112);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([4, 9996]);
  });

  test("opens anew what a CPU that was away between two rounds has left behind", () => {
    using machine = perfMachine({ options });
    const { perf, round } = machine;
    const a = task("a");
    const cycles = () => round([a], platformWith(0, 1))["a"]?.["task_cycles"];
    const work = (count: bigint) => perf.run({ cpu: 1, cgroup: A, ns: 10n, counts: { "0:0": count } });
    cycles();
    work(3n);
    perf.offline(1);
    perf.online(1);
    expect(cycles()).toBe(3);
    work(4n);
    expect(cycles()).toBe(7);
    expect([perf.openDescriptors, machine.warnings]).toEqual([4, []]);
  });

  test.each([1, 2])(
    "opens what stands still anew when a CPU was away between two rounds, in groups of %d",
    (events) => {
      const topology = "sys/devices/system/cpu/cpu1/topology";
      using machine = perfMachine({
        options: { event_names: CORE.slice(0, events) },
        files: { [`${topology}/core_id`]: "1\n" },
      });
      const { perf, tree, round } = machine;
      const tasks = [task("a"), task("b")];
      const cycles = () =>
        Object.values(round(tasks, platformWith(0, 1))).map((values) => values["task_cycles"]);
      const work = (count: bigint) => {
        perf.run({ cpu: 1, cgroup: A, ns: 10n, counts: { "0:0": count } });
        perf.run({ cpu: 1, cgroup: `${MOUNT}/b`, ns: 10n, counts: { "0:0": 10n * count } });
      };
      cycles();
      work(3n);
      perf.offline(1);
      perf.online(1);
      // As the kernel does it, which never gives an inode again.
      fs.renameSync(path.join(tree.root, topology), path.join(tree.root, "before"));
      fs.mkdirSync(path.join(tree.root, topology));
      expect(cycles()).toEqual([3, 30]);
      work(4n);
      expect(cycles()).toEqual([7, 70]);
      const { length } = perf.opened;
      cycles();
      expect([perf.opened.length, perf.openDescriptors, machine.warnings]).toEqual([length, 4 * events, []]);
      expect(length).toBe(6 * events);
    },
  );

  test("goes on with a CPU's own total when it comes back", () => {
    using machine = perfMachine({ options: { ...options, perf_aggregate_cpus: false } });
    const { perf, round } = machine;
    const a = task("a");
    const cycles = (...cpus: number[]) => round([a], platformWith(...cpus))["a"]?.["task_cycles"];
    cycles(0, 1);
    perf.run({ cpu: 1, cgroup: A, ns: 10n, counts: { "0:0": 7n } });
    expect(cycles(0, 1)).toEqual({ "0": 0, "1": 7 });
    perf.offline(1);
    cycles(0);
    expect(cycles(0)).toEqual({ "0": 0 });
    perf.online(1);
    cycles(0, 1);
    perf.run({ cpu: 1, cgroup: A, ns: 10n, counts: { "0:0": 2n } });
    expect(cycles(0, 1)).toEqual({ "0": 0, "1": 9 });
  });

  test("skips a CPU that went offline after the list was read", () => {
    using machine = perfMachine({ options, perf: { onlineCpus: [0] } });
    const { perf, tree, round } = machine;
    const a = task("a");
    expect(round([a], platformWith(0, 1))["a"]).toMatchObject({ task_cycles: 0 });
    expect([perf.openDescriptors, tree.host.freeDescriptors, machine.warnings]).toEqual([2, 9998, []]);
    round([a], platformWith(0));
    perf.online(1);
    round([a], platformWith(0, 1));
    expect(perf.openDescriptors).toBe(4);
  });

  test("waits for the machine to be described, and then goes by what was last known", () => {
    using machine = perfMachine({ options });
    const { perf, round } = machine;
    const a = task("a");
    expect([round([a], "unknown"), perf.opened]).toEqual([{ a: {} }, []]);
    round([a]);
    perf.run({ cpu: 1, cgroup: A, ns: 10n, counts: { "0:0": 7n } });
    expect(round([a], "unknown")["a"]).toMatchObject({ task_cycles: 7 });
  });

  test("leaves out a task that no longer fits with the CPUs that came", () => {
    using machine = perfMachine({ options, keptFilesLimit: 5, perf: { onlineCpus: [0, 1, 2] } });
    const { perf, tree, round } = machine;
    const a = task("a");
    round([a]);
    expect(round([a], platformWith(0, 1, 2))).toEqual({ a: {} });
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([0, 5]);
    expect(Object.keys(round([a])["a"] ?? {})).toContain("task_cycles");
  });
});

describe("PerfCollector with enable_derived_metrics (fake system calls)", () => {
  const options = { event_names: CORE, enable_derived_metrics: true };
  const derivedOf = (measured: Readonly<Record<string, unknown>> = {}) =>
    Object.fromEntries(
      Object.entries(measured).filter(([name]) =>
        /^task_(ips|ipc|cache_hit_ratio|cache_misses_per_kilo_instructions)$/.test(name),
      ),
    );

  test("gives nothing in the first round and ratios of increases afterwards", () => {
    using machine = perfMachine({ options });
    const { perf, round, pass } = machine;
    const a = task("a");
    // A little happens between opening and the first reading.
    perf.startValue = 1n;
    expect(derivedOf(round([a])["a"])).toEqual({});
    pass(5000);
    perf.run({
      cpu: 0,
      cgroup: A,
      ns: 10n,
      counts: { "0:1": 10_000n, "0:0": 10n, "0:3": 10_000n, "0:2": 50_000n },
    });
    const ratios = { task_ips: 2000, task_ipc: 1000, task_cache_hit_ratio: 0.8 };
    expect(derivedOf(round([a])["a"])).toEqual({ ...ratios, task_cache_misses_per_kilo_instructions: 1000 });
  });

  test("divides what all containers and CPUs counted together", () => {
    using machine = perfMachine({ options, cgroups: ["a", "c/x", "c/y"] });
    const { perf, round, pass } = machine;
    const pod = task("a", { subcgroupPaths: ["/c/x", "/c/y"] });
    round([pod]);
    pass(1000);
    perf.run({ cpu: 0, cgroup: `${MOUNT}/c/x`, ns: 10n, counts: { "0:1": 300n, "0:0": 100n } });
    perf.run({ cpu: 1, cgroup: `${MOUNT}/c/y`, ns: 10n, counts: { "0:1": 100n, "0:0": 300n } });
    expect(round([pod])["a"]).toMatchObject({ task_ipc: 1, task_ips: 400 });
  });

  test("leaves out what would divide by zero, and takes it away again", () => {
    using machine = perfMachine({ options });
    const { perf, round, pass } = machine;
    const a = task("a");
    round([a]);
    pass(1000);
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts: { "0:1": 5n, "0:0": 5n, "0:2": 2n } });
    expect(Object.keys(derivedOf(round([a])["a"])).length).toBe(4);
    pass(1000);
    // Idle: instructions per second are 0, no ratio has a meaning.
    expect(derivedOf(round([a])["a"])).toEqual({ task_ips: 0 });
    // The clock stands.
    expect(derivedOf(round([a])["a"])).toEqual({});
  });

  test("works by CPU and leaves out those that did nothing", () => {
    using machine = perfMachine({ options: { ...options, perf_aggregate_cpus: false } });
    const { perf, round, pass } = machine;
    const a = task("a");
    round([a]);
    pass(2000);
    perf.run({ cpu: 1, cgroup: A, ns: 10n, counts: { "0:1": 6n, "0:0": 3n } });
    expect(derivedOf(round([a])["a"])).toEqual({
      ...{ task_ips: { "0": 0, "1": 3 }, task_ipc: { "1": 2 } },
      task_cache_misses_per_kilo_instructions: { "1": 0 },
    });
    pass(2000);
    expect(derivedOf(round([a])["a"])).toEqual({ task_ips: { "0": 0, "1": 0 } });
  });

  test("leaves out ratios of a round in which an input ran but was not counted", () => {
    using machine = perfMachine({
      options: { ...options, event_names: ["task_cycles", "task_instructions"] },
    });
    const { perf, round, pass } = machine;
    const a = task("a");
    round([a]);
    pass(1000);
    const counts = { "0:1": 6n, "0:0": 3n };
    perf.run({ cpu: 0, cgroup: A, ns: 10n, counts });
    expect(derivedOf(round([a])["a"])).toEqual({ task_ips: 6, task_ipc: 2 });
    pass(1000);
    perf.run({ cpu: 0, cgroup: A, ns: 10n, share: 0, counts });
    expect(derivedOf(round([a])["a"])).toEqual({});
  });

  test("gives none over the time in which the events were not open", () => {
    using machine = perfMachine({ options });
    const { perf, round, pass } = machine;
    const tasks = [task("a")];
    const counts = { "0:1": 6n, "0:0": 3n };
    const next = () => {
      pass(1000);
      perf.run({ cpu: 0, cgroup: A, ns: 10n, counts });
      return derivedOf(round(tasks)["a"]);
    };
    next();
    expect(next()).toMatchObject({ task_ips: 6, task_ipc: 2 });
    const read = perf.read.bind(perf);
    perf.read = () => 0;
    expect(next()).toEqual({});
    perf.read = read;
    // What happens between opening and the first reading.
    perf.startValue = 1n;
    expect(next()).toEqual({});
    expect(next()).toMatchObject({ task_ips: 6, task_ipc: 2 });
  });

  test("needs the events that a ratio is made of", () => {
    using machine = perfMachine({
      options: { ...options, event_names: ["task_instructions", "task_page_faults"] },
    });
    const { round, pass } = machine;
    const a = task("a");
    round([a]);
    pass(1000);
    expect(derivedOf(round([a])["a"])).toEqual({ task_ips: 0 });
  });
});

describe("probe() of PerfCollector (fake system calls)", () => {
  const opened = (path: string) => `opened in ${path} on CPU 0`;
  const NO_PMU =
    'Cannot count event "task_cycles" (type 0, config 0x0): ENOENT, this host has no PMU that counts it, as virtual machines have only when the hypervisor gives them one';

  test("tries one event of each kind and leaves nothing open", () => {
    using machine = perfMachine({ perf: { events: [] } });
    const { perf, tree, collector } = machine;
    expect(collector.probe([])).toEqual([
      { component: "PerfCollector", feature: "software events", supported: true, detail: opened(MOUNT) },
      { component: "PerfCollector", feature: "hardware events", supported: false, detail: NO_PMU },
    ]);
    expect([perf.openDescriptors, tree.host.freeDescriptors]).toEqual([0, 10_000]);
  });

  test("tells each event of the names and the sum of descriptors", () => {
    using machine = perfMachine({
      options: { event_names: ["task_cycles", "task_dtlb_load_misses", "x/none/y/"] },
      keptFilesLimit: 10,
    });
    const rows = machine.collector.probe(["a", "b", "c", "d", "e", "f"].map((id) => task(id)));
    expect(rows.map(({ feature, supported }) => [feature, supported])).toEqual([
      ["software events", true],
      ["hardware events", true],
      ["event task_cycles", true],
      ["event task_dtlb_load_misses", false],
      ["event x/none/y/", false],
      ["descriptors for perf events", false],
    ]);
    expect(rows[2]?.detail).toBe(opened(A));
    expect(rows[3]?.detail).toStartWith("no encoding for this CPU");
    expect(rows[5]?.detail).toBe(
      "1 event on 2 CPUs takes 2 descriptors a task, 12 for 6 tasks, and 10 are left of the limit less a reserve of 512; raise LimitNOFILE, name fewer events or choose tasks with perf_tasks",
    );
    expect(machine.perf.openDescriptors).toBe(0);
  });

  test("names what is missing when nothing can be opened", () => {
    for (const [perf, detail] of [
      [
        { refusal: "EACCES" },
        'Cannot open perf events of cgroup "/sys/fs/cgroup": EACCES, kernel.perf_event_paranoid is 2',
      ],
      [
        { cgroups: [], foreign: [MOUNT] },
        'Cannot open perf events of cgroup "/sys/fs/cgroup": ENOENT, it was removed, or',
      ],
    ] as const) {
      using machine = perfMachine({ perf });
      const [software, hardware] = machine.collector.probe([]);
      for (const row of [software, hardware]) {
        expect(row?.supported).toBe(false);
        expect(row?.detail).toStartWith(detail);
      }
      expect(machine.perf.openDescriptors).toBe(0);
    }
  });

  test("says when no hierarchy has perf_event", () => {
    using machine = perfMachine({ files: { "proc/cgroups": "" } });
    const [row, ...others] = machine.collector.probe([]);
    expect([row?.feature, row?.supported, others]).toEqual(["perf events by cgroup", false, []]);
    expect(row?.detail).toContain("needs CONFIG_CGROUP_PERF");
  });
});

test("HARDWARE events of the fake are those of linux/perf_event.h", () => {
  expect(HARDWARE).toEqual(["0:0", "0:1", "0:2", "0:3"]);
});

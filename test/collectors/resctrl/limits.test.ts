import { describe, expect, spyOn, test } from "bun:test";
import * as fs from "node:fs";
import { taskWith } from "../../roles/labeler.ts";
import { needRealCgroups, type RealCgroup, realCgroup } from "../../support/cgroups.ts";
import { requirement } from "../../support/requirement.ts";
import { needResctrl, resctrlMachine } from "../../support/resctrl-sim.ts";
import { tempTree } from "../../support/tree.ts";
import { agentGroups, taskOf, threadsIn, watching } from "./resctrl-watch.ts";

const TOTAL = "task_mem_bandwidth_bytes";
const LOCAL = "task_mem_bandwidth_local_bytes";
const REMOTE = "task_mem_bandwidth_remote_bytes";
const OCCUPANCY = "task_llc_occupancy_bytes";

/** Cgroups with a process each. */
function busyCgroups(stack: DisposableStack, ...names: readonly string[]): readonly RealCgroup[] {
  return names.map((name) => {
    const cgroup = stack.use(realCgroup(name));
    cgroup.sleep();
    return cgroup;
  });
}

const haveSim = await requirement("a simulated resctrl", needResctrl);
const haveCgroups = await requirement("real cgroups", needRealCgroups);

describe.skipIf(!haveSim || !haveCgroups)("too few RMIDs", () => {
  test("measure() watches the tasks that fit, says once what to do, and takes in others as RMIDs come free", async () => {
    using machine = await resctrlMachine({ frozen: true, rmids: 4 });
    fs.mkdirSync(`${machine.sim.root}/mon_groups/somebody`);
    using stack = new DisposableStack();
    const tasks = busyCgroups(stack, "a", "b", "c", "d").map((cgroup) => taskOf(cgroup));
    using watch = watching(machine.host);
    for (let round = 0; round < 10; round++) watch.round(tasks);
    expect(Object.entries(watch.round(tasks)).map(([id, measured]) => [id, TOTAL in measured])).toEqual([
      ["a", true],
      ["b", true],
      ["c", false],
      ["d", false],
    ]);
    expect(watch.platform).toEqual({ wca_rdt_groups: 2, wca_rdt_unwatched_tasks: 2 });
    const [line, ...others] = watch.context.logged;
    expect(line?.[0]).toBe("warning");
    expect(line?.[1].replace(/wca-\d\S+?"/, 'OURS"')).toBe(
      'Cannot watch task "c" and 1 more with resctrl: Cannot make "/sys/fs/resctrl/mon_groups/OURS": ENOSPC, Out of RMIDs: no RMID is free, num_rmids is 4; in use: 1 by the root group, 0 by control groups, 2 by agents, 1 by others ("mon_groups/somebody"). Choose fewer tasks with rdt_tasks, or remove groups that nobody needs; tried again as groups go',
    );
    expect(others).toEqual([]);
    // Not once for each task and round: after 1, 2, 4 and 8 rounds.
    expect(machine.sim.operations()).toMatchObject({ mkdir: 7, refused: 4 });
    const measured = watch.round(tasks.slice(1));
    expect(Object.entries(measured).map(([id, values]) => [id, TOTAL in values])).toEqual([
      ["b", true],
      ["c", true],
      ["d", false],
    ]);
    watch.round(tasks.slice(2));
    expect(watch.platform).toEqual({ wca_rdt_groups: 2, wca_rdt_unwatched_tasks: 0 });
    expect(watch.context.logged.slice(1)).toEqual([["info", "There are RMIDs for all chosen tasks again"]]);
  });

  test("measure() waits with growing pauses while RMIDs are in limbo", async () => {
    using machine = await resctrlMachine({ frozen: true, rmids: 2, limboAttempts: 3 });
    using stack = new DisposableStack();
    const [first, second] = busyCgroups(stack, "a", "b").map((cgroup) => taskOf(cgroup));
    using watch = watching(machine.host);
    watch.round([first as never]);
    const tasks = [second as never];
    const watched = Array.from({ length: 9 }, () => TOTAL in (watch.round(tasks)["b"] ?? {}));
    // Attempts in the rounds 1, 2, 4 and 8, the first three of which are refused.
    expect(watched).toEqual([false, false, false, false, false, false, false, true, true]);
    expect(machine.sim.operations()).toMatchObject({ mkdir: 5, refused: 3 });
    expect(
      watch.context.logged.map(([level, text]) => [level, text.replace(/wca-\d\S+?"/, 'OURS"')]),
    ).toEqual([
      [
        "warning",
        'Cannot watch task "b" with resctrl: Cannot make "/sys/fs/resctrl/mon_groups/OURS": EBUSY, Out of RMIDs: the RMIDs of removed groups cannot be used again before they have less than max_threshold_occupancy (65536 bytes) in the cache. Tried again later; a larger number in info/L3_MON/max_threshold_occupancy frees them sooner',
      ],
      ["info", "There are RMIDs for all chosen tasks again"],
    ]);
  });

  test("measure() says once when groups must not be made, with what the kernel says", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using stack = new DisposableStack();
    const tasks = busyCgroups(stack, "a", "b").map((cgroup) => taskOf(cgroup));
    machine.sim.command("fail mkdir EROFS always");
    using watch = watching(machine.host);
    for (let round = 0; round < 20; round++) expect(watch.round(tasks)).toEqual({ a: {}, b: {} });
    expect(
      watch.context.logged.map(([level, text]) => [level, text.replace(/wca-\d\S+?"/, 'OURS"')]),
    ).toEqual([
      [
        "warning",
        'Cannot watch task "a" and 1 more with resctrl: Cannot make "/sys/fs/resctrl/mon_groups/OURS": EROFS, Out of RMIDs: needs root of the host, not of a user namespace, and /sys/fs/resctrl mounted writable',
      ],
    ]);
    expect(machine.sim.operations().mkdir).toBeLessThan(10);
    machine.sim.command("heal");
    for (let round = 0; round < 8; round++) watch.round(tasks);
    expect(watch.platform).toEqual({ wca_rdt_groups: 2, wca_rdt_unwatched_tasks: 0 });
  });

  test("a group that cannot be removed is said once and tried again, also by close()", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using stack = new DisposableStack();
    const tasks = busyCgroups(stack, "a", "b").map((cgroup) => taskOf(cgroup));
    using watch = watching(machine.host);
    watch.round(tasks);
    machine.sim.command("fail rmdir EBUSY 4");
    watch.round(tasks.slice(1));
    watch.round(tasks.slice(1));
    watch.round(tasks.slice(1));
    expect(agentGroups(machine.sim.root).length).toBe(2);
    // The task is back before the group of its name is gone: it gets one of another name.
    watch.round(tasks);
    expect(agentGroups(machine.sim.root).length).toBe(3);
    watch.round(tasks);
    expect(agentGroups(machine.sim.root).length).toBe(2);
    // Twice for one of the groups: close() tries each twice.
    machine.sim.command("fail rmdir EBUSY 3");
    watch.collector.close();
    expect(agentGroups(machine.sim.root).length).toBe(1);
    expect(
      watch.context.logged.map(([level, text]) => [level, text.replace(/wca-\d\S+?"/, 'OURS"')]),
    ).toEqual([
      [
        "warning",
        'Cannot remove "/sys/fs/resctrl/mon_groups/OURS": EBUSY, last_cmd_status gives no reason; tried again in each round',
      ],
      [
        "warning",
        'Cannot remove "/sys/fs/resctrl/mon_groups/OURS": EBUSY, last_cmd_status gives no reason; the next agent removes it',
      ],
    ]);
  });
});

describe.skipIf(!haveSim || !haveCgroups)("threads", () => {
  test("measure() passes over threads that have ended and moves the rest", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    for (let count = 0; count < 4; count++) cgroup.sleep();
    machine.sim.command("fail tasks ESRCH 2");
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    // Those two were only said to have ended: they are there at the second look.
    expect(threadsIn(machine.sim.root)[0]?.length).toBe(4);
    watch.round([]);
    machine.sim.command("fail tasks ESRCH always");
    watch.round(tasks);
    expect(watch.platform).toEqual({ wca_rdt_groups: 1, wca_rdt_unwatched_tasks: 0 });
    expect(watch.context.logged).toEqual([]);
  });

  test("measure() says once that threads must not be moved, with what the kernel says", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using stack = new DisposableStack();
    const tasks = busyCgroups(stack, "a", "b", "c").map((cgroup) => taskOf(cgroup));
    machine.sim.command("fail tasks EPERM always");
    using watch = watching(machine.host);
    for (let round = 0; round < 20; round++) watch.round(tasks);
    expect(watch.platform).toEqual({ wca_rdt_groups: 3, wca_rdt_unwatched_tasks: 3 });
    expect(
      watch.context.logged.map(([level, text]) => [level, text.replace(/wca-\d\S+?tasks"/, 'OURS/tasks"')]),
    ).toEqual([
      [
        "warning",
        'Cannot watch task "a" and 2 more with resctrl: Cannot write "/sys/fs/resctrl/mon_groups/OURS/tasks": EPERM, last_cmd_status gives no reason: needs root of the host, not of a user namespace, and /sys/fs/resctrl mounted writable',
      ],
    ]);
    machine.sim.command("heal");
    for (let round = 0; round < 8; round++) watch.round(tasks);
    expect(watch.platform["wca_rdt_unwatched_tasks"]).toBe(0);
    expect(threadsIn(machine.sim.root).map((threads) => threads.length)).toEqual([1, 1, 1]);
  });

  test("measure() looks again where a thread is that was moved just before, and says once what stays refused", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using stack = new DisposableStack();
    const tasks = busyCgroups(stack, "a").map((cgroup) => taskOf(cgroup));
    machine.sim.command("fail tasks EINVAL 1");
    using watch = watching(machine.host);
    watch.round(tasks);
    expect(threadsIn(machine.sim.root).map((threads) => threads.length)).toEqual([1]);
    expect(watch.context.logged).toEqual([]);
    watch.round([]);
    machine.sim.command("fail tasks EINVAL always\nforget");
    for (let round = 0; round < 8; round++) watch.round(tasks);
    expect(watch.context.logged.map(([, text]) => text.replace(/wca-\d\S+?tasks"/, 'OURS/tasks"'))).toEqual([
      'Cannot watch task "a" with resctrl: Cannot write "/sys/fs/resctrl/mon_groups/OURS/tasks": EINVAL, last_cmd_status gives no reason',
    ]);
    // Five looks at the start and at each check.
    expect(machine.sim.operations()).toMatchObject({ tasks: 10, refused: 10 });
  });

  test("measure() looks once for all threads that have moved where they are, not once for each", async () => {
    using machine = await resctrlMachine({ frozen: true });
    fs.mkdirSync(`${machine.sim.root}/be`);
    using cgroup = realCgroup("a");
    for (let count = 0; count < 20; count++) cgroup.sleep();
    using watch = watching(machine.host);
    machine.sim.command("fail tasks EINVAL always\nforget");
    watch.round([taskOf(cgroup)]);
    const { reads, refused } = machine.sim.operations();
    expect(refused).toBe(100);
    // Each refusal has its last_cmd_status; each of five looks asks the control group and the group of the task.
    expect(reads - refused).toBeLessThanOrEqual(11);
  });

  test("measure() does not watch threads of other PID namespaces, whose id 0 would mean the agent", () => {
    const group = "sys/fs/resctrl/mon_groups";
    using tree = tempTree({
      "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
      "proc/self/stat": `7 (wca) S ${"0 ".repeat(18)}99 0\n`,
      "sys/fs/resctrl/info/L3_MON/mon_features": "llc_occupancy\n",
      [`${group}/`]: "",
      "sys/fs/cgroup/a/cgroup.threads": "0\n0\n41\n",
      "sys/fs/cgroup/b/cgroup.threads": "0\n",
    });
    using mkdir = spyOn(tree.host, "mkdir").mockImplementation((made) =>
      tree.write(`${made.slice(1)}/tasks`, ""),
    );
    using write = spyOn(tree.host, "write");
    using watch = watching(tree.host);
    watch.round(["a", "b"].map((id) => taskWith({ id, cgroupPath: `/${id}` })));
    expect(mkdir).toHaveBeenCalledTimes(1);
    expect(new Set(write.mock.calls.map(([, text]) => text))).toEqual(new Set(["41\n"]));
  });

  test("measure() gets all threads of a process that starts some all the time", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    const forever =
      "import threading, time\nwhile True:\n  threading.Thread(target=time.sleep, args=(0.05,)).start()\n  time.sleep(0.002)\n";
    const child = Bun.spawn(["python3", "-c", forever], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    using _child = { [Symbol.dispose]: () => child.kill("SIGKILL") };
    for (const mount of cgroup.mounts)
      fs.writeFileSync(`${mount}${cgroup.path}/cgroup.procs`, `${child.pid}`);
    const threads = () => fs.readdirSync(`/proc/${child.pid}/task`).length;
    while (threads() < 10) await Bun.sleep(1);
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    const inside = threadsIn(machine.sim.root)[0] ?? [];
    expect(inside.length).toBeGreaterThanOrEqual(10);
    // A thread begins in the group of the one that starts it, so all that are there now are in it.
    const now = fs.readdirSync(`/proc/${child.pid}/task`).map(Number);
    const later = new Set(threadsIn(machine.sim.root)[0]);
    expect(now.filter((tid) => !later.has(tid) && fs.existsSync(`/proc/${child.pid}/task/${tid}`))).toEqual(
      [],
    );
    expect(watch.context.logged).toEqual([]);
  });

  test("measure() writes nothing in later rounds as long as no thread comes from outside", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    cgroup.sleep();
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    machine.sim.command("forget");
    for (let round = 0; round < 20; round++) watch.round(tasks);
    const { reads, monReads, ...changes } = machine.sim.operations();
    expect(Object.values(changes)).toEqual(Object.values(changes).map(() => 0));
    expect(monReads).toBe(20 * 6);
    // The group's threads once in eight rounds.
    expect(reads).toBeLessThanOrEqual(4);
    // Few that come are moved without asking for those that are there, many are not.
    machine.sim.command("forget");
    cgroup.sleep();
    watch.round(tasks);
    expect(machine.sim.operations()).toMatchObject({ tasks: 1, reads: 0 });
    for (let count = 0; count < 9; count++) cgroup.sleep();
    watch.round(tasks);
    expect(machine.sim.operations()).toMatchObject({ tasks: 10, reads: 2 });
    expect(threadsIn(machine.sim.root)[0]?.length).toBe(11);
  });
});

describe.skipIf(!haveSim || !haveCgroups)("readings", () => {
  async function oneTask(options: Parameters<typeof resctrlMachine>[0] = {}) {
    using undo = new DisposableStack();
    const machine = undo.use(await resctrlMachine({ frozen: true, ...options }));
    const cgroup = undo.use(realCgroup("a"));
    cgroup.sleep();
    const watch = undo.use(watching(machine.host));
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    const group = `mon_groups/${agentGroups(machine.sim.root)[0]}`;
    const cleanup = undo.move();
    return {
      machine,
      watch,
      /** Domain, event and what is read there; then one round. */
      round(...settings: readonly string[]) {
        for (const setting of settings) {
          const verb = /\d$/.test(setting) ? "set" : "answer";
          machine.sim.command(`${verb} ${group} ${setting}`);
        }
        return watch.round(tasks)["a"] ?? {};
      },
      [Symbol.dispose]: () => cleanup.dispose(),
    };
  }

  test.each(["Unavailable", "Error", "Unassigned"])(
    "measure() gives no value for %s: neither 0 nor a fall",
    async (word) => {
      using one = await oneTask();
      one.round(
        "* llc_occupancy 100",
        "0 mbm_total_bytes 1000",
        "1 mbm_total_bytes 500",
        "0 mbm_local_bytes 600",
        "1 mbm_local_bytes 200",
      );
      // One domain: counters stay what they were, the sum of occupancy would be a fall.
      expect(one.round(`0 * ${word}`)).toEqual({ [TOTAL]: 1500, [LOCAL]: 800, [REMOTE]: 700 });
      expect(one.round(`1 * ${word}`)).toEqual({});
      // What was counted meanwhile is not lost.
      expect(one.round("* * number", "0 mbm_total_bytes 4000", "0 mbm_local_bytes 3000")).toEqual({
        [OCCUPANCY]: 200,
        [TOTAL]: 4500,
        [LOCAL]: 3200,
        [REMOTE]: 1300,
      });
    },
  );

  test("measure() takes a counter that fell for one that started again", async () => {
    using one = await oneTask();
    expect(one.round("0 mbm_total_bytes 1000", "1 mbm_total_bytes 500")[TOTAL]).toBe(1500);
    expect(one.round("0 mbm_total_bytes 30", "1 mbm_total_bytes 501")[TOTAL]).toBe(1531);
    expect(one.round("0 mbm_total_bytes 31")[TOTAL]).toBe(1532);
  });

  test.each(["ENOENT", "ENODEV"])(
    "measure() does not insist on a domain that is listed but says %s, and counts nothing twice",
    async (code) => {
      using one = await oneTask();
      const settings = ["* llc_occupancy 100", "* mbm_total_bytes 700", "* mbm_local_bytes 0"];
      const before = one.round(...settings);
      one.machine.sim.command(`fail monReads ${code} 50\nforget`);
      expect(one.round()).toEqual({});
      // Once for each of the two domains.
      expect(one.machine.sim.operations().monReads).toBe(2);
      one.machine.sim.command(`heal\nfail monReads ${code} 1`);
      expect(one.round()).toEqual({ [TOTAL]: 1400, [LOCAL]: 0, [REMOTE]: 1400 });
      expect(one.round()).toEqual(before);
      expect(one.watch.context.logged).toEqual([]);
    },
  );

  test("measure() takes differences without losing bits", async () => {
    using one = await oneTask();
    one.round("0 mbm_total_bytes 18446744073709551000", "* mbm_local_bytes 0");
    const before = one.watch.context.logged.length;
    const first = one.round()[TOTAL] as number;
    expect(one.round("0 mbm_total_bytes 18446744073709551615")[TOTAL]).toBe(first + 615);
    expect(before).toBe(0);
  });

  test("measure() never lets remote bandwidth be negative or fall, and does not drift", async () => {
    using one = await oneTask();
    const rounds = [
      [100, 120],
      [200, 150],
      [210, 190],
      [220, 180 + 20],
      [400, 250],
    ];
    const remote = rounds.map(
      ([total, local]) => one.round(`0 mbm_total_bytes ${total}`, `0 mbm_local_bytes ${local}`)[REMOTE],
    );
    expect(remote).toEqual([0, 50, 50, 50, 150]);
  });

  test("measure() says once that assignable counters are used up, with the counts", async () => {
    using machine = await resctrlMachine({ layout: "abmc", frozen: true, counters: 4 });
    using stack = new DisposableStack();
    const tasks = busyCgroups(stack, "a", "b").map((cgroup) => taskOf(cgroup));
    using watch = watching(machine.host);
    for (let round = 0; round < 5; round++) watch.round(tasks);
    const measured = watch.round(tasks);
    expect(Object.keys(measured["a"] ?? {})).toEqual([OCCUPANCY, TOTAL, LOCAL, REMOTE]);
    expect(Object.keys(measured["b"] ?? {})).toEqual([OCCUPANCY]);
    expect(watch.context.logged).toEqual([
      [
        "warning",
        'Cannot count memory bandwidth of task "b": Unassigned, of 0=4;4=4;8=4;12=4 counters (info/L3_MON/num_mbm_cntrs) 0=0;4=0;8=0;12=0 are free. Choose fewer tasks with rdt_tasks, or write "default" to info/L3_MON/mbm_assign_mode',
      ],
    ]);
    // What another group gives back is taken at the next check.
    for (let round = 0; round < 9; round++) watch.round(tasks.slice(1));
    expect(Object.keys(watch.round(tasks.slice(1))["b"] ?? {})).toEqual([OCCUPANCY, TOTAL, LOCAL, REMOTE]);
    expect(watch.context.logged.length).toBe(1);
  });
});

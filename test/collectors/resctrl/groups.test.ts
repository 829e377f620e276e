import { describe, expect, spyOn, test } from "bun:test";
import * as fs from "node:fs";
import { needRealCgroups, type RealCgroup, realCgroup } from "../../support/cgroups.ts";
import { requirement } from "../../support/requirement.ts";
import { needResctrl, type ResctrlMachine, resctrlMachine, startResctrl } from "../../support/resctrl-sim.ts";
import { agentGroups, taskOf, threadsIn, threadsOf, watching } from "./resctrl-watch.ts";

/** Somebody who allots cache: makes a control group and puts threads into it. */
function allot({ sim }: ResctrlMachine, control: string, ...tids: readonly number[]): void {
  if (!fs.existsSync(`${sim.root}/${control}`)) {
    fs.mkdirSync(`${sim.root}/${control}`);
    fs.writeFileSync(`${sim.root}/${control}/schemata`, "L3:0=f;1=f\n");
  }
  for (const tid of tids) fs.writeFileSync(`${sim.root}/${control}/tasks`, `${tid}\n`);
}

/** Schemata of all control groups, and who is in those that somebody made. */
function allocations({ sim }: ResctrlMachine, ...controls: readonly string[]): unknown {
  return [
    fs.readFileSync(`${sim.root}/schemata`, "utf8"),
    ...controls.map((name) => [
      fs.readFileSync(`${sim.root}/${name}/schemata`, "utf8"),
      threadsOf(`${sim.root}/${name}`),
    ]),
  ];
}

function setTotal({ sim }: ResctrlMachine, group: string, bytes: number): void {
  sim.command(`set ${group} * mbm_total_bytes 0\nset ${group} 0 mbm_total_bytes ${bytes}`);
}

function pids(cgroup: RealCgroup, count: number): number[] {
  return Array.from({ length: count }, () => cgroup.sleep()).sort((a, b) => a - b);
}

const haveSim = await requirement("a simulated resctrl", needResctrl);
const haveCgroups = await requirement("real cgroups", needRealCgroups);

describe.skipIf(!haveSim || !haveCgroups)("control groups", () => {
  test("measure() watches a task under the control groups its threads are in, and changes none", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    const [one, two, three] = pids(cgroup, 3) as [number, number, number];
    allot(machine, "be", one);
    allot(machine, "hp", two);
    const before = allocations(machine, "be", "hp");
    machine.sim.command("forget");
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    expect(["", "be", "hp"].map((control) => threadsIn(machine.sim.root, control))).toEqual([
      [[three]],
      [[one]],
      [[two]],
    ]);
    const [root, be, hp] = ["", "be", "hp"].map((control) => agentGroups(machine.sim.root, control)[0]);
    setTotal(machine, `mon_groups/${root}`, 1);
    setTotal(machine, `be/mon_groups/${be}`, 20);
    setTotal(machine, `hp/mon_groups/${hp}`, 300);
    expect(watch.round(tasks)["a"]?.["task_mem_bandwidth_bytes"]).toBe(321);
    expect(watch.platform["wca_rdt_groups"]).toBe(3);
    watch.collector.close();
    expect(allocations(machine, "be", "hp")).toEqual(before);
    expect(machine.sim.operations()).toMatchObject({
      mkdir: 3,
      tasks: 3,
      rmdir: 3,
      schemata: 0,
      mode: 0,
      cpus: 0,
      other: 0,
    });
  });

  test.each(["rename", "a new group"])(
    "measure() follows a task to another control group by %s, and counts on",
    async (way) => {
      using machine = await resctrlMachine({ frozen: true });
      using cgroup = realCgroup("a");
      const threads = pids(cgroup, 2);
      using watch = watching(machine.host);
      const tasks = [taskOf(cgroup)];
      watch.round(tasks);
      const [name] = agentGroups(machine.sim.root);
      setTotal(machine, `mon_groups/${name}`, 5000);
      expect(watch.round(tasks)["a"]?.["task_mem_bandwidth_bytes"]).toBe(5000);
      if (way !== "rename") machine.sim.command("fail rename EPERM always");
      setTotal(machine, `mon_groups/${name}`, 5500);
      allot(machine, "be", ...threads);
      const before = allocations(machine, "be");
      expect(watch.round(tasks)["a"]?.["task_mem_bandwidth_bytes"]).toBe(5500);
      expect([agentGroups(machine.sim.root), agentGroups(machine.sim.root, "be")]).toEqual([
        [],
        [name as string],
      ]);
      expect(threadsIn(machine.sim.root, "be")).toEqual([threads]);
      setTotal(machine, `be/mon_groups/${name}`, 6000);
      const now = watch.round(tasks)["a"]?.["task_mem_bandwidth_bytes"];
      expect(now).toBe(way === "rename" ? 6000 : 11_500);
      expect(allocations(machine, "be")).toEqual(before);
      expect(machine.sim.operations()).toMatchObject({ mkdir: way === "rename" ? 2 : 3, rename: 1 });
      expect(watch.context.logged).toEqual([]);
    },
  );

  test("measure() does not take threads along that stay in the old control group", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    const [one, two] = pids(cgroup, 2) as [number, number];
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    allot(machine, "be", one);
    watch.round(tasks);
    expect([threadsIn(machine.sim.root), threadsIn(machine.sim.root, "be")]).toEqual([[[two]], [[one]]]);
    expect(machine.sim.operations().rename).toBe(0);
    allot(machine, "be", two);
    watch.round(tasks);
    expect([threadsIn(machine.sim.root), threadsIn(machine.sim.root, "be")]).toEqual([[], [[one, two]]]);
  });

  test("measure() leaves a thread of nobody in its control group when the task's own threads go to another", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    using elsewhere = realCgroup("b");
    const [one, two] = pids(cgroup, 2) as [number, number];
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    for (const mount of elsewhere.mounts)
      fs.writeFileSync(`${mount}${elsewhere.path}/cgroup.procs`, `${two}`);
    allot(machine, "be", one);
    watch.round(tasks);
    // Renaming a group takes the threads in it along to the other control group.
    expect(threadsOf(`${machine.sim.root}/be`)).toEqual([one]);
    expect([threadsIn(machine.sim.root), threadsIn(machine.sim.root, "be")]).toEqual([[], [[one]]]);
    expect(machine.sim.operations().rename).toBe(0);
    cgroup.kill();
  });

  test("measure() finds a thread that is moved to another control group while it is being placed", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    const [pid] = pids(cgroup, 1) as [number];
    allot(machine, "be");
    using watch = watching(machine.host);
    const { mkdir } = machine.host;
    using spy = spyOn(machine.host, "mkdir").mockImplementationOnce((made) => {
      mkdir.call(machine.host, made);
      allot(machine, "be", pid);
    });
    watch.round([taskOf(cgroup)]);
    expect(threadsIn(machine.sim.root, "be")).toEqual([[pid]]);
    expect(agentGroups(machine.sim.root)).toEqual([]);
    expect(watch.context.logged).toEqual([]);
    expect(spy).toHaveBeenCalled();
  });

  test("measure() goes on when a control group is removed with the group in it", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    const threads = pids(cgroup, 1);
    allot(machine, "be", ...threads);
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    setTotal(machine, `be/mon_groups/${agentGroups(machine.sim.root, "be")[0]}`, 700);
    watch.round(tasks);
    fs.rmdirSync(`${machine.sim.root}/be`);
    expect(watch.round(tasks)["a"]?.["task_mem_bandwidth_bytes"]).toBe(700);
    expect(threadsIn(machine.sim.root)).toEqual([threads]);
    expect(machine.host.keptFiles).toBe(6);
  });

  test("measure() makes a group again that somebody else removed, says so once, and counts on", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    const threads = pids(cgroup, 1);
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    const [name] = agentGroups(machine.sim.root);
    setTotal(machine, `mon_groups/${name}`, 700);
    watch.round(tasks);
    fs.rmdirSync(`${machine.sim.root}/mon_groups/${name}`);
    expect(watch.round(tasks)).toEqual({ a: {} });
    expect(watch.round(tasks)["a"]?.["task_mem_bandwidth_bytes"]).toBe(700);
    expect(threadsIn(machine.sim.root)).toEqual([threads]);
    expect(watch.context.logged).toEqual([
      [
        "warning",
        'Somebody else removed the monitoring group of task "a": it is made again, what was not read yet is not counted',
      ],
    ]);
  });

  test("measure() says at growing intervals what begins again and again", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    pids(cgroup, 1);
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    for (let round = 0; round < 250; round++) {
      watch.round(tasks);
      for (const name of agentGroups(machine.sim.root))
        fs.rmdirSync(`${machine.sim.root}/mon_groups/${name}`);
    }
    // Again after 16, 32, 64 and 128 rounds.
    expect(watch.context.logged.length).toBe(5);
    expect(new Set(watch.context.logged.map(([level]) => level))).toEqual(new Set(["warning"]));
  });

  test("measure() says that resctrl was unmounted, and goes on once it is mounted again", async () => {
    using machine = await resctrlMachine({ frozen: true });
    const { root } = machine.sim;
    using cgroup = realCgroup("a");
    const threads = pids(cgroup, 1);
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    setTotal(machine, `mon_groups/${agentGroups(root)[0]}`, 700);
    watch.round(tasks);
    Bun.spawnSync(["umount", "--lazy", root]);
    // What is kept open counts on until the next check lets it go.
    for (let round = 0; round < 10; round++) watch.round(tasks);
    expect(watch.measurements).toEqual({ a: {} });
    expect(machine.host.keptFiles).toBe(0);
    expect(
      watch.context.logged.map(([level, text]) => [level, text.replace(/wca-\d\S+?"/, 'OURS"')]),
    ).toEqual([
      [
        "warning",
        'Cannot watch task "a" with resctrl: Cannot make "/sys/fs/resctrl/mon_groups/OURS": ENOENT, last_cmd_status cannot be read: resctrl is not mounted any more: mount -t resctrl resctrl /sys/fs/resctrl. Tried again every few rounds',
      ],
    ]);
    using again = await startResctrl({ at: root, frozen: true });
    for (let round = 0; round < 10; round++) watch.round(tasks);
    expect(watch.measurements["a"]?.["task_mem_bandwidth_bytes"]).toBe(700);
    expect(threadsIn(again.root)).toEqual([threads]);
    expect(watch.context.logged.length).toBe(1);
  });

  test("measure() leaves threads in the monitoring groups of others, says so once, and takes them when those go", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    const [one, two] = pids(cgroup, 2) as [number, number];
    const foreign = `${machine.sim.root}/mon_groups/wca-batch`;
    fs.mkdirSync(foreign);
    fs.writeFileSync(`${foreign}/tasks`, `${two}\n`);
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    for (let round = 0; round < 20; round++) watch.round(tasks);
    expect(threadsOf(foreign)).toEqual([two]);
    expect(threadsIn(machine.sim.root)).toEqual([[one], [two]]);
    expect(watch.platform["wca_rdt_unwatched_tasks"]).toBe(1);
    expect(watch.context.logged).toEqual([
      [
        "warning",
        `Cannot watch task "a" with resctrl: thread ${two} is in the monitoring group "/sys/fs/resctrl/mon_groups/wca-batch", which is not this agent's: it stays there and is not counted. Remove that group if nobody needs it, or leave the task out with rdt_tasks`,
      ],
    ]);
    fs.rmdirSync(foreign);
    for (let round = 0; round < 8; round++) watch.round(tasks);
    expect(threadsIn(machine.sim.root)).toEqual([[one, two]]);
    expect(watch.platform["wca_rdt_unwatched_tasks"]).toBe(0);
    watch.collector.close();
    expect(machine.sim.operations().rmdir).toBe(2);
  });

  test("measure() lets go of threads that went to a cgroup nobody watches, and changes no control group", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    using elsewhere = realCgroup("b");
    const [stays, goes] = pids(cgroup, 2) as [number, number];
    allot(machine, "be", stays, goes);
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    watch.round(tasks);
    const before = allocations(machine, "be");
    machine.sim.command("forget");
    for (const mount of elsewhere.mounts)
      fs.writeFileSync(`${mount}${elsewhere.path}/cgroup.procs`, `${goes}`);
    // Seen at a check, and again in the round after it.
    for (let round = 0; round < 10; round++) watch.round(tasks);
    expect(threadsIn(machine.sim.root, "be")).toEqual([[stays]]);
    expect(allocations(machine, "be")).toEqual(before);
    // To a group that is removed at once: the thread is never named to a control group.
    expect(machine.sim.operations()).toMatchObject({ mkdir: 1, rmdir: 1, tasks: 1, refused: 0 });
    cgroup.kill();
  });
});

import { afterEach, beforeEach, describe, expect, mock, spyOn, test } from "bun:test";
import * as fs from "node:fs";
import { KernelError, Unsupported } from "../../../src/model/errors.ts";
import { taskWith } from "../../roles/labeler.ts";
import { needRealCgroups, realCgroup } from "../../support/cgroups.ts";
import { requirement } from "../../support/requirement.ts";
import { needResctrl, type ResctrlLayout, resctrlMachine } from "../../support/resctrl-sim.ts";
import { tempTree } from "../../support/tree.ts";
import { agentGroups, taskOf, threadsIn, watching } from "./resctrl-watch.ts";

/** The kernel takes writes from root alone, but literal trees take them from anybody. */
beforeEach(() => void spyOn(process as { geteuid(): number }, "geteuid").mockReturnValue(0));
afterEach(() => mock.restore());

const NO_RESCTRL =
  "there is no resctrl: /proc/filesystems does not list it, so the CPU has neither Intel RDT, AMD QoS nor Arm MPAM, or the kernel has no support for it";
const MOUNTS = { "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n" } as const;

test("open() demands what rdt_enabled: true says, and says why it is not to be had", () => {
  using tree = tempTree(MOUNTS);
  expect(() => watching(tree.host)).toThrow(
    new Unsupported(`Cannot use resctrl, which rdt_enabled: true demands: ${NO_RESCTRL}`),
  );
});

test.each([null, "auto"] as const)(
  "open() with rdt_enabled: %s goes on without resctrl and says so once",
  (rdt_enabled) => {
    using tree = tempTree(MOUNTS);
    using watch = watching(tree.host, { rdt_enabled });
    expect(watch.round([])).toEqual({});
    expect(watch.platform).toEqual({});
    expect(watch.context.logged).toEqual([["info", `Tasks are not watched with resctrl: ${NO_RESCTRL}`]]);
  },
);

test("probe() tells what is missing", () => {
  using tree = tempTree({ "proc/filesystems": "nodev\tresctrl\n" });
  using watch = watching(tree.host, { rdt_enabled: null });
  expect(watch.collector.probe([])).toEqual([
    {
      component: "ResctrlCollector",
      feature: "resctrl",
      supported: false,
      detail: "resctrl is not mounted: mount -t resctrl resctrl /sys/fs/resctrl",
    },
  ]);
});

const MONITORED = {
  ...MOUNTS,
  "sys/fs/resctrl/info/L3_MON/num_rmids": "8\n",
  "sys/fs/resctrl/info/L3_MON/mon_features": "mbm_total_bytes\n",
  "sys/fs/resctrl/mon_groups/": "",
} as const;

test("open() goes on without resctrl where /proc does not show the agent", () => {
  using tree = tempTree(MONITORED);
  using watch = watching(tree.host, { rdt_enabled: "auto" });
  expect(watch.context.logged).toEqual([
    [
      "info",
      "Tasks are not watched with resctrl: /proc/self/stat is missing: /proc is that of another PID namespace",
    ],
  ]);
});

test("open() goes on without resctrl where there are no cgroups", () => {
  using tree = tempTree({ ...MONITORED, "proc/self/mounts": "" });
  using watch = watching(tree.host, { rdt_enabled: "auto" });
  expect(watch.context.logged).toEqual([
    [
      "info",
      "Tasks are not watched with resctrl: No cgroup file system is mounted: /proc/self/mounts has neither cgroup nor cgroup2",
    ],
  ]);
});

test("measure() says that there is no counter, where it cannot be known how many there are", () => {
  using tree = tempTree({
    ...MONITORED,
    "proc/self/stat": `7 (wca) S ${"0 ".repeat(18)}99 0\n`,
    "sys/fs/cgroup/a/cgroup.threads": "41\n",
  });
  using mkdir = spyOn(tree.host, "mkdir").mockImplementation((group) => {
    tree.write(`${group.slice(1)}/tasks`, "");
    tree.write(`${group.slice(1)}/mon_data/mon_L3_00/mbm_total_bytes`, "Unassigned\n");
  });
  using rmdir = spyOn(tree.host, "rmdir").mockImplementation((group) => tree.remove(group.slice(1)));
  using watch = watching(tree.host);
  expect(watch.round([taskWith({ id: "a", cgroupPath: "/a" })])).toEqual({ a: {} });
  expect(watch.context.logged).toEqual([
    [
      "warning",
      'Cannot count memory bandwidth of task "a": Unassigned, the group has no counter. Choose fewer tasks with rdt_tasks, or write "default" to info/L3_MON/mbm_assign_mode',
    ],
  ]);
  watch.collector.close();
  expect([mkdir.mock.calls.length, rmdir.mock.calls.length]).toEqual([1, 1]);
});

test("measure() finds caches that come with their CPUs, and takes everything out of a task that fails", () => {
  using tree = tempTree({
    ...MONITORED,
    "proc/self/stat": `7 (wca) S ${"0 ".repeat(18)}99 0\n`,
    "sys/fs/cgroup/a/cgroup.threads": "41\n",
  });
  let data = "";
  using mkdir = spyOn(tree.host, "mkdir").mockImplementation((group) => {
    data = `${group.slice(1)}/mon_data`;
    tree.write(`${group.slice(1)}/tasks`, "41\n");
    tree.write(`${data}/mon_L3_00/mbm_total_bytes`, "10\n");
  });
  using watch = watching(tree.host);
  const tasks = [taskWith({ id: "a", cgroupPath: "/a" })];
  expect(watch.round(tasks)).toEqual({ a: { task_mem_bandwidth_bytes: 10 } });
  tree.write(`${data}/mon_L3_01/mbm_total_bytes`, "5\n");
  for (let round = 0; round < 8; round++) watch.round(tasks);
  expect(watch.measurements).toEqual({ a: { task_mem_bandwidth_bytes: 15 } });
  tree.remove("sys/fs/cgroup/a/cgroup.threads");
  tree.write("sys/fs/cgroup/a/cgroup.threads/", "");
  expect(() => watch.round(tasks)).toThrow(
    new KernelError("read", "/sys/fs/cgroup/a/cgroup.threads", "EISDIR"),
  );
  expect(watch.measurements).toEqual({ a: {} });
  tree.remove("sys/fs/cgroup/a/cgroup.threads");
  tree.write("sys/fs/cgroup/a/cgroup.threads", "41\n");
  expect(watch.round(tasks)).toEqual({ a: { task_mem_bandwidth_bytes: 15 } });
  expect(mkdir).toHaveBeenCalledTimes(1);
});

test("measure() has no values of a round in which resctrl cannot be read", () => {
  using tree = tempTree({
    ...MONITORED,
    "proc/self/stat": `7 (wca) S ${"0 ".repeat(18)}99 0\n`,
    "sys/fs/cgroup/a/cgroup.threads": "41\n",
  });
  using mkdir = spyOn(tree.host, "mkdir").mockImplementation((group) => {
    tree.write(`${group.slice(1)}/tasks`, "41\n");
    tree.write(`${group.slice(1)}/mon_data/mon_L3_00/mbm_total_bytes`, "10\n");
  });
  using watch = watching(tree.host);
  const tasks = [taskWith({ id: "a", cgroupPath: "/a" })];
  expect(watch.round(tasks)).toEqual({ a: { task_mem_bandwidth_bytes: 10 } });
  using list = spyOn(tree.host, "list").mockImplementationOnce((path) => {
    throw new KernelError("list", path, "EIO");
  });
  expect(() => watch.round(tasks)).toThrow(new KernelError("list", "/sys/fs/resctrl", "EIO"));
  expect(watch.measurements).toEqual({ a: {} });
  expect(watch.round(tasks)).toEqual({ a: { task_mem_bandwidth_bytes: 10 } });
  expect(mkdir).toHaveBeenCalledTimes(1);
  expect(list).toHaveBeenCalled();
});

test("probe() tells an unusual mode of the root group, and counters that come and go", () => {
  using tree = tempTree({
    ...MONITORED,
    "sys/fs/resctrl/mode": "pseudo-locked\n",
    "sys/fs/resctrl/info/L3_MON/mbm_assign_mode": "mbm_event\n[default]\n",
    "sys/fs/resctrl/info/L3_MON/num_mbm_cntrs": "0=32\n",
  });
  using watch = watching(tree.host, { rdt_enabled: null });
  const rows = watch.collector.probe([]);
  expect([rows[0]?.detail, rows.at(-1)?.detail]).toEqual([
    "/sys/fs/resctrl; control: none; monitored domains: none; the root group is pseudo-locked",
    "info/L3_MON/mbm_assign_mode is default: the hardware gives counters to groups as it likes, and a group without one says Unavailable",
  ]);
});

const haveSim = await requirement("a simulated resctrl", needResctrl);
const haveCgroups = await requirement("real cgroups", needRealCgroups);

describe.skipIf(!haveSim || !haveCgroups)("on the simulator", () => {
  const MEASURED = {
    task_llc_occupancy_bytes: 11,
    task_mem_bandwidth_bytes: 5_000_000_300,
    task_mem_bandwidth_local_bytes: 4_000_000_100,
    task_mem_bandwidth_remote_bytes: 1_000_000_200,
  };

  /** Domains to set; the last two get values, all others 0. */
  const DOMAINS: Readonly<Partial<Record<ResctrlLayout, readonly number[]>>> = {
    snc: [0, 1, 2, 3],
    amd: [0, 4, 8, 12],
    abmc: [0, 4, 8, 12],
  };

  test.each(["xeon", "cdp", "l2", "l2cdp", "mbps", "snc", "amd", "abmc", "monitor-only", "no-mb"] as const)(
    "measure() sums all domains of the layout %s, each once",
    async (layout) => {
      using machine = await resctrlMachine({ layout, frozen: true });
      using cgroup = realCgroup("a");
      const pid = cgroup.sleep();
      using watch = watching(machine.host);
      const tasks = [taskOf(cgroup)];
      watch.round(tasks);
      // What AMD says of a new group at first is Unavailable.
      watch.round(tasks);
      const [name] = agentGroups(machine.sim.root);
      expect(threadsIn(machine.sim.root)).toEqual([[pid]]);
      machine.sim.command(`set mon_groups/${name} * * 0`);
      const [first, second] = (DOMAINS[layout] ?? [0, 1]).slice(-2);
      machine.sim.command(`set mon_groups/${name} ${first} llc_occupancy 4
set mon_groups/${name} ${second} llc_occupancy 7
set mon_groups/${name} ${first} mbm_total_bytes 5000000000
set mon_groups/${name} ${second} mbm_total_bytes 300
set mon_groups/${name} ${first} mbm_local_bytes 4000000000
set mon_groups/${name} ${second} mbm_local_bytes 100`);
      expect(watch.round(tasks)).toEqual({ a: MEASURED });
      expect(watch.platform).toEqual({ wca_rdt_groups: 1, wca_rdt_unwatched_tasks: 0 });
      expect(watch.context.logged).toEqual([]);
      watch.collector.close();
      expect(fs.readdirSync(`${machine.sim.root}/mon_groups`)).toEqual([]);
      expect(machine.host.keptFiles).toBe(0);
    },
  );

  test("rdt_enabled: false touches nothing of resctrl", async () => {
    using machine = await resctrlMachine();
    using cgroup = realCgroup("a");
    cgroup.sleep();
    const before = machine.sim.operations();
    using watch = watching(machine.host, { rdt_enabled: false });
    expect(watch.collector.probe([])).toEqual([]);
    expect(watch.round([taskOf(cgroup)])).toEqual({ a: {} });
    watch.collector.close();
    expect(machine.sim.operations()).toEqual(before);
    expect(watch.context.logged).toEqual([]);
  });

  test("rdt_enabled: auto goes on without monitoring", async () => {
    using machine = await resctrlMachine({ layout: "no-monitoring" });
    using watch = watching(machine.host, { rdt_enabled: "auto" });
    expect(watch.context.logged.map(([level, text]) => [level, text.slice(0, 61)])).toEqual([
      ["info", "Tasks are not watched with resctrl: resctrl has no monitoring"],
    ]);
    expect(machine.sim.operations()).toMatchObject({ mkdir: 0, tasks: 0 });
  });

  test("probe() describes a machine and changes nothing", async () => {
    using machine = await resctrlMachine({ layout: "abmc", counters: 5 });
    using watch = watching(machine.host, { rdt_enabled: null });
    const component = "ResctrlCollector";
    expect(watch.collector.probe([])).toEqual([
      {
        component,
        feature: "resctrl",
        supported: true,
        detail:
          "/sys/fs/resctrl; control: L3 (16 bits, 16 CLOSIDs, domains 0 4 8 12), MB in 1/8 GBps (16 CLOSIDs, domains 0 4 8 12), SMBA in 1/8 GBps (16 CLOSIDs, domains 0 4 8 12); monitored domains: mon_L3_00, mon_L3_04, mon_L3_08, mon_L3_12",
      },
      {
        component,
        feature: "monitoring groups",
        supported: true,
        detail:
          "255 of 256 RMIDs (num_rmids) are left for tasks, 0 are chosen now; 0 groups are those of agents",
      },
      { component, feature: "cache occupancy of tasks", supported: true, detail: "mon_data/*/llc_occupancy" },
      {
        component,
        feature: "memory bandwidth of tasks",
        supported: true,
        detail: "mon_data/*/mbm_total_bytes",
      },
      {
        component,
        feature: "local memory bandwidth of tasks",
        supported: true,
        detail: "mon_data/*/mbm_local_bytes",
      },
      {
        component,
        feature: "assignable bandwidth counters",
        supported: true,
        detail:
          "info/L3_MON/mbm_assign_mode is mbm_event: 0=3;4=3;8=3;12=3 of 0=5;4=5;8=5;12=5 counters are free; a task takes one for each event",
      },
    ]);
    const { reads: _reads, monReads: _monReads, ...changes } = machine.sim.operations();
    expect(Object.values(changes)).toEqual(Object.values(changes).map(() => 0));
  });

  test("probe() tells that there are more chosen tasks than RMIDs", async () => {
    using machine = await resctrlMachine({ rmids: 5 });
    for (const group of ["be", "be/mon_groups/somebody"]) fs.mkdirSync(`${machine.sim.root}/${group}`);
    using watch = watching(machine.host, { rdt_tasks: { task_name: "b.*" } });
    const rowOf = (...names: readonly string[]) =>
      watch.collector.probe(names.map((name) => taskWith({ id: name, labels: { task_name: name } })))[1];
    expect(rowOf("a", "b1", "b2")).toEqual({
      component: "ResctrlCollector",
      feature: "monitoring groups",
      supported: true,
      detail: "2 of 5 RMIDs (num_rmids) are left for tasks, 2 are chosen now; 0 groups are those of agents",
    });
    expect(rowOf("b1", "b2", "b3")).toMatchObject({
      supported: false,
      detail:
        "2 of 5 RMIDs (num_rmids) are left for tasks, 3 are chosen now; the others are not watched, choose fewer with rdt_tasks; 0 groups are those of agents",
    });
  });

  test("probe() tells which events a machine does not have", async () => {
    using machine = await resctrlMachine({ features: ["llc_occupancy"] });
    using watch = watching(machine.host);
    expect(
      watch.collector
        .probe([])
        .slice(2)
        .map(({ supported, detail }) => [supported, detail]),
    ).toEqual([
      [true, "mon_data/*/llc_occupancy"],
      [false, "info/L3_MON/mon_features has no mbm_total_bytes"],
      [false, "info/L3_MON/mon_features has no mbm_local_bytes"],
    ]);
  });

  test("measure() gives what a machine has: total bandwidth alone has no remote", async () => {
    using machine = await resctrlMachine({ features: ["mbm_total_bytes"], frozen: true });
    using cgroup = realCgroup("a");
    cgroup.sleep();
    using watch = watching(machine.host);
    expect(watch.round([taskOf(cgroup)])).toEqual({ a: { task_mem_bandwidth_bytes: 0 } });
  });

  test("measure() watches the chosen tasks only, and takes out what it measured of others", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using a = realCgroup("a");
    using b = realCgroup("b");
    const pids = [a.sleep(), b.sleep()];
    using watch = watching(machine.host, { rdt_tasks: { role: "db" } });
    const [left, right] = [taskOf(a, { labels: { role: "db" } }), taskOf(b, { labels: { role: "web" } })];
    const measured = watch.round([left, right]);
    expect([Object.keys(measured["a"] ?? {}).length, measured["b"]]).toEqual([4, {}]);
    expect(threadsIn(machine.sim.root)).toEqual([[pids[0] as number]]);
    const swapped = watch.round([
      { ...left, labels: { role: "web" } },
      { ...right, labels: { role: "db" } },
    ]);
    expect([swapped["a"], Object.keys(swapped["b"] ?? {}).length]).toEqual([{}, 4]);
    expect(threadsIn(machine.sim.root)).toEqual([[pids[1] as number]]);
  });

  test("measure() gives a thread to the innermost task", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using outer = realCgroup("outer");
    const inner = outer.child("inner");
    const pod = outer.child("pod");
    const pids = [outer.sleep(), inner.sleep(), pod.sleep()];
    using watch = watching(machine.host);
    const [task, nested] = [taskOf(outer), taskOf(inner, { id: "inner" })];
    watch.round([task]);
    expect(threadsIn(machine.sim.root)).toEqual([pids]);
    watch.round([task, nested]);
    expect(threadsIn(machine.sim.root).map((threads) => threads.join())).toEqual(
      expect.arrayContaining([`${pids[1]}`, `${pids[0]},${pids[2]}`]),
    );
    watch.round([task]);
    expect(threadsIn(machine.sim.root)).toEqual([pids]);
  });

  test("measure() drops a task whose cgroup is gone and watches the others", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using a = realCgroup("a");
    using b = realCgroup("b");
    a.sleep();
    b.sleep();
    using watch = watching(machine.host);
    const tasks = [taskOf(a), taskOf(b)];
    watch.round(tasks);
    expect(agentGroups(machine.sim.root).length).toBe(2);
    a.remove();
    expect(Object.keys(watch.round(tasks))).toEqual(["b"]);
    expect(watch.dropped).toEqual(["a"]);
    expect(agentGroups(machine.sim.root).length).toBe(1);
    expect(watch.platform).toEqual({ wca_rdt_groups: 1, wca_rdt_unwatched_tasks: 0 });
  });

  test("measure() starts the counters of a task anew when its cgroup was made again", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    cgroup.sleep();
    using watch = watching(machine.host);
    const task = taskOf(cgroup);
    watch.round([task]);
    const before = agentGroups(machine.sim.root);
    machine.sim.command(`set mon_groups/${before[0]} 0 mbm_total_bytes 1000`);
    expect(watch.round([task])["a"]?.["task_mem_bandwidth_bytes"]).toBe(1000);
    expect(watch.round([{ ...task, identity: 2 }])["a"]?.["task_mem_bandwidth_bytes"]).toBe(0);
    expect(agentGroups(machine.sim.root)).toEqual(before);
    expect(machine.sim.operations()).toMatchObject({ mkdir: 2, rmdir: 1 });
  });

  test("measure() makes no group for a task without processes, and keeps one whose processes have ended", async () => {
    using machine = await resctrlMachine({ frozen: true });
    using cgroup = realCgroup("a");
    using watch = watching(machine.host);
    const tasks = [taskOf(cgroup)];
    expect(watch.round(tasks)).toEqual({ a: {} });
    expect(machine.sim.operations().mkdir).toBe(0);
    cgroup.sleep();
    watch.round(tasks);
    cgroup.kill();
    expect(watch.round(tasks)["a"]).toMatchObject({ task_mem_bandwidth_bytes: 0 });
    const pid = cgroup.sleep();
    watch.round(tasks);
    // A process that has ended may be there until its parent asks for it.
    expect(threadsIn(machine.sim.root)[0]).toContain(pid);
    expect(machine.sim.operations().mkdir).toBe(1);
  });
});

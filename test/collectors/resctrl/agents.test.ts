import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { groupName, readOwner } from "../../../src/kernel/resctrl/group-name.ts";
import { needRealCgroups, realCgroup } from "../../support/cgroups.ts";
import { requirement } from "../../support/requirement.ts";
import { needResctrl, resctrlMachine } from "../../support/resctrl-sim.ts";
import { until } from "../../support/wca.ts";
import { agents, groupOf } from "./resctrl-agents.ts";
import { agentGroups, taskOf, watching } from "./resctrl-watch.ts";

const LONG_MS = 60_000;

const haveSim = await requirement("a simulated resctrl", needResctrl);
const haveCgroups = await requirement("real cgroups", needRealCgroups);

describe.skipIf(!haveSim || !haveCgroups)("groups of several agents", () => {
  test("open() removes the groups of agents that have ended, wherever they are, and nobody else's", async () => {
    using machine = await resctrlMachine();
    const { root } = machine.sim;
    const self = readOwner(machine.host);
    fs.mkdirSync(`${root}/wca-be`);
    const dead = [
      groupName({ ...self, pid: 4_194_303 }, "gone"),
      // The pid came again.
      groupName({ ...self, start: self.start - 1 }, "earlier"),
    ];
    const others = [
      groupName({ ...self, pid: 1, start: readOwnerOf(1).start }, "other"),
      groupName({ ...self, pid: 4_194_303, namespace: 1 }, "elsewhere"),
      groupName(self, "own"),
      `${dead[0]}-copy`,
      "wca-batch",
      "kubepods-burstable-pod1",
    ].sort();
    for (const name of [...dead, ...others]) {
      for (const control of ["", "wca-be/"]) fs.mkdirSync(`${root}/${control}mon_groups/${name}`);
    }
    using watch = watching(machine.host);
    for (const control of ["", "wca-be/"]) {
      expect(fs.readdirSync(`${root}/${control}mon_groups`).sort()).toEqual(others);
    }
    expect(watch.context.logged).toEqual([
      ["info", "Removed monitoring groups that an agent had left when it crashed: 4"],
    ]);
    watch.round([]);
    watch.collector.close();
    expect(fs.readdirSync(`${root}/mon_groups`).sort()).toEqual(others);
  });

  function readOwnerOf(pid: number): { readonly start: number } {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return { start: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]) };
  }

  test("measure() removes the groups of an agent that crashed meanwhile when RMIDs run out", async () => {
    using machine = await resctrlMachine({ rmids: 2, frozen: true });
    using cgroup = realCgroup("a");
    cgroup.sleep();
    using watch = watching(machine.host);
    const self = readOwner(machine.host);
    fs.mkdirSync(`${machine.sim.root}/mon_groups/${groupName({ ...self, pid: 4_194_303 }, "gone")}`);
    expect(Object.keys(watch.round([taskOf(cgroup)])["a"] ?? {}).length).toBe(4);
    expect(watch.context.logged).toEqual([]);
  });

  test(
    "1,000 tasks come and go and leave no group and no descriptor",
    async () => {
      using machine = await resctrlMachine({ rmids: 24, limboAttempts: 0, frozen: true });
      using cgroup = realCgroup("all");
      const cgroups = Array.from({ length: 10 }, (_, index) => cgroup.child(`t${index}`));
      for (const { sleep } of cgroups) sleep();
      using watch = watching(machine.host);
      for (let wave = 0; wave < 100; wave++) {
        const tasks = cgroups.map((child, index) =>
          taskOf(child, { id: `task-${wave}-${index}`, identity: wave }),
        );
        watch.round(tasks);
        expect(watch.platform).toEqual({ wca_rdt_groups: 10, wca_rdt_unwatched_tasks: 0 });
      }
      expect(agentGroups(machine.sim.root).length).toBe(10);
      watch.round([]);
      expect(agentGroups(machine.sim.root)).toEqual([]);
      expect(machine.host.keptFiles).toBe(0);
      expect(machine.sim.operations()).toMatchObject({ mkdir: 1000, rmdir: 1000, refused: 0 });
      expect(watch.context.logged).toEqual([]);
    },
    LONG_MS,
  );
});

describe.skipIf(!haveSim || !haveCgroups)("the agent itself", () => {
  test(
    "an agent that was killed leaves groups, which the next one removes at once; one that ends leaves none",
    async () => {
      using host = await agents();
      const { root } = host;
      using cgroup = realCgroup("a");
      const pid = cgroup.sleep();
      const killed = host.start("killed", cgroup.path);
      await until(() => groupOf(root, pid) !== undefined);
      const left = groupOf(root, pid);
      killed.process.kill("SIGKILL");
      const next = host.start("next", cgroup.path);
      // Asked once in each try: in between there is no group.
      await until(() => ![undefined, left].includes(groupOf(root, pid)));
      expect(agentGroups(root).length).toBe(1);
      await until(() => /^task_llc_occupancy_bytes\{.*\} \d+/m.test(next.metrics()));
      next.process.kill("SIGTERM");
      expect(await next.process.exited).toBe(0);
      expect(agentGroups(root)).toEqual([]);
      expect(await next.said).toContain(
        "Removed monitoring groups that an agent had left when it crashed: 1",
      );
    },
    LONG_MS,
  );

  test(
    "two agents leave each other's groups alone, and neither takes the other's task away",
    async () => {
      using host = await agents();
      const { root } = host;
      using a = realCgroup("a");
      using b = realCgroup("b");
      const [pidA, pidB] = [a.sleep(), b.sleep()];
      const first = host.start("first", a.path);
      await until(() => groupOf(root, pidA) !== undefined);
      const group = groupOf(root, pidA);
      const second = host.start("second", b.path);
      const third = host.start("third", a.path);
      await until(() => groupOf(root, pidB) !== undefined);
      await until(() => /^wca_rdt_unwatched_tasks\{.*\} 1/m.test(third.metrics()));
      expect(groupOf(root, pidA)).toBe(group);
      for (const ended of [first, second]) {
        ended.process.kill("SIGTERM");
        expect(await ended.process.exited).toBe(0);
      }
      // The third takes over what the first has left in good order.
      await until(() => /^wca_rdt_unwatched_tasks\{.*\} 0/m.test(third.metrics()));
      expect(groupOf(root, pidA)).not.toBe(group);
      third.process.kill("SIGTERM");
      expect(await third.process.exited).toBe(0);
      expect(agentGroups(root)).toEqual([]);
    },
    LONG_MS,
  );

  test(
    "an agent that demands resctrl ends where there is no monitoring, and leaves resctrl as it is",
    async () => {
      using host = await agents({ layout: "no-monitoring" });
      using cgroup = realCgroup("a");
      const { process: child, said } = host.start("only", cgroup.path);
      expect(await child.exited).toBe(1);
      expect(await said).toContain(
        "Cannot use resctrl, which rdt_enabled: true demands: resctrl has no monitoring",
      );
    },
    LONG_MS,
  );
});

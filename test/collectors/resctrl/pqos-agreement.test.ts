/* What Intel's own client sees in a resctrl, the agent sees too, and neither spoils the other's work. */
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { needRealCgroups, realCgroup } from "../../support/cgroups.ts";
import { logLines } from "../../support/logfmt.ts";
import { type MeasuredByPqos, needPqos, pqos, REAL_CACHES, watchWithPqos } from "../../support/pqos.ts";
import { requirement } from "../../support/requirement.ts";
import type { ResctrlOptions } from "../../support/resctrl-sim.ts";
import { until } from "../../support/wca.ts";
import { type Agent, agents, groupOf } from "./resctrl-agents.ts";
import { agentGroups, threadsOf } from "./resctrl-watch.ts";

const LONG_MS = 60_000;
const MIB = 1024 ** 2;
const KIB = 1024;
/** Of each thread, in every cache. */
const RATES: ResctrlOptions = { ...REAL_CACHES, threadRate: 100 * MIB, threadBytes: MIB, frozen: true };

const havePqos = await requirement("pqos on a simulated resctrl", needPqos);
const haveCgroups = await requirement("real cgroups", needRealCgroups);

/** What both say of a machine. */
interface Capabilities {
  /** Groups that can have shares of everything that can be shared. */
  readonly classes: number | undefined;
  readonly l3Bits: number | undefined;
  readonly isCdp: boolean;
  readonly isBandwidthShared: boolean;
  readonly isBandwidthInBytes: boolean;
  readonly rmids: number | undefined;
  readonly occupancy: boolean;
  readonly total: boolean;
  readonly local: boolean;
}

/** Out of `pqos -D`, whose sections are known by their headings. */
function saidByPqos(lines: readonly string[]): Capabilities {
  const text = lines.join("\n");
  const [, monitoring = "", allocation = ""] =
    /\nMonitoring\n(.*)\nAllocation\n(.*)\nCache info/s.exec(text) ?? [];
  const [cat = "", mba = ""] = allocation.split("Memory Bandwidth Allocation (MBA)");
  return {
    classes: numberIn(allocation, /Num COS: (\d+)/),
    l3Bits: numberIn(cat, /L3 CAT\n(?:.*\n)*?Max CBM bits: (\d+)/),
    isCdp: cat.includes("CDP: enabled"),
    isBandwidthShared: mba.includes("Num COS"),
    isBandwidthInBytes: mba.includes("CTRL: enabled"),
    rmids: numberIn(monitoring, /max rmid: (\d+)/),
    occupancy: monitoring.includes("(LLC)"),
    total: monitoring.includes("(TMEM)"),
    local: monitoring.includes("(LMEM)"),
  };
}

/** Out of the rows of `wca doctor`. */
function saidByDoctor(text: string): Capabilities {
  const control = /control: (.*?); monitored domains/.exec(text)?.[1] ?? "";
  return {
    classes: Math.min(...[...control.matchAll(/(\d+) CLOSIDs/g)].map(([, count]) => Number(count))),
    l3Bits: numberIn(control, /\bL3(?:CODE)? \((\d+) bits/),
    isCdp: control.includes("L3CODE"),
    isBandwidthShared: control.includes("MB in"),
    isBandwidthInBytes: control.includes("MB in MBps"),
    rmids: numberIn(text, / of (\d+) RMIDs \(num_rmids\)/),
    occupancy: /^yes .* mon_data\/\*\/llc_occupancy$/m.test(text),
    total: /^yes .* mon_data\/\*\/mbm_total_bytes$/m.test(text),
    local: /^yes .* mon_data\/\*\/mbm_local_bytes$/m.test(text),
  };
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text);
  return found === null ? undefined : Number(found[1]);
}

/** What the agent has found out about a process since `before`, in the units of pqos. */
function measuredByAgent(agent: Agent, before: readonly number[]): MeasuredByPqos {
  const [total = 0, local = 0, remote = 0] = bandwidths(agent).map(
    (now, index) => (now - (before[index] ?? 0)) / MIB,
  );
  return { occupancy: (agent.value("task_llc_occupancy_bytes") ?? Number.NaN) / KIB, total, local, remote };
}

function bandwidths(agent: Agent): readonly number[] {
  const kinds = ["", "_local", "_remote"];
  return kinds.map((kind) => agent.value(`task_mem_bandwidth${kind}_bytes`) ?? Number.NaN);
}

/** Waits until all that the agent has stored was read after this moment. */
async function nextRounds(agent: Agent): Promise<void> {
  for (let stored = 0; stored < 2; stored++) {
    const before = agent.metrics();
    await until(() => agent.metrics() !== before && agent.metrics().endsWith("\n"));
  }
}

describe.skipIf(!havePqos || !haveCgroups)("pqos and the agent", () => {
  test.each<[ResctrlOptions, Partial<Capabilities>]>([
    [
      { layout: "xeon", cbmBits: 11 },
      { classes: 8, l3Bits: 11, isBandwidthShared: true, rmids: 192 },
    ],
    [
      { layout: "cdp", closids: 8, rmids: 40 },
      { classes: 4, l3Bits: 20, isCdp: true, rmids: 40 },
    ],
    [{ layout: "mbps" }, { isBandwidthShared: true, isBandwidthInBytes: true }],
    [
      { layout: "no-mb", closids: 5 },
      { classes: 5, isBandwidthShared: false },
    ],
    [{ layout: "l2" }, { classes: 8, l3Bits: undefined }],
    [
      { layout: "xeon", features: ["llc_occupancy"] },
      { occupancy: true, total: false, local: false },
    ],
  ])(
    "see the same in %j",
    async (options, expected) => {
      using host = await agents({ ...REAL_CACHES, ...options });
      const doctor = saidByDoctor(await host.doctor("/wca-test-none"));
      const { lines } = await pqos(host.namespace, "-D");
      expect(doctor).toMatchObject(expected);
      expect(saidByPqos(lines)).toEqual(doctor);
    },
    LONG_MS,
  );

  test(
    "measure the same of a process, one after the other",
    async () => {
      using host = await agents(RATES);
      const { root, namespace } = host;
      using cgroup = realCgroup("a");
      const pid = cgroup.sleep();
      // A control group with the process in it, as somebody makes it who limits the process.
      fs.mkdirSync(`${root}/COS1`);
      for (const id of RATES.domains ?? []) fs.writeFileSync(`${root}/COS1/schemata`, `MB:${id}=40\n`);
      fs.writeFileSync(`${root}/COS1/tasks`, `${pid}\n`);
      const domains = RATES.domains?.length ?? 1;
      const ofAll = {
        occupancy: KIB * domains,
        total: 40 * domains,
        local: 30 * domains,
        remote: 10 * domains,
      };
      const measured = await watchWithPqos(namespace, pid, () => namespace.sim.command("advance 1000"));
      expect(measured).toEqual(ofAll);
      expect(fs.readdirSync(`${root}/COS1/mon_groups`)).toEqual([]);
      const agent = host.start("agent", cgroup.path);
      await until(() => bandwidths(agent).every((value) => !Number.isNaN(value)));
      const before = bandwidths(agent);
      namespace.sim.command("advance 1000");
      await nextRounds(agent);
      expect(measuredByAgent(agent, before)).toEqual(ofAll);
      agent.process.kill("SIGTERM");
      expect(await agent.process.exited).toBe(0);
      expect(fs.readdirSync(`${root}/COS1/mon_groups`)).toEqual([]);
      // And again: what the agent removed pqos can use.
      const again = await watchWithPqos(namespace, pid, () => namespace.sim.command("advance 1000"));
      expect(again).toEqual(ofAll);
    },
    LONG_MS,
  );

  test(
    "do not spoil each other's work while both run",
    async () => {
      using host = await agents(RATES);
      const { root, namespace } = host;
      const { sim } = namespace;
      using a = realCgroup("a");
      using b = realCgroup("b");
      const [pid, other] = [a.sleep(), b.sleep()];
      const agent = host.start("agent", a.path);
      await until(() => bandwidths(agent).every((value) => !Number.isNaN(value)));
      const group = groupOf(root, pid);
      const domains = RATES.domains?.length ?? 1;
      // How much of the cache is theirs depends on all threads of this host.
      const ofAll = { total: 100 * domains, local: 75 * domains, remote: 25 * domains };
      let before = bandwidths(agent);
      // Another process, while the agent counts on.
      for (const words of [["-d"], ["-s"]]) expect((await pqos(namespace, ...words)).exitCode).toBe(0);
      const measured = await watchWithPqos(namespace, other, () => sim.command("advance 1000"));
      await nextRounds(agent);
      expect([measured, measuredByAgent(agent, before)]).toMatchObject([ofAll, ofAll]);
      expect(groupOf(root, pid)).toBe(group);
      // The agent's own process: pqos takes it, the agent lets it and takes it back.
      const taken = await watchWithPqos(namespace, pid, async () => {
        await until(() => agent.value("wca_rdt_unwatched_tasks") === 1);
        expect(groupOf(root, pid)).toBeUndefined();
        before = bandwidths(agent);
        sim.command("advance 1000");
      });
      expect(taken).toMatchObject(ofAll);
      await until(() => groupOf(root, pid) === group && agent.value("wca_rdt_unwatched_tasks") === 0);
      await nextRounds(agent);
      expect(measuredByAgent(agent, before)).toMatchObject({ total: 0, local: 0, remote: 0 });
      sim.command("advance 1000");
      await nextRounds(agent);
      expect(measuredByAgent(agent, before)).toMatchObject(ofAll);
      agent.process.kill("SIGTERM");
      expect(await agent.process.exited).toBe(0);
      expect(agentGroups(root)).toEqual([]);
      expect(
        logLines(await agent.said).filter((line) =>
          /Cannot watch task .* is in the monitoring group "[^"]*pqos[^"]*"/.test(line),
        ).length,
      ).toBe(1);
    },
    LONG_MS,
  );

  test(
    "share a machine when pqos was there first, and when it removes everybody's groups",
    async () => {
      using host = await agents(RATES);
      const { root, namespace } = host;
      using cgroup = realCgroup("a");
      const pid = cgroup.sleep();
      const domains = RATES.domains?.length ?? 1;
      let agent: Agent | undefined;
      const measured = await watchWithPqos(namespace, pid, async () => {
        const [group] = fs.readdirSync(`${root}/mon_groups`);
        agent = host.start("agent", cgroup.path);
        await until(() => agent?.value("wca_rdt_unwatched_tasks") === 1);
        expect(threadsOf(`${root}/mon_groups/${group}`)).toEqual([pid]);
        namespace.sim.command("advance 1000");
      });
      expect(measured).toMatchObject({ total: 100 * domains, local: 75 * domains });
      if (agent === undefined) throw new Error("pqos has not printed anything");
      const watching = agent;
      await until(() => groupOf(root, pid) !== undefined && watching.value("wca_rdt_unwatched_tasks") === 0);
      namespace.sim.command("advance 1000");
      await nextRounds(watching);
      const before = bandwidths(watching);
      expect(
        (await pqos(namespace, "-r", "-m", "llc:0", "-t", "0", "--disable-mon-ipc", "--disable-mon-llc_miss"))
          .exitCode,
      ).toBe(0);
      await until(() => groupOf(root, pid) !== undefined);
      namespace.sim.command("advance 1000");
      await until(() => (watching.value("task_mem_bandwidth_bytes") ?? 0) > (before[0] ?? 0));
      await nextRounds(watching);
      expect(measuredByAgent(watching, before)).toMatchObject({ total: 100 * domains, local: 75 * domains });
      watching.process.kill("SIGTERM");
      expect(await watching.process.exited).toBe(0);
      expect(await watching.said).toContain("Somebody else removed the monitoring group");
    },
    LONG_MS,
  );
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { readLayout } from "../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../src/kernel/host.ts";
import { needRealCgroups, type RealCgroup, realCgroup } from "./support/cgroups.ts";
import { batchesIn, type Samples, samplesIn, taskValues } from "./support/exposition-text.ts";
import { requirement } from "./support/requirement.ts";
import { tempTree } from "./support/tree.ts";
import { configFiles, startWca, until, wca } from "./support/wca.ts";

const TIMEOUT_MS = 120_000;
const CONTROLLERS = ["cpu", "cpuacct", "memory", "pids"] as const;

function needV1(): void {
  needRealCgroups();
  const { v1 } = readLayout(new KernelHost());
  const missing = CONTROLLERS.filter((controller) => !v1.has(controller));
  if (missing.length > 0) throw new Error(`no v1 hierarchy of ${missing.join(", ")}`);
}

const met = await requirement("real cgroups", needRealCgroups);
const metV1 = await requirement("real cgroups of version 1", needV1);

/** A file of a v1 cgroup. */
function fileOf({ path: group }: RealCgroup, controller: (typeof CONTROLLERS)[number], file: string): string {
  const mount = readLayout(new KernelHost()).v1.get(controller);
  return `${mount}${group}/${file}`;
}

function keyOf(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)`, "m").exec(text)?.[1]);
}

/** What the kernel says of a v1 cgroup that only grows, by metric name. */
function countersOf(group: RealCgroup): Readonly<Record<string, number>> {
  const read = (controller: (typeof CONTROLLERS)[number], file: string) =>
    fs.readFileSync(fileOf(group, controller, file), "utf8");
  const [cpu, memory] = [read("cpu", "cpu.stat"), read("memory", "memory.stat")];
  return {
    task_cpu_usage_seconds: Number(read("cpuacct", "cpuacct.usage")) / 1e9,
    task_cpu_user_seconds_total: keyOf(read("cpuacct", "cpuacct.stat"), "user") / 100,
    task_cpu_periods_total: keyOf(cpu, "nr_periods"),
    task_cpu_throttled_periods_total: keyOf(cpu, "nr_throttled"),
    task_cpu_throttled_seconds_total: keyOf(cpu, "throttled_time") / 1e9,
    task_mem_max_usage_bytes: Number(read("memory", "memory.max_usage_in_bytes")),
    task_mem_limit_bytes: Number(read("memory", "memory.limit_in_bytes")),
    task_mem_page_faults: keyOf(memory, "pgfault"),
    task_mem_oom_kills_total: keyOf(read("memory", "memory.oom_control"), "oom_kill"),
    task_pids: Number(read("pids", "pids.current")),
  };
}

/** A runner whose node knows two cgroups below another one, by the kind of node. */
const NODES: readonly (readonly [
  kind: string,
  node: (parent: RealCgroup, names: readonly string[]) => string,
  prefix: (parent: RealCgroup) => string,
])[] = [
  [
    "StaticNode",
    ({ path: parent }, names) =>
      `!StaticNode {tasks: [${names.map((name) => `${parent}/${name}`).join(", ")}]}`,
    ({ path: parent }) => `${parent.slice(1)}/`,
  ],
  ["CgroupNode", ({ path: parent }) => `!CgroupNode {root: ${parent}}`, ({ path: parent }) => `${parent}/`],
];

function configOf(node: string, interval: number): string {
  return `
runner: !MeasurementRunner
  node: ${node}
  interval: ${interval}
  vmstat: false
  zoneinfo: false
  metrics_storage: !LogStorage {output_filename: out.prom}
`;
}

describe.skipIf(!metV1)("the agent on this host, cgroup v1,", () => {
  for (const [kind, nodeOf, prefixOf] of NODES) {
    test(
      `gives values between those of the kernel right before and right after, ${kind}`,
      async () => {
        using parent = realCgroup("values");
        using busy = parent.child("busy");
        using quiet = parent.child("quiet");
        fs.writeFileSync(fileOf(busy, "cpu", "cpu.cfs_quota_us"), "20000");
        fs.writeFileSync(fileOf(busy, "memory", "memory.limit_in_bytes"), String(64 << 20));
        busy.busy();
        quiet.sleep();
        await until(
          () => keyOf(fs.readFileSync(fileOf(busy, "cpu", "cpu.stat"), "utf8"), "nr_throttled") > 2,
        );
        using tree = tempTree({});
        configFiles(tree.root, { "c.yaml": configOf(nodeOf(parent, ["busy", "quiet"]), 0) });
        const before = [busy, quiet].map(countersOf);
        const { exitCode } = await wca(["-0c", "c.yaml", "-n1"], { cwd: tree.root });
        const after = [busy, quiet].map(countersOf);
        expect(exitCode).toBe(0);
        const samples = samplesIn(fs.readFileSync(path.join(tree.root, "out.prom"), "utf8"));
        for (const [index, name] of ["busy", "quiet"].entries()) {
          const values = taskValues(samples, `${prefixOf(parent)}${name}`);
          for (const [metric, least] of Object.entries(before[index] ?? {})) {
            expect([metric, values[metric]]).toEqual([metric, expect.any(Number)]);
            expect(values[metric]).toBeGreaterThanOrEqual(least);
            expect(values[metric]).toBeLessThanOrEqual(after[index]?.[metric] ?? Number.NaN);
          }
        }
        const ofBusy = taskValues(samples, `${prefixOf(parent)}busy`);
        expect([ofBusy["task_mem_limit_bytes"], ofBusy["task_pids"]]).toEqual([64 << 20, 1]);
        expect(ofBusy["task_cpu_throttled_periods_total"]).toBeGreaterThan(2);
      },
      TIMEOUT_MS,
    );
  }
});

describe.skipIf(!met)("the agent on this host", () => {
  for (const [kind, nodeOf, prefixOf] of NODES) {
    test(
      `tells all of the other tasks in every round while one is removed and made again, ${kind}`,
      async () => {
        using parent = realCgroup("flaky");
        using stable = parent.child("stable");
        using flaky = parent.child("flaky");
        stable.sleep();
        flaky.busy();
        using tree = tempTree({});
        configFiles(tree.root, { "c.yaml": configOf(nodeOf(parent, ["stable", "flaky"]), 0.005) });
        const file = path.join(tree.root, "out.prom");
        using agent = startWca(["-0c", "c.yaml"], { cwd: tree.root });
        const size = () => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
        async function nextRounds(): Promise<void> {
          const enough = size() + 60_000;
          await until(() => size() > enough);
        }
        const usageOf = (batch: Samples) =>
          taskValues(batch, `${prefixOf(parent)}flaky`)["task_cpu_usage_seconds"] ?? 0;
        await until(
          () => size() > 0 && batchesIn(fs.readFileSync(file, "utf8")).some((batch) => usageOf(batch) > 0.3),
        );
        for (let turn = 0; turn < 10; turn++) {
          flaky.remove();
          if (turn % 2 === 0) await nextRounds();
          flaky.create();
          flaky.sleep();
          await nextRounds();
        }
        agent.signal("SIGTERM");
        expect((await agent.finished).exitCode).toBe(0);
        const batches = batchesIn(fs.readFileSync(file, "utf8"));
        const [first = {}, ...others] = batches.map((batch) =>
          Object.keys(taskValues(batch, `${prefixOf(parent)}stable`)),
        );
        expect(first).toEqual(
          expect.arrayContaining(["task_up", "task_cpu_usage_seconds", "task_mem_usage_bytes", "task_pids"]),
        );
        expect(others.filter((names) => !Bun.deepEquals(names, first))).toEqual([]);
        const seen = batches.map((batch) => taskValues(batch, `${prefixOf(parent)}flaky`)["task_up"]);
        expect([
          seen.filter((up) => up === 1).length > 10,
          seen.filter((up) => up === undefined).length > 0,
        ]).toEqual([true, true]);
        expect(seen.at(-1)).toBe(1);
        expect(usageOf(batches.at(-1) ?? new Map())).toBeLessThan(0.3);
        const failures = [...(batches.at(-1) ?? [])].filter(([series]) =>
          series.startsWith("wca_component_failures_total"),
        );
        expect(failures.filter(([, count]) => count > 0)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }
});

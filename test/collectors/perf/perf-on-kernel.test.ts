import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { z } from "zod";
import { PERF_OPTIONS } from "../../../src/collectors/perf/options.ts";
import { PerfCollector } from "../../../src/collectors/perf/perf.ts";
import { readLayout } from "../../../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { explainFailure, explainUncountable } from "../../../src/kernel/perf/explain.ts";
import { PerfGroupOpener } from "../../../src/kernel/perf/group.ts";
import { PerfHierarchy } from "../../../src/kernel/perf/hierarchy.ts";
import { readPlatform } from "../../../src/kernel/platform.ts";
import { KernelError } from "../../../src/model/errors.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import type { Task } from "../../../src/model/task.ts";
import { TASK_CLOCK } from "../../kernel/perf/events.ts";
import { needRealCgroups, type RealCgroup, realCgroup } from "../../support/cgroups.ts";
import { testContext } from "../../support/context.ts";
import { logLines } from "../../support/logfmt.ts";
import { perfCommand, perfStat } from "../../support/perf-stat.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";
import { configFiles, until, type WcaOptions, wca } from "../../support/wca.ts";
import { task } from "./perf-machine.ts";

const TIMEOUT_MS = 120_000;
const EVENTS = ["task_cpu_clock_seconds", "task_page_faults", "task_context_switches", "task_cpu_migrations"];
/** Long enough for the kernel's bookkeeping by ticks to be no more than a small share. */
const WINDOW_NS = 1.5e9;

/** For `requirement()`: throws unless perf events of cgroups can be opened here. */
function needPerfEvents(): void {
  needRealCgroups();
  const host = new KernelHost();
  const hierarchy = new PerfHierarchy(host, readLayout(host));
  using group = realCgroup("perf-probe");
  const directory = `${hierarchy.mount}${group.path}`;
  const cgroup = host.perf.openDirectory(directory);
  try {
    const { groups } = new PerfGroupOpener(host.perf).open([TASK_CLOCK], { cpu: 0, cgroup });
    for (const each of groups) each.close();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    if (error.code === "ENOENT") throw new Error(explainUncountable(directory, hierarchy));
    throw new Error(explainFailure(error, directory, host));
  } finally {
    host.perf.close(cgroup);
  }
}

const met = await requirement("perf events of cgroups", needPerfEvents);
const metTool =
  met &&
  (await requirement("perf stat", async () => {
    const [program = "perf", ...args] = await perfCommand();
    const { exitCode, stderr } = Bun.spawnSync([program, ...args, "stat", "-e", "task-clock", "true"]);
    if (exitCode !== 0) throw new Error(stderr.toString());
  }));

function collectorOn(host: KernelHost, options: z.input<z.ZodObject<typeof PERF_OPTIONS>> = {}) {
  const context = testContext(host);
  const collector = new PerfCollector(
    z.object(PERF_OPTIONS).parse({ event_names: EVENTS, ...options }),
    context,
  );
  const platform = readPlatform(host);
  function round(...tasks: readonly Task[]): readonly Readonly<Record<string, number>>[] {
    const entries = tasks.map((each) => ({ task: each, measurements: {} as Record<string, Measurement> }));
    collector.measure({ timeMs: 0, platform, platformMeasurements: {}, tasks: entries, drop: () => {} });
    return entries.map(({ measurements }) => measurements as Record<string, number>);
  }
  return { collector, context, round };
}

function taskOf({ path, mounts }: RealCgroup): Task {
  return task(path.slice(1), { cgroupPath: path, identity: fs.statSync(mounts[0] + path).ino });
}

/** CPU time as the cgroup's own file tells it: v1 cpuacct, or v2 cpu.stat. */
function cpuNs({ path }: RealCgroup): number {
  const { v1, v2 } = readLayout(new KernelHost());
  const cpuacct = v1.get("cpuacct");
  if (cpuacct !== undefined) return Number(fs.readFileSync(`${cpuacct}${path}/cpuacct.usage`, "latin1"));
  const stat = fs.readFileSync(`${v2}${path}/cpu.stat`, "latin1");
  return Number(/^usage_usec (\d+)/m.exec(stat)?.[1]) * 1000;
}

function descriptors(): number {
  return fs.readdirSync("/proc/self/fd").length;
}

async function asleep(pid: number): Promise<void> {
  await until(() => /^\d+ \(sleep\) S /.test(fs.readFileSync(`/proc/${pid}/stat`, "latin1")));
}

describe.skipIf(!met)("PerfCollector on this kernel", () => {
  test(
    "counts the CPU time of a busy cgroup as cpuacct does, and nothing of an idle one",
    async () => {
      using busy = realCgroup("perf-busy");
      using idle = realCgroup("perf-idle");
      busy.busy();
      await asleep(idle.sleep());
      const { collector, round } = collectorOn(new KernelHost());
      const tasks = [taskOf(busy), taskOf(idle)];
      const [before] = round(...tasks);
      const started = cpuNs(busy);
      await until(() => cpuNs(busy) - started > WINDOW_NS);
      const [after, nothing] = round(...tasks);
      const usedNs = cpuNs(busy) - started;
      collector.close();
      const countedNs =
        1e9 * (Number(after?.["task_cpu_clock_seconds"]) - Number(before?.["task_cpu_clock_seconds"]));
      expect(Math.abs(countedNs / usedNs - 1)).toBeLessThan(0.02);
      expect(nothing).toEqual({
        ...{
          task_cpu_clock_seconds: 0,
          task_page_faults: 0,
          task_context_switches: 0,
          task_cpu_migrations: 0,
        },
        ...{ task_scaling_factor_avg: 1, task_scaling_factor_max: 1 },
      });
    },
    TIMEOUT_MS,
  );

  test("counts a cgroup below with the task, and both by CPU", async () => {
    using group = realCgroup("perf-parent");
    const child = group.child("c");
    child.busy();
    const { collector, round } = collectorOn(new KernelHost(), { perf_aggregate_cpus: false });
    round(taskOf(group));
    const started = cpuNs(child);
    await until(() => cpuNs(child) - started > 1e8);
    const [measured] = round(taskOf(group));
    collector.close();
    const clock = measured?.["task_cpu_clock_seconds"] as unknown as Record<string, number>;
    expect(Object.keys(clock).map(Number)).toEqual([...readPlatform(new KernelHost()).onlineCpus]);
    expect(Object.values(clock).reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(0.09);
  });

  test("has as many descriptors as before when tasks have left", () => {
    using a = realCgroup("perf-a");
    using b = realCgroup("perf-b");
    const host = new KernelHost();
    // Libc is bound once and for all.
    const { collector, round } = collectorOn(host);
    round(taskOf(a));
    round();
    const before = descriptors();
    const free = host.freeDescriptors;
    const each = EVENTS.length * readPlatform(host).onlineCpus.length;
    for (let repetition = 0; repetition < 20; repetition++) {
      round(taskOf(a), taskOf(b));
      expect([descriptors() - before, free - host.freeDescriptors]).toEqual([2 * each, 2 * each]);
      round(taskOf(b));
      expect(descriptors() - before).toBe(each);
      round();
      expect([descriptors(), host.freeDescriptors]).toEqual([before, free]);
    }
    round(taskOf(a), taskOf(b));
    collector.close();
    expect([descriptors(), host.freeDescriptors]).toEqual([before, free]);
  });

  test("leaves no descriptor of cgroups that are gone, of events that are unknown and of probing", () => {
    using group = realCgroup("perf-gone");
    const host = new KernelHost();
    const unknown = ["task_page_faults", "odd/software/config=0x3e7/", "odd__r03c0"];
    const { collector, context, round } = collectorOn(host, { event_names: unknown });
    round(taskOf(group));
    round();
    const before = descriptors();
    const gone = taskOf(group);
    const [measured] = round(gone);
    expect(measured?.["task_page_faults"]).toBe(0);
    expect(measured).not.toHaveProperty("odd");
    group.remove();
    // What was counted is still there to be read.
    expect(round(gone)[0]?.["task_page_faults"]).toBe(0);
    round();
    for (let rounds = 0; rounds < 5; rounds++) expect(round(gone)).toEqual([{}]);
    expect(collector.probe([gone]).map(({ feature }) => feature)).toContain("software events");
    expect(descriptors()).toBe(before);
    const warnings = context.logged.filter(([level]) => level === "warning").map(([, text]) => text);
    expect(warnings.filter((text) => text.includes('"odd/software/config=0x3e7/"')).length).toBe(1);
    collector.close();
  });
});

describe.skipIf(!met)("the agent with event_names", () => {
  const CASES: readonly (readonly [string, WcaOptions, RegExp])[] = [
    [
      "may not make machine code",
      { env: { BUN_JSC_useJIT: "0" } },
      /PerfCollector failed: Cannot call libc: /,
    ],
    [
      "has no capability for it",
      { under: ["setpriv", "--bounding-set=-perfmon,-sys_admin", "--inh-caps=-perfmon,-sys_admin"] },
      /PerfCollector failed: Cannot open perf events of task ".*": EACCES, kernel.perf_event_paranoid is \d/,
    ],
    [
      "has few descriptors",
      { under: ["prlimit", "--nofile=520"] },
      /Cannot count perf events of 1 of 1 tasks: 4 events on \d+ CPUs? take \d+ descriptors a task, \d+ in all, and \d are left/,
    ],
  ];
  test.each(CASES)(
    "runs on without them when it %s, and says so once",
    async (_, options, message) => {
      using group = realCgroup("perf-agent");
      using tree = tempTree({});
      configFiles(tree.root, {
        "c.yaml": `runner: !MeasurementRunner
  node: !StaticNode { tasks: [${group.path.slice(1)}] }
  interval: 0.01
  event_names: [${EVENTS.join(", ")}]
  metrics_storage: !LogStorage { output_filename: ${tree.root}/m.prom, overwrite: true }
`,
      });
      const { exitCode, stdout } = await wca(
        ["run", "-c", `${tree.root}/c.yaml`, "--root", "--iterations", "4"],
        options,
      );
      expect([exitCode, logLines(stdout).filter((line) => message.test(line)).length]).toEqual([0, 1]);
      const told = fs.readFileSync(`${tree.root}/m.prom`, "utf8");
      expect([told.includes("task_up{"), told.includes("task_cpu_clock_seconds{")]).toEqual([true, false]);
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(!metTool)("PerfCollector beside perf stat", () => {
  const NAMES = ["task-clock", "page-faults", "context-switches", "cpu-migrations"];

  test(
    "counts the same in the same time",
    async () => {
      using group = realCgroup("perf-stat");
      const { collector, round } = collectorOn(new KernelHost());
      const own = taskOf(group);
      round(own);
      await using tool = await perfStat(group.path.slice(1), NAMES);
      const worker = Bun.spawn(["sh", "-c", "read x; while :; do /bin/true; done"], { stdin: "pipe" });
      for (const mount of group.mounts) {
        fs.writeFileSync(`${mount}${group.path}/cgroup.procs`, String(worker.pid));
      }
      await tool.start();
      const [before] = round(own);
      worker.stdin.write("\n");
      await worker.stdin.flush();
      const started = cpuNs(group);
      await until(() => cpuNs(group) - started > 5e8);
      // Nothing more happens, so that both stop at the same count.
      worker.kill("SIGKILL");
      await worker.exited;
      group.kill();
      await tool.stop();
      const [after] = round(own);
      collector.close();
      const theirs = await tool.result();
      const ours = EVENTS.map((name) => Number(after?.[name]) - Number(before?.[name]));
      const [clock = 0, ...counts] = ours;
      expect(Math.abs((clock * 1000) / Number(theirs["task-clock"]) - 1)).toBeLessThan(0.02);
      for (const [index, name] of NAMES.slice(1).entries()) {
        const [our, their] = [Number(counts[index]), Number(theirs[name])];
        expect([name, Math.abs(our - their) <= Math.max(3, their * 0.02)]).toEqual([name, true]);
      }
    },
    TIMEOUT_MS,
  );
});

/*
 * Deep measurements under a real cgroup v2: perf events per cgroup, CPUs that go and come, two NUMA nodes.
 * The guest has no hardware counters and no resctrl, so this is also an agent that has to do without.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { batchesIn, type Samples, taskValues } from "../support/exposition-text.ts";
import { requirement } from "../support/requirement.ts";
import { buildForGuest } from "./guest-program.ts";
import { prepareVm, runInVm, type VmResult } from "./run-in-vm.ts";

const SECONDS = 1000;
const MAIN = path.join(import.meta.dir, "../../src/main.ts");
const met = await requirement("a virtual machine", prepareVm);

const EVENTS =
  "task_cpu_clock_seconds, task_page_faults, task_context_switches, task_cpu_migrations, task_instructions";

function config(name: string, options: string): string {
  return `
runner: !MeasurementRunner
  node: !CgroupNode {exclude: [/agent]}
  interval: 0.25
  vmstat: false
  zoneinfo: false
  metrics_storage: !LogStorage {output_filename: /result/${name}.prom}
${options}`;
}

const CONFIGS = {
  sum: config(
    "sum",
    `  event_names: [${EVENTS}]
  sched: "se.sum_exec_runtime|nr_switches"
  schedstat: true
  wss_reset_cycles: 0
`,
  ),
  "by-cpu": config(
    "by-cpu",
    `  event_names: [task_cpu_clock_seconds]
  perf_aggregate_cpus: false
`,
  ),
  // Both tasks, while perf_event has a hierarchy of its own.
  v1: config("v1", `  event_names: [task_cpu_clock_seconds]\n`).replace(
    "!CgroupNode {exclude: [/agent]}",
    "!StaticNode {tasks: [busy, idle]}",
  ),
} as const;

/** Phases by uptime: both CPUs, one of them off, both again. Memory of `pinned` is on NUMA node 1. */
const SCRIPT = `
set -e
cd /sys/fs/cgroup
mkdir busy idle pinned agent
rounds() { # waits until so many batches more are in both files
  for name in sum by-cpu; do
    want=$(($(grep -c '^wca_up' /result/$name.prom) + $1))
    until [ "$(grep -c '^wca_up' /result/$name.prom)" -ge $want ]; do sleep 0.05; done
  done
}
mark() { # where the files stand
  for name in sum by-cpu; do grep -c '^wca_up' /result/$name.prom >/result/$1.$name; done
  cat busy/cpu.stat >/result/$1.cpu.stat
}
descriptors() { # what the first agent holds, several times over some rounds; a list each
  for i in 1 2 3 4 5 6 7 8; do
    ls -l /proc/$one/fd | sed -n 's/.* \\([0-9]* -> .*\\)/\\1/p' >/result/$1.$i
    sleep 0.07
  done
}
echo 1 >busy/cpu.weight # leaves the agents what they want
(echo 0 >busy/cgroup.procs; while :; do :; done) &
(echo 0 >busy/cgroup.procs; while :; do :; done) &
(echo 0 >idle/cgroup.procs; exec sleep 1000) &
echo 1 >pinned/cpuset.mems
(echo 0 >pinned/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=32M count=1000000 2>/dev/null) &
sleep 1
kill -STOP $!
(echo 0 >agent/cgroup.procs; exec /agent/wca --root -c /agent/sum.yaml) >/result/sum.log 2>&1 &
one=$!
(echo 0 >agent/cgroup.procs; exec /agent/wca --root -c /agent/by-cpu.yaml) >/result/by-cpu.log 2>&1 &
other=$!
until [ -s /result/sum.prom ] && [ -s /result/by-cpu.prom ]; do
  kill -0 $one && kill -0 $other || exit 3
  sleep 0.05
done
rounds 2
mark start
rounds 8
mark both
echo 0 >/sys/devices/system/cpu/cpu1/online
rounds 2
mark off
rounds 12
mark off-later
echo 1 >/sys/devices/system/cpu/cpu1/online
rounds 2
mark on
rounds 8
mark end
descriptors fds
cat pinned/memory.numa_stat >/result/numa_stat
mkdir gone
(echo 0 >gone/cgroup.procs; exec sleep 1000) &
gone=$!
rounds 3
descriptors fds-with-one-more
kill -KILL $gone
wait $gone || true
rmdir gone
rounds 3
descriptors fds-after
kill -TERM $one $other
wait $one; echo $? >/result/code1
wait $other; echo $? >/result/code2
mkdir /tmp/perf_event
mount -t cgroup -o perf_event none /tmp/perf_event
mkdir /tmp/perf_event/busy
for pid in $(cat busy/cgroup.procs); do echo $pid >/tmp/perf_event/busy/cgroup.procs; done
/agent/wca --root -c /agent/v1.yaml -n 8 >/result/v1.log 2>&1
echo $? >/result/code3
/agent/wca doctor -c /agent/sum.yaml >/result/doctor.txt 2>&1
`;

const CLOCK = "task_cpu_clock_seconds";
const USAGE = "task_cpu_usage_seconds";

describe.skipIf(!met)("deep measurements under a real cgroup v2", () => {
  let result: VmResult;
  const batches: Record<string, readonly Samples[]> = {};

  beforeAll(async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-vmtest-"));
    using cleanup = new DisposableStack();
    cleanup.defer(() => fs.rmSync(directory, { recursive: true }));
    const files: Record<string, string> = { "/agent/wca": path.join(directory, "wca") };
    for (const [name, text] of Object.entries(CONFIGS)) {
      const file = path.join(directory, `${name}.yaml`);
      fs.writeFileSync(file, text, { mode: 0o600 });
      files[`/agent/${name}.yaml`] = file;
    }
    buildForGuest(MAIN, path.join(directory, "wca"));
    result = await runInVm({ files, script: SCRIPT, smp: 2, numaNodes: 2, timeoutSecs: 150 });
    console.log(result.seconds);
    for (const name of Object.keys(CONFIGS)) batches[name] = batchesIn(result.files[`${name}.prom`] ?? "");
  }, 180 * SECONDS);

  /** The last batch that was there at a mark. */
  function at(mark: string, name: keyof typeof CONFIGS): Samples {
    const batch = batches[name]?.[Number(result.files[`${mark}.${name}`]) - 1];
    if (batch === undefined) throw new Error(`no batch at ${mark} in ${name}.prom`);
    return batch;
  }

  function between(from: string, to: string, task: string, metric: string): number {
    const [before, after] = [from, to].map((mark) => taskValues(at(mark, "sum"), task)[metric]);
    return (after ?? Number.NaN) - (before ?? Number.NaN);
  }

  /** CPU → seconds of the busy task. */
  function clockByCpu(mark: string): Readonly<Record<string, number>> {
    const found = [...at(mark, "by-cpu")].flatMap(([series, value]) => {
      const isBusy = series.startsWith(`${CLOCK}{`) && series.includes('task_id="/busy"');
      const cpu = /\bcpu="(\d+)"/.exec(series)?.[1];
      return isBusy && cpu !== undefined ? [[cpu, value] as const] : [];
    });
    return Object.fromEntries(found);
  }

  /** Targets of the descriptors that are in each list, so not of what a round opens and closes again. */
  function heldThroughout(name: string): string[] {
    const lists = Array.from({ length: 8 }, (_, index) =>
      (result.files[`${name}.${index + 1}`] ?? "").split("\n"),
    );
    const held = lists.reduce((common, list) => common.filter((line) => list.includes(line)));
    return held
      .filter((line) => line !== "")
      .map((line) => line.replace(/^\d+ -> /, ""))
      .sort();
  }

  test("stops at SIGTERM with 0", () => {
    const { exitCode, files, console: printed } = result;
    expect({ exitCode, printed, codes: [files["code1"], files["code2"], files["code3"]] }).toEqual({
      exitCode: 0,
      printed: expect.any(String),
      codes: ["0\n", "0\n", "0\n"],
    });
  });

  for (const [from, to] of [
    ["start", "both"],
    ["off", "off-later"],
    ["on", "end"],
  ] as const) {
    test(`counts CPU time as the cgroup does, from ${from} to ${to}`, () => {
      const [clock, usage] = [between(from, to, "/busy", CLOCK), between(from, to, "/busy", USAGE)];
      expect(usage).toBeGreaterThan(0.02);
      // Both are read one after the other in a round of a slow guest.
      expect(clock / usage).toBeGreaterThan(0.85);
      expect(clock / usage).toBeLessThan(1.15);
    });
  }

  test("counts over all the time, with a CPU going and coming, what the cgroup used", () => {
    const ratio = between("start", "end", "/busy", CLOCK) / between("start", "end", "/busy", USAGE);
    expect(ratio).toBeGreaterThan(0.97);
    expect(ratio).toBeLessThan(1.03);
  });

  test("never lets a counter fall", () => {
    let falls = 0;
    let before: Readonly<Record<string, number>> = {};
    for (const batch of batches["sum"] ?? []) {
      const values = taskValues(batch, "/busy");
      for (const name of [CLOCK, "task_page_faults", "task_context_switches", "task_cpu_migrations"]) {
        // Absent counts as fallen.
        if (!((values[name] ?? Number.NaN) >= (before[name] ?? 0))) falls++;
      }
      before = values;
    }
    expect(falls).toBe(0);
    expect(before[CLOCK]).toBeGreaterThan(1);
  });

  test("gives 0 for a task that sleeps, and no value for events that cannot be counted", () => {
    expect(between("start", "end", "/idle", CLOCK)).toBe(0);
    expect(taskValues(at("end", "sum"), "/idle")).not.toHaveProperty("task_instructions");
    expect(taskValues(at("end", "sum"), "/busy")).not.toHaveProperty("task_instructions");
  });

  test("follows CPUs that go offline and come back", () => {
    const [both, off, later, on, end] = ["both", "off", "off-later", "on", "end"].map(clockByCpu);
    expect(Object.keys(both ?? {})).toEqual(["0", "1"]);
    expect(later?.["0"]).toBeGreaterThan(off?.["0"] ?? Number.NaN);
    // Frozen or absent, but never counted on.
    expect(later?.["1"] ?? 0).toBe(off?.["1"] ?? 0);
    expect(end?.["1"]).toBeGreaterThan((on?.["1"] ?? Number.NaN) + 0.1);
    expect(end?.["1"]).toBeGreaterThan(both?.["1"] ?? Number.NaN);
  });

  test("gives descriptors back when a task leaves", () => {
    const [before = [], more = [], after = []] = ["fds", "fds-with-one-more", "fds-after"].map(
      heldThroughout,
    );
    expect(before.length).toBeGreaterThan(20);
    expect(more.length).toBeGreaterThan(before.length);
    expect(after).toEqual(before);
  });

  test("finds memory on the NUMA node it is bound to", () => {
    const values = taskValues(at("end", "sum"), "/pinned");
    expect(values["task_mem_numa_pages/1"]).toBeGreaterThan((20 << 20) / 4096);
    expect(values["task_mem_numa_pages/0"] ?? 0).toBeLessThan((1 << 20) / 4096);
  });

  test("tells run and wait times, and referenced memory", () => {
    const values = taskValues(at("end", "sum"), "/busy");
    expect(values["task_sched_wait_seconds"]).toBeGreaterThan(0);
    const pinned = taskValues(at("end", "sum"), "/pinned");
    expect(pinned["task_wss_referenced_bytes"]).toBeGreaterThan(30 << 20);
  });

  test("counts in the hierarchy of perf_event where that is one of v1, and says who is not in it", () => {
    const values = (batches["v1"] ?? []).map((batch) => taskValues(batch, "busy"));
    const [first, last] = [values[1], values.at(-1)];
    const [clock, usage] = [CLOCK, USAGE].map((name) => (last?.[name] ?? Number.NaN) - (first?.[name] ?? 0));
    expect(usage).toBeGreaterThan(0.2);
    expect((clock ?? 0) / (usage ?? 0)).toBeGreaterThan(0.9);
    expect((clock ?? 0) / (usage ?? 0)).toBeLessThan(1.1);
    expect(taskValues(batches["v1"]?.at(-1) ?? new Map(), "idle")).not.toHaveProperty(CLOCK);
    expect(result.files["v1.log"]?.match(/level=warning.*perf_event.*/g)).toEqual([
      expect.stringContaining("Cannot count perf events of 1 of 2 tasks"),
    ]);
  });

  test("says once what it does without, and goes on", () => {
    const log = result.files["sum.log"] ?? "";
    expect(log.match(/level=warning.*task_instructions.*/g)?.length).toBe(1);
    expect(log).not.toMatch(/level=(error|critical)/);
    expect(result.files["by-cpu.log"]).not.toMatch(/level=(warning|error|critical)/);
    expect(result.files["doctor.txt"]).toMatch(/^NO +PerfCollector .*task_instructions/m);
  });
});

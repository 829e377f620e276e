import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { MACHINES } from "../machines/machine.ts";
import { checkMetrics, preparePrometheus, textfileCollector } from "../support/prometheus.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";
import { goldenAgent, type Machine } from "./golden-agent.ts";

const DIRECTORY = import.meta.dirname;
const MACHINES_DIRECTORY = path.join(DIRECTORY, "../machines");

/** Options of the runner by machine: between them they use all there are. */
const RUNNERS: Readonly<Record<Machine, string>> = {
  "vm-hybrid": `
  node: !StaticNode
    tasks: [wca-fixture-busy, /wca-fixture-quiet, not-there]
    default_labels: {team: blue}
    tasks_labels: {wca-fixture-busy: {team: red}}
    default_resources: {cpus: 1.5, mem: 1000000000}
  interval: 0.5
`,
  "xeon-2s-cgroup2": `
  node: !CgroupNode
  extra_labels: {rack: "7"}
  include_optional_labels: true
  task_label_generators:
    pod_class: !TaskLabelRegexGenerator {pattern: '.*kubepods-(\\w+)-pod.*', repl: '\\1', source: task_id}
  vmstat: pg(fault|migrate_)
  zoneinfo: false
`,
  "xeon-2s-cgroup1": `
  node: !StaticNode {tasks: [], directory: /docker}
  metric_names: classic
  vmstat: false
  zoneinfo: false
`,
  "epyc-many-numa": `
  node: !CgroupNode {include: [/system.slice/*]}
  vmstat: numa_.*
  zoneinfo: (nr_free_pages|managed)\\s+(\\d+)
`,
  "v1-old-kernel": `
  node: !CgroupNode
  vmstat: nr_.*
  zoneinfo: false
`,
};

function goldenPath(machine: Machine): string {
  return path.join(DIRECTORY, `${machine}.prom`);
}

/** Series with sorted labels, empty ones left out → value. */
function samplesIn(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [normalized(line.slice(0, end)), Number(line.slice(end + 1))];
    }),
  );
}

function normalized(series: string): string {
  const [name = ""] = series.split("{");
  const labels = [...series.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].filter(([, , value]) => value !== "");
  return `${name}{${labels
    .map(([label]) => label)
    .sort()
    .join(",")}}`;
}

/** A file of a machine. */
function read(machine: Machine, file: string): string {
  return fs.readFileSync(path.join(MACHINES_DIRECTORY, machine, file), "utf8");
}

/** The number behind a key at the start of a line. */
function keyOf(text: string, key: string): number {
  return Number(new RegExp(`^${key}\\D*?(\\d+)`, "m").exec(text)?.[1]);
}

function numberIn(machine: Machine, file: string): number {
  return Number(read(machine, file).trim());
}

const met = await requirement("promtool and the node exporter", preparePrometheus);

describe("the agent gives the expected text", () => {
  for (const machine of MACHINES) {
    test(`on ${machine}`, async () => {
      const text = await goldenAgent(machine, RUNNERS[machine]);
      if (process.env["UPDATE"] === "1") fs.writeFileSync(goldenPath(machine), text);
      expect(text).toBe(fs.readFileSync(goldenPath(machine), "utf8"));
    });
  }
});

describe.skipIf(!met)("the expected text", () => {
  for (const machine of MACHINES) {
    test(`on ${machine} is metrics for promtool`, async () => {
      const { ok } = await checkMetrics(fs.readFileSync(goldenPath(machine), "utf8"));
      expect(ok).toBe(true);
    });
  }

  test("of all machines together is the same series for the node exporter", async () => {
    const texts = Object.fromEntries(
      MACHINES.map((machine) => [`${machine}.prom`, fs.readFileSync(goldenPath(machine), "utf8")]),
    );
    using tree = tempTree(texts);
    const { samples, scrapeError, errors } = await textfileCollector(tree.root);
    expect({ scrapeError, errors }).toEqual({ scrapeError: 0, errors: [] });
    const got = new Map(Object.entries(samples).map(([series, value]) => [normalized(series), value]));
    const wanted = samplesIn(Object.values(texts).join("\n"));
    expect(Object.fromEntries(got)).toEqual(Object.fromEntries(wanted));
    expect(wanted.size).toBe(
      Object.values(texts)
        .join("\n")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#")).length,
    );
  });
});

describe("the expected text says what is in the files", () => {
  /** Only the series asked for. */
  function pick(
    machine: Machine,
    ...series: readonly string[]
  ): Readonly<Record<string, number | undefined>> {
    const samples = samplesIn(fs.readFileSync(goldenPath(machine), "utf8"));
    return Object.fromEntries(series.map((each) => [each, samples.get(normalized(each))]));
  }

  test("of a v1 task: time in ns, memory, pids, pages by node", () => {
    const machine = "vm-hybrid";
    const at = `host="${machine}",task_id="wca-fixture-busy",task_name="wca-fixture-busy",team="red"`;
    const stat = read(machine, "sys/fs/cgroup/memory/wca-fixture-busy/memory.stat");
    const numa = read(machine, "sys/fs/cgroup/memory/wca-fixture-busy/memory.numa_stat");
    const wanted = {
      [`task_cpu_usage_seconds{${at}}`]:
        numberIn(machine, "sys/fs/cgroup/cpuacct/wca-fixture-busy/cpuacct.usage") / 1e9,
      [`task_mem_usage_bytes{${at}}`]: numberIn(
        machine,
        "sys/fs/cgroup/memory/wca-fixture-busy/memory.usage_in_bytes",
      ),
      [`task_mem_page_faults{${at}}`]: keyOf(stat, "pgfault"),
      [`task_mem_anon_bytes{${at}}`]: keyOf(stat, "total_rss"),
      [`task_mem_numa_pages{${at},numa_node="0"}`]: Number(/^total=\d+ N0=(\d+)/m.exec(numa)?.[1]),
      [`task_pids{${at}}`]: numberIn(machine, "sys/fs/cgroup/pids/wca-fixture-busy/pids.current"),
      [`task_requested_cpus{${at}}`]: 1.5,
      [`wca_tasks{host="${machine}"}`]: 2,
    };
    expect(pick(machine, ...Object.keys(wanted))).toEqual(wanted);
  });

  test("of a v2 task: time in µs, throttling, peak, working set", () => {
    const machine = "xeon-2s-cgroup2";
    const directory = "sys/fs/cgroup/system.slice/nginx.service";
    const samples = samplesIn(fs.readFileSync(goldenPath(machine), "utf8"));
    const byName = (name: string) =>
      [...samples].filter(
        ([series]) =>
          series.startsWith(`${name}{`) && series.includes('task_id="/system.slice/nginx.service"'),
      );
    const [cpu, memory] = [read(machine, `${directory}/cpu.stat`), read(machine, `${directory}/memory.stat`)];
    const current = numberIn(machine, `${directory}/memory.current`);
    const wanted = {
      task_cpu_usage_seconds: keyOf(cpu, "usage_usec") / 1e6,
      task_cpu_user_seconds_total: keyOf(cpu, "user_usec") / 1e6,
      task_cpu_throttled_periods_total: keyOf(cpu, "nr_throttled"),
      task_mem_usage_bytes: current,
      task_mem_max_usage_bytes: numberIn(machine, `${directory}/memory.peak`),
      task_mem_working_set_bytes: current - keyOf(memory, "inactive_file"),
      task_mem_anon_bytes: keyOf(memory, "anon"),
    };
    expect(
      Object.fromEntries(Object.keys(wanted).map((name) => [name, byName(name).map(([, value]) => value)])),
    ).toEqual(Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, [value]])));
  });

  for (const machine of MACHINES) {
    test(`of the platform of ${machine}: memory, CPU time, topology`, () => {
      const samples = [...samplesIn(fs.readFileSync(goldenPath(machine), "utf8"))];
      const valuesOf = (name: RegExp) =>
        samples.filter(([series]) => name.test(series)).map(([, value]) => value);
      const meminfo = read(machine, "proc/meminfo");
      const kilobytes = ["MemTotal", "MemFree", "Buffers", "Cached"].map((key) => keyOf(meminfo, `${key}:`));
      const [total = 0, ...unused] = kilobytes;
      const usage = unused.reduce((left, part) => left - part, total) * 1024;
      const ticks = [...read(machine, "proc/stat").matchAll(/^cpu\d+ (.*)$/gm)].map(([, line = ""]) => {
        const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
          .split(" ")
          .map(Number);
        return user + nice + system + irq + softirq + steal;
      });
      expect({
        usage: valuesOf(/^(platform_mem_usage_bytes|memory_usage)\{(?!.*task_id)/),
        ticks: valuesOf(/^(platform_cpu_usage|cpu_usage_per_cpu)\{/).sort((a, b) => a - b),
        lastSeen: valuesOf(/^platform_last_seen\{/),
      }).toEqual({
        usage: [usage],
        ticks: ticks.sort((a, b) => a - b),
        lastSeen: [Date.UTC(2026, 0, 2, 3, 4, 5, 678) / 1000],
      });
    });
  }
});

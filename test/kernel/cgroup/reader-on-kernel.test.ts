/* CgroupReader and CgroupCollector on the cgroups of this host. */
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { CgroupCollector } from "../../../src/collectors/cgroup/cgroup.ts";
import { CELL_NAMES, type CellName } from "../../../src/kernel/cgroup/files.ts";
import { readLayout } from "../../../src/kernel/cgroup/layout.ts";
import { CgroupReader, CgroupReading } from "../../../src/kernel/cgroup/reader.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { TaskGone } from "../../../src/model/errors.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import type { Round } from "../../../src/model/round.ts";
import { taskWith } from "../../roles/labeler.ts";
import { needRealCgroups, type RealCgroup, realCgroup } from "../../support/cgroups.ts";
import { testContext } from "../../support/context.ts";
import { requirement } from "../../support/requirement.ts";

const host = new KernelHost();
/** How long a condition that the kernel brings about may take. */
const PATIENCE_MS = 4000;

/** A control file of a group's v1 hierarchy. */
function v1File(group: RealCgroup, controller: string, file: string): string {
  return `${readLayout(host).v1.get(controller)}${group.path}/${file}`;
}

function readerOf(group: RealCgroup, on = host): CgroupReader {
  return new CgroupReader(new CgroupReading(on), group.path);
}

function cells(reader: CgroupReader): Partial<Record<CellName, number>> {
  reader.read();
  const all = CELL_NAMES.map((name, index) => [name, reader.values[index] as number] as const);
  return Object.fromEntries(all.filter(([, value]) => !Number.isNaN(value)));
}

function cell(reader: CgroupReader, name: CellName): number {
  return cells(reader)[name] ?? Number.NaN;
}

/** Reads until the condition holds; the kernel's work is waited for, not the clock. */
async function until(condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await new Promise(setImmediate);
  }
  return true;
}

/** Starts a shell command in the group; `using` kills all processes of the group. */
function startIn(group: RealCgroup, command: string): Disposable & { readonly exited: Promise<number> } {
  const joins = group.mounts.map((mount) => `echo $$ > ${mount}${group.path}/cgroup.procs`).join(" && ");
  const { exited } = Bun.spawn(["sh", "-c", `${joins} && ${command}`], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  return {
    exited,
    [Symbol.dispose]() {
      const pids = fs.readFileSync(`${group.mounts[0]}${group.path}/cgroup.procs`, "utf8").split("\n");
      for (const pid of pids.filter(Boolean)) process.kill(Number(pid), "SIGKILL");
    },
  };
}

const real = await requirement("cgroups of this host", needRealCgroups);
const v1 =
  real &&
  (await requirement("the v1 controllers cpu, cpuacct, memory and pids", () => {
    const { v1 } = readLayout(host);
    for (const name of ["cpu", "cpuacct", "memory", "pids"])
      if (!v1.has(name)) throw new Error(`${name} is not mounted`);
  }));
const pressure =
  real &&
  (await requirement("pressure stall information in a v2 tree", () => {
    const { v2 } = readLayout(host);
    if (v2 === undefined) throw new Error("no v2 tree is mounted");
    fs.readFileSync(`${v2}/cpu.pressure`);
  }));

describe.skipIf(!v1)("read() on v1 hierarchies", () => {
  test("gives the CPU time that the kernel tells before and after", async () => {
    using group = realCgroup("cpu");
    const reader = readerOf(group);
    const usage = v1File(group, "cpuacct", "cpuacct.usage");
    group.busy();
    expect(await until(() => cell(reader, "cpuUsage") > 0.3)).toBe(true);
    const before = Number(fs.readFileSync(usage, "utf8")) / 1e9;
    const read = cells(reader);
    const after = Number(fs.readFileSync(usage, "utf8")) / 1e9;
    expect(read.cpuUsage).toBeGreaterThanOrEqual(before);
    expect(read.cpuUsage).toBeLessThanOrEqual(after);
    // Ticks of 10 ms, and the kernel samples user and system time apart.
    expect(Math.abs((read.cpuUser ?? 0) + (read.cpuSystem ?? 0) - (read.cpuUsage ?? 0))).toBeLessThan(0.25);
    expect(read.pids).toBe(1);
    reader.close();
  });

  test("gives the numbers of an idle cgroup as its files have them", () => {
    using group = realCgroup("idle");
    fs.writeFileSync(v1File(group, "memory", "memory.limit_in_bytes"), String(64 << 20));
    const reader = readerOf(group);
    const { memLimit, memSoftLimit, memUsage, pids, cpuUsage, oomKills, pageFaults } = cells(reader);
    expect({ memLimit, memSoftLimit, memUsage, pids, cpuUsage, oomKills, pageFaults }).toEqual({
      memLimit: 64 << 20,
      memSoftLimit: Number(fs.readFileSync(v1File(group, "memory", "memory.soft_limit_in_bytes"), "utf8")),
      memUsage: 0,
      pids: 0,
      cpuUsage: 0,
      oomKills: 0,
      pageFaults: 0,
    });
    reader.close();
  });

  test("sees memory grow", async () => {
    using group = realCgroup("memory");
    const reader = readerOf(group);
    expect(cell(reader, "memUsage")).toBe(0);
    // Tail keeps a line without an end in memory.
    using _ = startIn(group, "{ head -c 30000000 /dev/zero; sleep 1000; } | tail -n 1");
    // The kernel sums statistics up late, by CPU and in batches; each number comes in its own time.
    function sizes(): readonly number[] {
      const { memUsage = 0, memMaxUsage = 0, memWorkingSet = 0, memAnon = 0 } = cells(reader);
      const numa = reader.numaPages.reduce((sum, pages) => sum + pages, 0) * host.pageSize;
      return [memUsage, memMaxUsage, memWorkingSet, memAnon, numa];
    }
    expect(await until(() => sizes().every((bytes) => bytes > 25e6))).toBe(true);
    expect(sizes().filter((bytes) => bytes > 60e6)).toEqual([]);
    const { memUsage = 0, memWorkingSet = 0, pageFaults = 0 } = cells(reader);
    expect(memWorkingSet).toBeLessThanOrEqual(memUsage);
    expect(pageFaults).toBeGreaterThan(0);
    reader.close();
  });

  test("sees throttling under a quota", async () => {
    using group = realCgroup("quota");
    fs.writeFileSync(v1File(group, "cpu", "cpu.cfs_period_us"), "10000");
    fs.writeFileSync(v1File(group, "cpu", "cpu.cfs_quota_us"), "1000");
    const reader = readerOf(group);
    expect(cell(reader, "throttledPeriods")).toBe(0);
    group.busy();
    expect(await until(() => cell(reader, "throttledPeriods") >= 5)).toBe(true);
    const { periods = 0, throttledPeriods = 0, throttledTime = 0 } = cells(reader);
    expect(periods).toBeGreaterThanOrEqual(throttledPeriods);
    expect(throttledTime).toBeGreaterThan(0);
    expect(throttledTime).toBeLessThan(60);
    reader.close();
  });

  test("counts a process that the kernel killed for its memory", async () => {
    using group = realCgroup("oom");
    fs.writeFileSync(v1File(group, "memory", "memory.limit_in_bytes"), String(8 << 20));
    const reader = readerOf(group);
    expect(cell(reader, "oomKills")).toBe(0);
    using victim = startIn(group, "head -c 64000000 /dev/zero | tail -n 1");
    expect(await victim.exited).toBe(137);
    expect(cell(reader, "oomKills")).toBe(1);
    reader.close();
  });
});

describe.skipIf(!real)("read() of a real cgroup", () => {
  test("throws TaskGone through kept descriptors when it was removed, also when it was made again", () => {
    using group = realCgroup("removed");
    using other = realCgroup("other");
    const reader = readerOf(group);
    const neighbour = readerOf(other);
    reader.read();
    neighbour.read();
    group.remove();
    expect(() => reader.read()).toThrow(
      new TaskGone(`Cannot measure cgroup "${group.path}": it was removed`),
    );
    group.create();
    expect(() => reader.read()).toThrow(TaskGone);
    expect(() => readerOf(group).read()).not.toThrow(TaskGone);
    expect(cell(neighbour, "cpuUsage")).toBe(0);
    neighbour.close();
  });

  test("gives the same values when few descriptors may be kept", () => {
    using group = realCgroup("few");
    group.sleep();
    const few = new KernelHost({ keptFilesLimit: 3 });
    const [kept, reopened] = [readerOf(group), readerOf(group, few)];
    const names = ["memLimit", "memSoftLimit", "oomKills", "pids", "periods"] as const;
    for (let round = 0; round < 2; round++) {
      const [a, b] = [cells(kept), cells(reopened)];
      expect(Object.keys(b)).toEqual(Object.keys(a));
      expect(names.map((name) => b[name])).toEqual(names.map((name) => a[name]));
    }
    expect(few.keptFiles).toBe(3);
    group.remove();
    expect(() => reopened.read()).toThrow(TaskGone);
    expect(few.keptFiles).toBe(0);
    kept.close();
  });
});

describe.skipIf(!pressure)("read() of pressure", () => {
  test("gives the totals of the v2 tree", async () => {
    using group = realCgroup("psi");
    const reader = readerOf(group);
    group.busy();
    group.busy();
    group.busy();
    expect(await until(() => cell(reader, "cpuSome") > 0)).toBe(true);
    const file = `${readLayout(host).v2}${group.path}/cpu.pressure`;
    function total(): number {
      return Number(/^some .*total=(\d+)$/m.exec(fs.readFileSync(file, "utf8"))?.[1]) / 1e6;
    }
    const before = total();
    const read = cell(reader, "cpuSome");
    expect(read).toBeGreaterThanOrEqual(before);
    expect(read).toBeLessThanOrEqual(total());
    reader.close();
  });

  test.skipIf(!v1)("finds the v2 cgroup by its processes, and only if it is theirs alone", () => {
    using task = realCgroup("task", { controllers: ["cpu", "cpuacct", "memory", "pids"] });
    using scope = realCgroup("scope", { controllers: ["v2"] });
    const names = ["cpuSome", "cpuFull", "memorySome", "memoryFull", "ioSome", "ioFull"];
    function found(): readonly string[] {
      const reader = readerOf(task);
      const read = Object.keys(cells(reader)).filter((name) => names.includes(name));
      reader.close();
      return read;
    }
    const pid = task.sleep();
    // In the root of the v2 tree, which is nobody's own.
    expect(found()).toEqual([]);
    for (const mount of scope.mounts) fs.writeFileSync(`${mount}${scope.path}/cgroup.procs`, String(pid));
    expect(found()).toEqual(names);
    scope.sleep();
    expect(found()).toEqual([]);
    task.kill();
  });
});

test.skipIf(!real)("CgroupCollector drops a task whose cgroup was removed and measures the others", () => {
  using gone = realCgroup("gone");
  using kept = realCgroup("kept");
  kept.sleep();
  const own = new KernelHost();
  const collector = new CgroupCollector({}, testContext(own));
  const tasks = [gone, kept].map((group) => taskWith({ id: group.path, cgroupPath: group.path }));
  function measure(): {
    measured: readonly string[];
    dropped: readonly string[];
    pids: Measurement | undefined;
  } {
    const dropped: string[] = [];
    const entries = tasks.map((task) => ({ task, measurements: {} as Record<string, Measurement> }));
    const round: Round = {
      timeMs: 0,
      platform: {
        ...{ cpuModel: "", sockets: 0, cores: 0, cpus: 0, onlineCpus: [] },
        ...{ topology: new Map(), nodeCpus: new Map(), nodeDistances: new Map() },
      },
      platformMeasurements: {},
      tasks: entries,
      drop: (task) => void dropped.push(task.id),
    };
    collector.measure(round);
    const measured = entries.filter(({ measurements }) => "task_cpu_usage_seconds" in measurements);
    return {
      measured: measured.map(({ task }) => task.id),
      dropped,
      pids: entries[1]?.measurements["task_pids"],
    };
  }
  expect(measure()).toEqual({ measured: [gone.path, kept.path], dropped: [], pids: 1 });
  gone.remove();
  expect(measure()).toEqual({ measured: [kept.path], dropped: [gone.path], pids: 1 });
  gone.create();
  expect(measure()).toEqual({ measured: [gone.path, kept.path], dropped: [], pids: 1 });
  collector.close();
  expect(own.keptFiles).toBe(0);
});

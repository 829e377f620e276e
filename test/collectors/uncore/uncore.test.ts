import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { UncoreEventNames } from "../../../src/collectors/uncore/options.ts";
import { UncoreCollector } from "../../../src/collectors/uncore/uncore.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { readPlatform } from "../../../src/kernel/platform.ts";
import { Unsupported } from "../../../src/model/errors.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import type { Platform } from "../../../src/model/platform.ts";
import {
  CASCADE_LAKE,
  GRANITE_RAPIDS,
  ICE_LAKE,
  SKYLAKE,
  type UncoreMachine,
  VIRTUAL_MACHINE,
  ZEN_3,
  ZEN_4,
} from "../../kernel/perf/uncore-machines.ts";
import { testContext } from "../../support/context.ts";
import { FakePerf, type FakePerfOptions } from "../../support/fake-perf.ts";
import { type Tree, tempTree } from "../../support/tree.ts";

const SECOND = 1_000_000_000n;
const PMUS = "sys/bus/event_source/devices";

interface BenchOptions extends FakePerfOptions {
  readonly names: UncoreEventNames;
  readonly derived?: boolean;
  /** Descriptors of the host's budget. */
  readonly budget?: number;
  /** The test changes files. Default: one tree of the machine for all tests. */
  readonly changes?: boolean;
}

const trees = new Map<UncoreMachine, Tree>();
afterAll(() => {
  for (const tree of trees.values()) tree[Symbol.dispose]();
});

function sharedTree(machine: UncoreMachine): Tree {
  const shared = trees.get(machine) ?? tempTree(machine.files);
  trees.set(machine, shared);
  const refuse = () => {
    throw new Error("The tree belongs to all tests: say that this one changes files");
  };
  return { ...shared, write: refuse, remove: refuse, [Symbol.dispose]: () => {} };
}

/** A collector on a recorded machine whose counters are run by the test: no such hardware takes part. */
class Bench implements Disposable {
  readonly tree: Tree;
  readonly host: KernelHost;
  readonly perf: FakePerf;
  readonly context: ReturnType<typeof testContext>;
  readonly collector: UncoreCollector;
  platform: Platform;
  /** Of the wall, which may be set. */
  timeMs = 1_000_000;
  #monotonicMs = 5_000;

  constructor(
    machine: UncoreMachine,
    { names, derived = false, budget, changes = false, ...perf }: BenchOptions,
  ) {
    this.platform = machine.platform;
    this.perf = new FakePerf({ onlineCpus: machine.platform.onlineCpus, events: true, ...perf });
    const limit = budget === undefined ? {} : { keptFilesLimit: budget };
    this.tree = changes ? tempTree(machine.files) : sharedTree(machine);
    this.host = new KernelHost({ root: this.tree.root, hostname: "test-host", perf: this.perf, ...limit });
    this.context = testContext(this.host);
    const options = { uncore_event_names: names, enable_derived_metrics: derived };
    this.collector = new UncoreCollector(options, this.context, { monotonicMs: () => this.#monotonicMs });
  }

  /** Some seconds later. */
  round(seconds = 1): Readonly<Record<string, Measurement>> {
    this.timeMs += seconds * 1000;
    this.#monotonicMs += seconds * 1000;
    const platformMeasurements: Record<string, Measurement> = {};
    const round = { timeMs: this.timeMs, platform: this.platform, tasks: [], drop: () => {} };
    this.collector.measure({ ...round, platformMeasurements });
    return platformMeasurements;
  }

  /** Lets a second go by on the CPUs, with what happens in units. */
  run(counts: Readonly<Record<string, bigint>>, { cpus = [0, 28], share = 1 } = {}): void {
    for (const cpu of cpus) this.perf.run({ cpu, ns: SECOND, share, counts });
  }

  get warnings(): readonly string[] {
    return this.context.logged.filter(([level]) => level === "warning").map(([, message]) => message);
  }

  [Symbol.dispose](): void {
    this.collector.close();
    this.tree[Symbol.dispose]();
  }
}

/** The same value for each of several units. */
function each(types: readonly number[], value: number): Record<string, number> {
  return Object.fromEntries(types.map((type) => [type, value]));
}

const CHANNELS = [18, 19, 20, 21, 22, 23];
const [READS, WRITES] = ["platform_cas_count_reads", "platform_cas_count_writes"] as const;
const FACTOR = "platform_scaling_uncore_factor";

describe("UncoreCollector with counters that the test runs (no uncore PMU here)", () => {
  test("counts by socket and unit, opened on the CPUs of the cpumask and nowhere else", () => {
    using bench = new Bench(SKYLAKE, { names: [READS, "cha/uncore_cha_2/event=0x80,umask=3,config1=0x1/"] });
    bench.round();
    expect(bench.perf.opened.filter(({ event }) => event.startsWith("32:"))).toEqual([
      { event: "32:896", target: { pid: -1, cpu: 0, group: -1, flags: 8 }, flags: 0n },
      { event: "32:896", target: { pid: -1, cpu: 28, group: -1, flags: 8 }, flags: 0n },
    ]);
    expect(new Set(bench.perf.opened.map(({ target }) => target.cpu))).toEqual(new Set([0, 28]));
    bench.run({ "18:772": 1000n, "32:896": 7n }, { cpus: [0] });
    bench.run({ "23:772": 2000n }, { cpus: [28] });
    const idle = each(CHANNELS, 0);
    expect(bench.round()).toEqual({
      [READS]: { "0": { ...idle, "18": 1000 }, "1": { ...idle, "23": 2000 } },
      cha: { "0": { "32": 7 }, "1": { "32": 0 } },
      [FACTOR]: { "0": { ...each(CHANNELS, 1), "32": 1 }, "1": { ...each(CHANNELS, 1), "32": 1 } },
    });
    bench.run({ "18:772": 11n }, { cpus: [0] });
    expect(bench.round()[READS]).toMatchObject({ "0": { "18": 1011 }, "1": { "23": 2000 } });
  });

  test("gives one event on one CPU as {metric: {socket: {unit: value}}}", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: ["one/uncore_imc_0/event=0x04,umask=0x03/"] });
    bench.tree.write(`${PMUS}/uncore_imc_0/type`, "17\n");
    bench.tree.write(`${PMUS}/uncore_imc_0/cpumask`, "0\n");
    bench.round();
    bench.run({ "17:772": 5n });
    expect(bench.round()).toEqual({ one: { "0": { "17": 5 } }, [FACTOR]: { "0": { "17": 1 } } });
  });

  test("opens the events of a unit as one group and reads it with one call", () => {
    using bench = new Bench(SKYLAKE, { names: [READS, WRITES, "platform_imc_clockticks"] });
    bench.round();
    const unit = bench.perf.opened.filter(({ event, target }) => event.startsWith("18:") && target.cpu === 0);
    expect(unit.map(({ event }) => event)).toEqual(["18:772", "18:3076", "18:0"]);
    const [leader, ...siblings] = unit.map(({ target }) => target.group);
    expect(leader).toBe(-1);
    expect(new Set(siblings).size).toBe(1);
    expect(siblings[0]).toBeGreaterThan(0);
    expect(bench.perf.openDescriptors).toBe(36);
    const before = bench.perf.reads;
    bench.round();
    expect(bench.perf.reads - before).toBe(12);
  });

  test("makes groups of four, which is what units can count, and adds up the parts of a metric", () => {
    const names = ["platform_rpq_occupancy", READS, WRITES];
    // Like AMD's units, which take a larger group and then never count.
    using bench = new Bench(GRANITE_RAPIDS, { names, counters: 99 });
    bench.round();
    const opened = bench.perf.opened.filter(
      ({ event, target }) => event.startsWith("110:") && target.cpu === 0,
    );
    expect(opened.map(({ target }) => target.group === -1)).toEqual([
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
    bench.run({ [`110:${0xcf05}`]: 100n, [`110:${0xcf06}`]: 23n, [`110:${0x83}`]: 9n, [`110:${0x80}`]: 1n });
    const measured = bench.round();
    expect(measured[READS]).toMatchObject({ "0": { "110": 123 } });
    expect(measured[WRITES]).toMatchObject({ "0": { "110": 0 } });
    expect(measured["platform_rpq_occupancy"]).toMatchObject({ "0": { "110": 10 } });
  });

  test("adds up all eight channels of an EPYC 7003 and derives its bandwidth", () => {
    using bench = new Bench(ZEN_3, { names: ["platform_dram_requests"], derived: true });
    bench.round();
    const parts = [0x3807, 0x3847, 0x3887, 0x38c7, 0x100003807, 0x100003847, 0x100003887, 0x1000038c7];
    bench.run(Object.fromEntries(parts.map((config, index) => [`11:${config}`, 10n ** BigInt(index)])), {
      cpus: [28],
    });
    bench.run({}, { cpus: [0] });
    expect(bench.round(2)).toEqual({
      platform_dram_requests: { "0": { "11": 0 }, "1": { "11": 11_111_111 } },
      platform_dram_total_bytes_per_second: { "0": { "11": 0 }, "1": { "11": 355_555_552 } },
      [FACTOR]: { "0": { "11": 1 }, "1": { "11": 1 } },
    });
  });

  test("measures the memory controllers of an EPYC 9004, each a PMU of its own", () => {
    using bench = new Bench(ZEN_4, { names: [READS, WRITES], derived: true });
    bench.round();
    bench.run({ "20:266": 1000n, "20:522": 500n, "43:266": 2000n });
    const measured = bench.round(2);
    expect(Object.keys(measured[READS] as object)).toEqual(["0", "1"]);
    expect(measured[READS]).toEqual({
      "0": { ...each([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31], 0), "20": 1000 },
      "1": { ...each([32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43], 0), "43": 2000 },
    });
    expect(measured["platform_dram_total_bytes_per_second"]).toMatchObject({
      "0": { "20": 48_000 },
      "1": { "43": 64_000 },
    });
  });

  test("derives over the seconds between rounds, not in the first", () => {
    const names = [READS, WRITES, "platform_pmm_bandwidth_reads", "platform_pmm_bandwidth_writes"];
    using bench = new Bench(CASCADE_LAKE, { names, derived: true });
    expect(Object.keys(bench.round())).toEqual([...names, FACTOR]);
    bench.run({ "18:772": 1000n, "18:3076": 500n, "18:227": 100n, "18:231": 400n }, { cpus: [0] });
    bench.run({}, { cpus: [28] });
    const measured = bench.round(2);
    expect(measured["platform_dram_total_bytes_per_second"]).toMatchObject({
      "0": { "18": 48_000, "19": 0 },
    });
    expect(measured["platform_pmm_total_bytes_per_second"]).toMatchObject({ "0": { "18": 16_000 } });
    expect(measured["platform_dram_hit_ratio"]).toEqual({ "0": { "18": 0.75 } });
    expect(bench.round()["platform_dram_hit_ratio"]).toBeUndefined();
  });

  test("derives the read latency from increases, in seconds", () => {
    const names = [["platform_rpq_occupancy", "platform_rpq_inserts", "platform_imc_clockticks"]];
    using bench = new Bench(SKYLAKE, { names, derived: true });
    const busy = { "18:128": 120_000n, "18:16": 2000n, "18:0": 1_200_000_000n };
    bench.round();
    // Much waiting before, which must not matter any more.
    bench.run({ ...busy, "18:128": 99_999_999n });
    bench.round();
    bench.run(busy);
    expect(bench.round()["platform_rpq_read_latency_seconds"]).toEqual({
      "0": expect.closeTo(50e-9, 20),
      "1": expect.closeTo(50e-9, 20),
    });
  });

  test("derives it from the clocks of both dies of a socket", () => {
    const names = ["platform_imc_clockticks", "platform_rpq_occupancy", "platform_rpq_inserts"];
    using bench = new Bench(SKYLAKE, { names, derived: true, changes: true });
    for (const unit of [1, 2, 3, 4, 5]) bench.tree.remove(`${PMUS}/uncore_imc_${unit}`);
    bench.tree.write(`${PMUS}/uncore_imc_0/cpumask`, "0,14\n");
    bench.round();
    bench.run({ "18:128": 60_000n, "18:16": 1000n, "18:0": 1_200_000_000n }, { cpus: [0, 14] });
    expect(bench.round()["platform_rpq_read_latency_seconds"]).toEqual({ "0": expect.closeTo(50e-9, 20) });
  });

  test("scales what was counted by the share of time that the group had its counters", () => {
    using bench = new Bench(SKYLAKE, {
      names: ["one/uncore_imc_0/event=0x04/", "two/uncore_imc_1/event=0x04/"],
    });
    bench.round();
    bench.run({ "18:4": 600n, "19:4": 100n }, { cpus: [0], share: 0.5 });
    bench.run({ "18:4": 600n, "19:4": 100n }, { cpus: [28] });
    expect(bench.round()).toEqual({
      one: { "0": { "18": 600 }, "1": { "18": 600 } },
      two: { "0": { "19": 100 }, "1": { "19": 100 } },
      [FACTOR]: { "0": { "18": 2, "19": 2 }, "1": { "18": 1, "19": 1 } },
    });
    // A third of 10 is 3 whole events, 9.000000009 scaled up: counts are whole.
    bench.run({ "18:4": 10n }, { cpus: [0], share: 1 / 3 });
    expect(bench.round()["one"]).toMatchObject({ "0": { "18": 609 } });
  });

  test("takes the mean of a unit's factors that are not 0, and 1 when there are none", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: ["one/uncore_imc_0/event=0x04/"] });
    // Two dies in each socket.
    bench.tree.write(`${PMUS}/uncore_imc_0/cpumask`, "0,14,28,42\n");
    expect(bench.round()[FACTOR]).toEqual({ "0": { "18": 1 }, "1": { "18": 1 } });
    bench.run({ "18:4": 100n }, { cpus: [0], share: 0.5 });
    bench.run({ "18:4": 10n }, { cpus: [14], share: 0.25 });
    bench.run({ "18:4": 1n }, { cpus: [28], share: 0.5 });
    bench.run({ "18:4": 1n }, { cpus: [42], share: 0 });
    expect(bench.round()).toEqual({
      // 10 * 0.25 is 3 in whole events, scaled up 12; one die of socket 1 has never counted: no value.
      one: { "0": { "18": 112 } },
      [FACTOR]: { "0": { "18": 3 }, "1": { "18": 2 } },
    });
  });

  test("has no value of what has never counted, keeps one that stopped, and derives nothing meanwhile", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: [READS], derived: true });
    bench.tree.write(`${PMUS}/uncore_imc_0/cpumask`, "0\n");
    for (const unit of [1, 2, 3, 4, 5]) bench.tree.remove(`${PMUS}/uncore_imc_${unit}`);
    const RATE = "platform_dram_reads_bytes_per_second";
    const stood = () => bench.run({ "18:772": 1000n }, { cpus: [0], share: 0 });
    const ran = () => bench.run({ "18:772": 1000n }, { cpus: [0] });
    const seen: unknown[] = [];
    for (const happen of [stood, stood, ran, ran, stood, ran, ran]) {
      happen();
      const { [READS]: reads, [RATE]: rate } = bench.round();
      seen.push([reads, rate]);
    }
    const at = (value: number) => ({ "0": { "18": value } });
    expect(seen).toEqual([
      // The events were opened after this one.
      [at(0), undefined],
      [undefined, undefined],
      [at(1000), undefined],
      [at(2000), at(64_000)],
      [at(2000), undefined],
      [at(3000), undefined],
      [at(4000), at(64_000)],
    ]);
  });

  test("derives rates over the time that passed, also when the clock is set back", () => {
    using bench = new Bench(SKYLAKE, { names: [READS], derived: true });
    const rate = () => bench.round(2)["platform_dram_reads_bytes_per_second"];
    rate();
    bench.timeMs -= 3_600_000;
    bench.run({ "18:772": 1000n }, { cpus: [0] });
    expect(rate()).toMatchObject({ "0": { "18": 32_000 } });
  });

  test("opens each list of names as a group of its own, and merges them", () => {
    using bench = new Bench(SKYLAKE, { names: [[READS], [WRITES, READS]], derived: true });
    bench.round();
    expect(bench.perf.opened.filter(({ target }) => target.group !== -1)).toEqual([]);
    expect(bench.perf.openDescriptors).toBe(24);
    bench.run({ "18:772": 1000n, "18:3076": 500n }, { share: 0.5 });
    const measured = bench.round();
    expect(measured).toMatchObject({
      [READS]: { "0": { "18": 1000 } },
      [WRITES]: { "0": { "18": 500 } },
      platform_dram_total_bytes_per_second: { "0": { "18": 96_000 } },
    });
    expect(measured[FACTOR]).toEqual({ "0": each(CHANNELS, 2), "1": each(CHANNELS, 2) });
  });

  test("exports an event that the kernel scales in bytes, the predefined metric in cache lines", () => {
    const names = [
      "bytes/uncore_imc_free_running_0/read/",
      "raw/uncore_imc_free_running_0/event=0xff,umask=0x20/",
    ];
    using bench = new Bench(ICE_LAKE, { changes: true, names });
    bench.tree.write(`${PMUS}/uncore_imc_free_running_0/cpumask`, "0\n");
    bench.round();
    bench.run({ [`80:${0x20ff}`]: 3n }, { cpus: [0] });
    expect(bench.round()).toMatchObject({ bytes: { "0": { "80": 192 } }, raw: { "0": { "80": 3 } } });
  });
});

describe("UncoreCollector with counters that the test runs follows CPUs", () => {
  /** The machine after a CPU went or came: the kernel gave the units of its socket another one. */
  function move(
    bench: Bench,
    { gone, cpumask }: { readonly gone: readonly number[]; readonly cpumask: string },
  ): void {
    for (const unit of [0, 1, 2, 3, 4, 5])
      bench.tree.write(`${PMUS}/uncore_imc_${unit}/cpumask`, `${cpumask}\n`);
    const onlineCpus = SKYLAKE.platform.onlineCpus.filter((cpu) => !gone.includes(cpu));
    bench.platform = { ...SKYLAKE.platform, onlineCpus };
  }

  test("to the unit's new CPU, with totals that go on", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: [READS], derived: true });
    bench.round();
    bench.run({ "18:772": 1000n });
    expect(bench.round()[READS]).toMatchObject({ "0": { "18": 1000 }, "1": { "18": 1000 } });
    bench.run({ "18:772": 100n });
    bench.perf.offline(0);
    move(bench, { gone: [0], cpumask: "1,28" });
    const moved = bench.round();
    expect(moved[READS]).toMatchObject({ "0": { "18": 1100 }, "1": { "18": 1100 } });
    // The new events did not get a counter yet.
    bench.run({ "18:772": 10n }, { cpus: [1], share: 0 });
    expect(bench.round()[READS]).toMatchObject({ "0": { "18": 1100 }, "1": { "18": 1100 } });
    bench.run({}, { cpus: [1, 28] });
    bench.round();
    bench.run({ "18:772": 10n }, { cpus: [1, 28] });
    const after = bench.round();
    expect(after[READS]).toMatchObject({ "0": { "18": 1110 }, "1": { "18": 1110 } });
    expect(after["platform_dram_reads_bytes_per_second"]).toMatchObject({
      "0": { "18": 640 },
      "1": { "18": 640 },
    });
    expect(bench.perf.openDescriptors).toBe(12);
    expect(bench.warnings).toEqual([]);
  });

  test("and leaves a socket out while it has none", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: [READS] });
    bench.round();
    bench.run({ "18:772": 5n });
    bench.round();
    move(bench, { gone: [28], cpumask: "0" });
    expect(Object.keys(bench.round()[READS] as object)).toEqual(["0"]);
    expect(bench.perf.openDescriptors).toBe(6);
    move(bench, { gone: [], cpumask: "0,28" });
    bench.round();
    bench.run({ "18:772": 5n });
    expect(bench.round()[READS]).toMatchObject({ "0": { "18": 10 }, "1": { "18": 10 } });
    expect(bench.perf.openDescriptors).toBe(12);
  });

  test("waits for the next change when a CPU goes just while opening", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: [READS] });
    bench.perf.offline(0);
    bench.round();
    bench.run({ "18:772": 5n });
    expect(Object.keys(bench.round()[READS] as object)).toEqual(["1"]);
    move(bench, { gone: [0], cpumask: "1,28" });
    bench.round();
    bench.run({ "18:772": 5n }, { cpus: [1, 28] });
    expect(bench.round()[READS]).toMatchObject({ "0": { "18": 5 }, "1": { "18": 10 } });
    expect(bench.host.freeDescriptors).toBe(bench.host.keptFilesLimit - 12);
  });

  test("that were away between two rounds, with totals that go on", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: [READS] });
    const topology = "sys/devices/system/cpu/cpu28/topology";
    bench.tree.write(`${topology}/physical_package_id`, "1\n");
    bench.round();
    bench.run({ "18:772": 5n });
    bench.round();
    bench.run({ "18:772": 3n });
    bench.perf.offline(28);
    bench.perf.online(28);
    // The kernel never gives an inode again, a file system may: the old one is kept.
    fs.renameSync(path.join(bench.tree.root, topology), path.join(bench.tree.root, "before"));
    bench.tree.write(`${topology}/physical_package_id`, "1\n");
    expect(bench.round()[READS]).toMatchObject({ "0": { "18": 8 }, "1": { "18": 8 } });
    bench.run({ "18:772": 2n });
    expect(bench.round()[READS]).toMatchObject({ "0": { "18": 10 }, "1": { "18": 10 } });
    expect([bench.perf.opened.length, bench.perf.openDescriptors]).toEqual([18, 12]);
    expect(bench.host.freeDescriptors).toBe(bench.host.keptFilesLimit - 12);
  });

  test("reads sysfs only when they change", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: [READS] });
    bench.round();
    bench.tree.remove("sys/bus");
    bench.run({ "18:772": 5n });
    expect(bench.round()[READS]).toMatchObject({ "0": { "18": 5 } });
  });
});

describe("UncoreCollector with a kernel that the test plays", () => {
  function failure(bench: Bench): string {
    try {
      bench.round();
    } catch (error) {
      if (error instanceof Unsupported) return error.message;
      throw error;
    }
    return "";
  }

  test("is off, without opening anything, when no name is given", () => {
    using bench = new Bench(SKYLAKE, { names: [] });
    expect(bench.round()).toEqual({});
    expect(bench.perf.opened).toEqual([]);
  });

  test("measures nothing while the machine cannot be described", () => {
    using bench = new Bench(SKYLAKE, { names: [READS] });
    const platformMeasurements = {};
    bench.collector.measure({
      timeMs: 0,
      platform: undefined,
      platformMeasurements,
      tasks: [],
      drop: () => {},
    });
    expect(platformMeasurements).toEqual({});
    expect(bench.perf.opened).toEqual([]);
  });

  test("drops what the host lacks, says so once, and counts the rest", () => {
    using bench = new Bench(SKYLAKE, {
      names: ["platform_pmm_bandwidth_reads", READS, "a/amd_df/event=1/", "b/amd_umc/event=2/"],
    });
    bench.round();
    bench.platform = { ...bench.platform };
    expect(Object.keys(bench.round())).toEqual([READS, FACTOR]);
    expect(bench.warnings).toEqual([
      "Cannot count uncore events a/amd_df/event=1/, b/amd_umc/event=2/: no PMU amd_df or amd_umc in /sys/bus/event_source/devices (a virtual machine, or the module intel_uncore or amd_uncore is not loaded, or the CPU has none); platform_pmm_bandwidth_reads: PMU uncore_imc of Skylake (vendor GenuineIntel, family 6, model 0x55, stepping 4) is not known to count it; name/<pmu>/event=..,umask=../ counts what its manual says",
    ]);
  });

  test("is unsupported on a virtual machine", () => {
    using bench = new Bench(VIRTUAL_MACHINE, { names: [READS, WRITES] });
    expect(failure(bench)).toBe(
      "Cannot count uncore events platform_cas_count_reads, platform_cas_count_writes: no PMU uncore_imc or uncore_imc_free_running or amd_umc in /sys/bus/event_source/devices (a virtual machine, or the module intel_uncore or amd_uncore is not loaded, or the CPU has none)",
    );
  });

  test.each([
    [
      "EACCES",
      "Cannot open uncore counters: EACCES, kernel.perf_event_paranoid is 2, and above 0 counting by cgroup or CPU takes CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8); grant that, or set it to 0",
    ],
    ["EPERM", /^Cannot open uncore counters: EPERM, .*seccomp/],
    ["EMFILE", /^Cannot open uncore counters: EMFILE, .*LimitNOFILE/],
  ])("is unsupported after %s, with nothing left open", (refusal, message) => {
    using bench = new Bench(SKYLAKE, { names: [READS], refusal });
    const free = bench.host.freeDescriptors;
    expect(failure(bench)).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
    expect([bench.perf.openDescriptors, bench.host.freeDescriptors]).toEqual([0, free]);
  });

  test.each([
    ["", { descriptors: 7 }],
    [" of a unit", { descriptors: 5 }],
  ])("gives back what it opened when the process runs out of descriptors half-way%s", (_name, limit) => {
    // Six events, in a group of four and one of two.
    const names = ["platform_rpq_occupancy", READS];
    using bench = new Bench(GRANITE_RAPIDS, { names, ...limit });
    const free = bench.host.freeDescriptors;
    expect(failure(bench)).toMatch(/EMFILE/);
    expect([bench.perf.openDescriptors, bench.host.freeDescriptors]).toEqual([0, free]);
  });

  test("claims its descriptors before it opens any", () => {
    using enough = new Bench(SKYLAKE, { names: [READS, WRITES], budget: 24 });
    expect(failure(enough)).toBe("");
    expect(enough.host.freeDescriptors).toBe(0);
    enough.collector.close();
    enough.collector.close();
    expect([enough.perf.openDescriptors, enough.host.freeDescriptors]).toEqual([0, 24]);

    using short = new Bench(SKYLAKE, { names: [READS, WRITES], budget: 23 });
    expect(failure(short)).toBe(
      "Cannot open 24 uncore counters on 12 units and sockets: 23 descriptors are left; raise LimitNOFILE or name fewer events",
    );
    expect(short.perf.opened).toEqual([]);
    expect(short.host.freeDescriptors).toBe(23);
  });

  test.each([
    ["ENOENT", "the PMU has no such event"],
    ["EOPNOTSUPP", "the PMU cannot count it in this way"],
    ["EINVAL", "the kernel refuses its settings"],
    ["EBUSY", "somebody else holds the unit"],
  ])("drops an event that every unit refuses with %s, in one line", (code, meaning) => {
    const errors = Object.fromEntries(CHANNELS.map((type) => [`${type}:3076`, code]));
    using bench = new Bench(SKYLAKE, { names: [READS, WRITES], errors });
    bench.round();
    expect(Object.keys(bench.round())).toEqual([READS, FACTOR]);
    expect(bench.warnings).toEqual([
      `Cannot count uncore event "platform_cas_count_writes" with PMU "uncore_imc_0" (type 18, config 0xc04): ${code}, ${meaning}`,
    ]);
    expect(bench.host.freeDescriptors).toBe(bench.host.keptFilesLimit - 12);
  });

  test("has no value of a metric one part of which is refused", () => {
    using bench = new Bench(GRANITE_RAPIDS, { names: [READS], errors: { [`110:${0xcf06}`]: "EINVAL" } });
    bench.round();
    bench.run({ [`110:${0xcf05}`]: 100n, [`111:${0xcf05}`]: 100n });
    const reads = bench.round()[READS] as Record<string, Record<string, number>>;
    expect([reads["0"]?.["110"], reads["0"]?.["111"]]).toEqual([undefined, 100]);
  });

  test("leaves out for one round what cannot be read in it", () => {
    using bench = new Bench(SKYLAKE, { names: [READS, "cha/uncore_cha_0/event=1/"], derived: true });
    bench.round();
    const read = bench.perf.read.bind(bench.perf);
    const [broken] = bench.perf.opened.keys();
    let calls = 0;
    bench.perf.read = (descriptor, into) => (calls++ === broken ? 0 : read(descriptor, into));
    bench.run({ "18:772": 5n });
    expect(Object.keys((bench.round()[READS] as Record<string, object>)["0"] ?? {})).toEqual([
      "19",
      "20",
      "21",
      "22",
      "23",
    ]);
    expect(bench.warnings).toEqual(['Cannot read the counters of PMU "uncore_imc_0": EIO']);
    const measured = bench.round();
    expect(measured[READS]).toMatchObject({ "0": { "18": 5 } });
    expect(
      (measured["platform_dram_reads_bytes_per_second"] as Record<string, object>)["0"],
    ).not.toHaveProperty("18");
    expect(bench.warnings).toHaveLength(1);
  });
});

describe("UncoreCollector.probe()", () => {
  const absent =
    "in /sys/bus/event_source/devices (a virtual machine, or the module intel_uncore or amd_uncore is not loaded, or the CPU has none)";

  function rows(bench: Bench): readonly unknown[] {
    return bench.collector.probe().map(({ feature, supported, detail }) => [feature, supported, detail]);
  }

  test("tells for each event which units count it, or what is missing, and leaves nothing open", () => {
    const names = [
      [READS, "platform_pmm_bandwidth_reads"],
      ["a/amd_df/event=1/"],
      ["b/uncore_upi_2/event=2/"],
    ];
    using bench = new Bench(SKYLAKE, { names, errors: { "26:2": "ENOENT" } });
    expect(rows(bench)).toEqual([
      [
        "uncore event platform_cas_count_reads",
        true,
        "uncore_imc_0, uncore_imc_1, uncore_imc_2, uncore_imc_3, uncore_imc_4, uncore_imc_5 on CPUs 0,28 (BDX/events/broadwellx, SKX/events/skylakex, CLX/events/cascadelakex_uncore.json UNC_M_CAS_COUNT.RD)",
      ],
      [
        "uncore event platform_pmm_bandwidth_reads",
        false,
        expect.stringMatching(/^PMU uncore_imc of Skylake /),
      ],
      ["uncore event a/amd_df/event=1/", false, `no PMU amd_df ${absent}`],
      [
        "uncore event b/uncore_upi_2/event=2/",
        false,
        'Cannot count uncore event "b/uncore_upi_2/event=2/" with PMU "uncore_upi_2" (type 26, config 0x2): ENOENT, the PMU has no such event',
      ],
    ]);
    expect(bench.perf.openDescriptors).toBe(0);
  });

  test("tells which right is missing", () => {
    using bench = new Bench(SKYLAKE, { names: [READS], refusal: "EACCES" });
    expect(rows(bench)).toEqual([
      [
        "uncore event platform_cas_count_reads",
        false,
        expect.stringMatching(
          /^Cannot open PMU "uncore_imc_0": EACCES, kernel.perf_event_paranoid is 2, .*CAP_PERFMON/,
        ),
      ],
    ]);
  });

  test("tells that a PMU has no CPU now", () => {
    using bench = new Bench(SKYLAKE, { changes: true, names: ["a/uncore_imc_0/event=1/"] });
    bench.tree.write(`${PMUS}/uncore_imc_0/cpumask`, "\n");
    expect(rows(bench)).toEqual([
      ["uncore event a/uncore_imc_0/event=1/", false, "no CPU stands for the PMU now: its cpumask is empty"],
    ]);
  });

  test("tells which PMUs there would be when no event is named", () => {
    using skylake = new Bench(SKYLAKE, { names: [] });
    const feature = "uncore counters (uncore_event_names)";
    expect(rows(skylake)).toEqual([
      [
        feature,
        true,
        "PMUs uncore_cha (3), uncore_iio_free_running (2), uncore_imc (6), uncore_pcu (1), uncore_upi (3)",
      ],
    ]);
    expect(skylake.perf.opened).toEqual([]);
    using guest = new Bench(VIRTUAL_MACHINE, { names: [] });
    expect(rows(guest)).toEqual([
      [feature, false, `no PMU uncore_imc or uncore_imc_free_running or amd_umc ${absent}`],
    ]);
  });
});

test("UncoreCollector on this host counts, or says in plain words why not", () => {
  const context = testContext(new KernelHost());
  const collector = new UncoreCollector(
    { uncore_event_names: [READS], enable_derived_metrics: true },
    context,
  );
  const platformMeasurements: Record<string, Measurement> = {};
  const round = {
    timeMs: 0,
    platform: readPlatform(context.host),
    platformMeasurements,
    tasks: [],
    drop: () => {},
  };
  const [row] = collector.probe();
  try {
    if (row?.supported === true) {
      collector.measure(round);
      expect(Object.keys(platformMeasurements)).toContain(READS);
    } else {
      expect(() => collector.measure(round)).toThrow(Unsupported);
      expect(row?.detail).toMatch(/^(no PMU uncore_imc or .*|Cannot (open|count) .*)/);
    }
  } finally {
    collector.close();
  }
});

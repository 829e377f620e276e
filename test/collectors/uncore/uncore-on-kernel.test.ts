/*
 * The running kernel with a recorded sysfs: what would be a memory controller has the type of software events,
 * which every kernel counts by CPU too. That proves the system calls, not the hardware.
 */
import { describe, expect, test } from "bun:test";
import { UncoreCollector } from "../../../src/collectors/uncore/uncore.ts";
import { parseCpuList } from "../../../src/kernel/cpu-list.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { perfEventAttr } from "../../../src/kernel/perf/attr.ts";
import { KernelPerfSyscalls } from "../../../src/kernel/perf/syscalls.ts";
import { readPlatform } from "../../../src/kernel/platform.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import { testContext } from "../../support/context.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";

const CPU_CLOCK = { type: 1, config: 0n, config1: 0n, config2: 0n };

const counts = await requirement("counting by CPU", () => {
  const perf = new KernelPerfSyscalls();
  perf.close(perf.open(perfEventAttr(CPU_CLOCK), { pid: -1, cpu: 0, group: -1, flags: 8 }));
});

describe.skipIf(!counts)("UncoreCollector on the running kernel", () => {
  test("opens a group on each CPU of the cpumask, and counts what goes by there", () => {
    const real = new KernelHost();
    const cpus = parseCpuList(real.read("/sys/devices/system/cpu/online"));
    using tree = tempTree({
      "sys/bus/event_source/devices/uncore_imc_0/type": "1\n",
      "sys/bus/event_source/devices/uncore_imc_0/cpumask": `${cpus.join(",")}\n`,
      "sys/bus/event_source/devices/uncore_imc_0/format/event": "config:0-7\n",
    });
    const host = new KernelHost({ root: tree.root, perf: new KernelPerfSyscalls() });
    const context = testContext(host);
    // cpu-clock and context-switches.
    const names = ["clock/uncore_imc/event=0/", "switches/uncore_imc/event=3/"];
    const collector = new UncoreCollector(
      { uncore_event_names: names, enable_derived_metrics: false },
      context,
    );
    const platform = { ...readPlatform(real), topology: new Map([[0, new Map([[0, cpus]])]]) };
    const round = (): Readonly<Record<string, Measurement>> => {
      const platformMeasurements = {};
      collector.measure({ timeMs: 0, platform, platformMeasurements, tasks: [], drop: () => {} });
      return platformMeasurements;
    };
    const clock = (measured: Readonly<Record<string, Measurement>>) =>
      (measured["clock"] as Record<string, Record<string, number>>)["0"]?.["1"] ?? Number.NaN;

    const started = performance.now();
    const free = host.freeDescriptors;
    try {
      const first = clock(round());
      const later = round();
      const longestNs = (performance.now() - started) * 1e6 * cpus.length;
      expect(Object.keys(later)).toEqual(["clock", "switches", "platform_scaling_uncore_factor"]);
      expect(clock(later)).toBeGreaterThan(first);
      expect(clock(later)).toBeLessThanOrEqual(longestNs);
      expect(later["platform_scaling_uncore_factor"]).toEqual({ "0": { "1": 1 } });
      expect(free - host.freeDescriptors).toBe(2 * cpus.length);
      expect(context.logged).toEqual([]);
    } finally {
      collector.close();
    }
    expect(host.freeDescriptors).toBe(free);
  });

  test("drops what the kernel refuses, and says what it said", () => {
    using tree = tempTree({
      "sys/bus/event_source/devices/uncore_imc_0/type": "1\n",
      "sys/bus/event_source/devices/uncore_imc_0/cpumask": "0\n",
      "sys/bus/event_source/devices/uncore_imc_0/format/event": "config:0-7\n",
    });
    const context = testContext(new KernelHost({ root: tree.root, perf: new KernelPerfSyscalls() }));
    const names = ["clock/uncore_imc/event=0/", "none/uncore_imc/event=ff/"];
    const collector = new UncoreCollector(
      { uncore_event_names: names, enable_derived_metrics: false },
      context,
    );
    const platformMeasurements = {};
    const platform = readPlatform(new KernelHost());
    try {
      collector.measure({ timeMs: 0, platform, platformMeasurements, tasks: [], drop: () => {} });
    } finally {
      collector.close();
    }
    expect(Object.keys(platformMeasurements)).toEqual(["clock", "platform_scaling_uncore_factor"]);
    expect(context.logged).toEqual([
      [
        "warning",
        'Cannot count uncore event "none/uncore_imc/event=ff/" with PMU "uncore_imc_0" (type 1, config 0xff): ENOENT, the PMU has no such event',
      ],
    ]);
  });
});

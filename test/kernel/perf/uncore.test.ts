import { afterAll, describe, expect, test } from "bun:test";
import { UncoreResolver } from "../../../src/kernel/perf/uncore.ts";
import { UNCORE_EVENTS, type UncoreMetric } from "../../../src/kernel/perf/uncore-events.ts";
import { Catalogue } from "../../../src/model/catalogue.ts";
import { type Tree, tempTree } from "../../support/tree.ts";
import * as machines from "./uncore-machines.ts";

/** One tree of each machine for all tests that do not change it. */
const trees = new Map<machines.UncoreMachine, Tree>();
function treeOf(machine: machines.UncoreMachine): Tree {
  const tree = trees.get(machine) ?? tempTree(machine.files);
  trees.set(machine, tree);
  return tree;
}
afterAll(() => {
  for (const tree of trees.values()) tree[Symbol.dispose]();
});

/** What is opened for the names: unit, CPUs, and `config` of each event; or why not. */
function resolved(machine: machines.UncoreMachine, ...names: readonly string[]) {
  const { events, unsupported } = new UncoreResolver(treeOf(machine).host, machine.platform).resolve(names);
  return {
    events: Object.fromEntries(
      events.map(({ metric, units }) => [
        metric,
        units.map(({ unit, events: parts }) => [
          unit.name,
          unit.type,
          unit.cpus?.join(","),
          parts.map(({ config }) => `0x${config.toString(16)}`).join("+"),
        ]),
      ]),
    ),
    unsupported: Object.fromEntries(unsupported.map(({ name, reason }) => [name, reason])),
  };
}

/** `config` of a metric, and how many units count it. */
function configOf(machine: machines.UncoreMachine, metric: UncoreMetric): string {
  const { events } = resolved(machine, metric);
  const units = events[metric] ?? [];
  const kinds = new Set(units.map(([name]) => String(name).replace(/_\d+$/, "")));
  const configs = new Set(units.map(([, , , config]) => config));
  return units.length === 0 ? "-" : `${units.length} ${[...kinds].join()} ${[...configs].join()}`;
}

describe("UncoreResolver on a recorded sysfs (no such hardware here)", () => {
  const { SKYLAKE, CASCADE_LAKE, ICE_LAKE, ICE_LAKE_OLD_KERNEL, SAPPHIRE_RAPIDS } = machines;
  const { GRANITE_RAPIDS, UNKNOWN_CPU, ZEN_3, ZEN_4, LATER_ZEN, SKYLAKE_CLIENT, ALDER_LAKE } = machines;

  test("takes units by exact number, in their order, with their own cpumask", () => {
    expect(resolved(SKYLAKE, "platform_cas_count_reads")).toEqual({
      events: {
        platform_cas_count_reads: [0, 1, 2, 3, 4, 5].map((unit) => [
          `uncore_imc_${unit}`,
          18 + unit,
          "0,28",
          "0x304",
        ]),
      },
      unsupported: {},
    });
    expect(resolved(GRANITE_RAPIDS, "n/uncore_imc/event=0x80/").events["n"]?.map(([name]) => name)).toEqual(
      Array.from({ length: 12 }, (_, unit) => `uncore_imc_${unit}`),
    );
    expect(resolved(SKYLAKE, "n/uncore_imc_3/event=0x1/").events["n"]).toEqual([
      ["uncore_imc_3", 21, "0,28", "0x1"],
    ]);
  });

  test.each<[string, machines.UncoreMachine, Partial<Record<UncoreMetric, string>>]>([
    [
      "Skylake, which has no persistent memory",
      SKYLAKE,
      {
        platform_cas_count_reads: "6 uncore_imc 0x304",
        platform_cas_count_writes: "6 uncore_imc 0xc04",
        platform_dram_requests: "6 uncore_imc 0xf04",
        platform_pmm_bandwidth_reads: "-",
        platform_pmm_bandwidth_writes: "-",
        platform_upi_rxl_flits: "3 uncore_upi 0xf03",
        platform_upi_txl_flits: "3 uncore_upi 0xf02",
        platform_rpq_occupancy: "6 uncore_imc 0x80",
        platform_rpq_inserts: "6 uncore_imc 0x10",
        platform_imc_clockticks: "6 uncore_imc 0x0",
      },
    ],
    [
      "Cascade Lake",
      CASCADE_LAKE,
      {
        platform_cas_count_reads: "6 uncore_imc 0x304",
        platform_pmm_bandwidth_reads: "6 uncore_imc 0xe3",
        platform_pmm_bandwidth_writes: "6 uncore_imc 0xe7",
      },
    ],
    [
      "Ice Lake",
      ICE_LAKE,
      {
        platform_cas_count_reads: "8 uncore_imc 0xf04",
        platform_cas_count_writes: "8 uncore_imc 0x3004",
        platform_dram_requests: "8 uncore_imc 0x3f04",
        platform_pmm_bandwidth_reads: "8 uncore_imc 0xe3",
        platform_rpq_occupancy: "8 uncore_imc 0x80+0x81",
        platform_rpq_inserts: "8 uncore_imc 0x310",
        platform_imc_clockticks: "8 uncore_imc 0x0",
        platform_upi_rxl_flits: "-",
      },
    ],
    [
      "Ice Lake with a kernel whose names are wrong",
      ICE_LAKE_OLD_KERNEL,
      {
        platform_cas_count_reads: "8 uncore_imc 0xf04",
        platform_cas_count_writes: "8 uncore_imc 0x3004",
      },
    ],
    [
      "Sapphire Rapids, whose kernel calls the half clock clockticks",
      SAPPHIRE_RAPIDS,
      {
        platform_cas_count_reads: "8 uncore_imc 0xcf05",
        platform_cas_count_writes: "8 uncore_imc 0xf005",
        platform_rpq_occupancy: "8 uncore_imc 0x80+0x81",
        platform_imc_clockticks: "8 uncore_imc 0x101",
        platform_upi_txl_flits: "4 uncore_upi 0xf02",
      },
    ],
    [
      "Granite Rapids, with two sub-channels",
      GRANITE_RAPIDS,
      {
        platform_cas_count_reads: "12 uncore_imc 0xcf05+0xcf06",
        platform_cas_count_writes: "12 uncore_imc 0xf005+0xf006",
        platform_dram_requests: "12 uncore_imc 0xff05+0xff06",
        platform_rpq_occupancy: "12 uncore_imc 0x80+0x81+0x82+0x83",
        platform_rpq_inserts: "12 uncore_imc 0xf010",
        platform_pmm_bandwidth_reads: "-",
      },
    ],
    [
      "a CPU of no table, by the names of the kernel",
      UNKNOWN_CPU,
      {
        platform_cas_count_reads: "12 uncore_imc 0xcf05+0xcf06",
        platform_cas_count_writes: "12 uncore_imc 0xf005+0xf006",
        platform_imc_clockticks: "12 uncore_imc 0x1",
        platform_rpq_occupancy: "-",
      },
    ],
    [
      "EPYC 7003, whose data fabric does not tell reads from writes",
      ZEN_3,
      {
        platform_cas_count_reads: "-",
        platform_dram_requests:
          "1 amd_df 0x3807+0x3847+0x3887+0x38c7+0x100003807+0x100003847+0x100003887+0x1000038c7",
      },
    ],
    [
      "EPYC 9004 with amd_umc",
      ZEN_4,
      {
        platform_cas_count_reads: "24 amd_umc 0x10a",
        platform_cas_count_writes: "24 amd_umc 0x20a",
        platform_dram_requests: "24 amd_umc 0xa",
      },
    ],
    [
      "a later EPYC with amd_umc",
      LATER_ZEN,
      {
        platform_cas_count_reads: "24 amd_umc 0x10a",
        platform_cas_count_writes: "24 amd_umc 0x20a",
      },
    ],
    [
      "a Skylake client",
      SKYLAKE_CLIENT,
      { platform_cas_count_reads: "1 uncore_imc 0x1", platform_cas_count_writes: "1 uncore_imc 0x2" },
    ],
    [
      "Alder Lake",
      ALDER_LAKE,
      {
        platform_cas_count_reads: "2 uncore_imc_free_running 0x20ff",
        platform_cas_count_writes: "2 uncore_imc_free_running 0x30ff",
        platform_dram_requests: "2 uncore_imc_free_running 0x10ff",
      },
    ],
  ])("knows the encodings of %s", (_name, machine, wanted) => {
    const metrics = Object.keys(wanted) as readonly UncoreMetric[];
    expect(Object.fromEntries(metrics.map((metric) => [metric, configOf(machine, metric)]))).toEqual(wanted);
  });

  test("counts what the tables and the kernel name in cache lines, what the user names in bytes", () => {
    const { events } = new UncoreResolver(treeOf(ALDER_LAKE).host, ALDER_LAKE.platform).resolve([
      "platform_cas_count_reads",
      "own/uncore_imc_free_running/data_read/",
      "raw/uncore_imc_free_running/event=0xff,umask=0x20/",
    ]);
    expect(events.map(({ units }) => units.map((unit) => unit.events.map(({ scale }) => scale)))).toEqual([
      [[1], [1]],
      [[64], [64]],
      [[1], [1]],
    ]);
  });

  test("mends the scale that old kernels tell of free-running counters", () => {
    for (const machine of [ICE_LAKE, ICE_LAKE_OLD_KERNEL]) {
      const resolver = new UncoreResolver(treeOf(machine).host, machine.platform);
      const { events } = resolver.resolve(["own/uncore_imc_free_running_2/read/"]);
      expect(
        events.flatMap(({ units }) => units.flatMap((unit) => unit.events.map(({ scale }) => scale))),
      ).toEqual([64]);
    }
  });

  test("leaves a scale in another unit as it is", () => {
    const power = {
      "sys/bus/event_source/devices/power/type": "14\n",
      "sys/bus/event_source/devices/power/cpumask": "0,28\n",
      "sys/bus/event_source/devices/power/format/event": "config:0-7\n",
      "sys/bus/event_source/devices/power/events/energy-ram": "event=0x03\n",
      "sys/bus/event_source/devices/power/events/energy-ram.scale": "1.5258789062500000e-05\n",
      "sys/bus/event_source/devices/power/events/energy-ram.unit": "Joules\n",
    };
    using tree = tempTree(power);
    const { events } = new UncoreResolver(tree.host, SKYLAKE.platform).resolve(["ram/power/energy-ram/"]);
    expect(events[0]?.units[0]?.events[0]).toEqual({
      metric: "ram",
      written: "ram/power/energy-ram/",
      kind: "pmu",
      type: 14,
      config: 3n,
      config1: 0n,
      config2: 0n,
      scale: 1.52587890625e-5,
      cpus: [0, 28],
    });
  });

  test("puts terms where the PMU's format says", () => {
    const name = "n/uncore_cha_1/event=0x36,umask=21,filter_tid=0x1ff,thresh=2,edge/";
    const { events } = resolved(SKYLAKE, name);
    expect(events["n"]).toEqual([["uncore_cha_1", 31, "0,28", "0x2042136"]]);
  });

  test("tells what the host lacks, each event by itself", () => {
    const absent =
      "in /sys/bus/event_source/devices (a virtual machine, or the module intel_uncore or amd_uncore is not loaded, or the CPU has none)";
    expect(
      resolved(
        SKYLAKE,
        ...["platform_cas_count_reads", "platform_pmm_bandwidth_reads", "a/amd_df/event=0x1/", "b/msr/tsc/"],
        ...["c/uncore_imc/data_read/", "d/uncore_imc/event=0x1ff/", "e/uncore_imc_6/event=0x1/"],
      ).unsupported,
    ).toEqual({
      platform_pmm_bandwidth_reads:
        "PMU uncore_imc of Skylake (vendor GenuineIntel, family 6, model 0x55, stepping 4) is not known to count it; name/<pmu>/event=..,umask=../ counts what its manual says",
      "a/amd_df/event=0x1/": `no PMU amd_df ${absent}`,
      "b/msr/tsc/": 'PMU "msr" has no cpumask: it counts tasks, which is for event_names',
      "c/uncore_imc/data_read/":
        'PMU "uncore_imc_0" of this host has no event or field "data_read", it has cas_count_read, cas_count_write, clockticks',
      "d/uncore_imc/event=0x1ff/": expect.stringMatching(/uncore_imc_0.*at most 0xff for "event".*not 0x1ff/),
      "e/uncore_imc_6/event=0x1/": `no PMU uncore_imc_6 ${absent}`,
    });
    expect(resolved(machines.VIRTUAL_MACHINE, "platform_dram_requests").unsupported).toEqual({
      platform_dram_requests: `no PMU amd_df or amd_umc or uncore_imc or uncore_imc_free_running ${absent}`,
    });
    expect(resolved(ZEN_3, "platform_cas_count_reads").unsupported["platform_cas_count_reads"]).toBe(
      `no PMU uncore_imc or uncore_imc_free_running or amd_umc ${absent}`,
    );
  });

  test("names the PMUs that any of could count it, also without sysfs", () => {
    using tree = tempTree({});
    const { unsupported } = new UncoreResolver(tree.host, SKYLAKE.platform).resolve([
      ...["platform_upi_rxl_flits", "platform_imc_clockticks"],
    ]);
    expect(unsupported.map(({ pmus }) => pmus)).toEqual([
      ["uncore_upi"],
      ["uncore_imc", "uncore_imc_free_running"],
    ]);
  });

  test("reads only the PMUs that are named", () => {
    using tree = tempTree({
      ...SKYLAKE.files,
      "sys/bus/event_source/devices/uncore_upi_0/type": "nonsense\n",
    });
    const resolver = new UncoreResolver(tree.host, SKYLAKE.platform);
    expect(resolver.resolve(["platform_cas_count_reads"]).unsupported).toEqual([]);
    expect(resolver.resolve(["platform_upi_rxl_flits"])).toEqual({
      events: [],
      unsupported: [
        {
          name: "platform_upi_rxl_flits",
          reason: 'Cannot parse "/sys/bus/event_source/devices/uncore_upi_0/type": EBADMSG',
        },
      ],
    });
  });
});

describe("UNCORE_EVENTS", () => {
  test("has a row of the catalogue, by socket and unit, for each metric", () => {
    const catalogue = new Catalogue();
    const labels = Object.keys(UNCORE_EVENTS).map((metric) => catalogue.get(metric)?.labels);
    expect(labels).toEqual(labels.map(() => ["socket", "pmu_type"]));
  });

  test("names the source of each encoding", () => {
    for (const { encodings } of Object.values(UNCORE_EVENTS)) {
      for (const { source } of encodings)
        expect(source).toMatch(/_uncore\.json UNC_|^linux .*\.(c$|json [a-z])/);
    }
  });

  test("has one encoding of a kind of PMU for each generation", () => {
    for (const [metric, { encodings }] of Object.entries(UNCORE_EVENTS)) {
      const known = encodings.flatMap((each) =>
        "generations" in each
          ? each.generations.map((generation) => `${metric} ${each.pmu} ${generation}`)
          : [],
      );
      expect(new Set(known).size).toBe(known.length);
    }
  });
});

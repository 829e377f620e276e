import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  checkEventName,
  PREDEFINED_EVENT_NAMES,
  resolveEventNames,
  rowsOfEvents,
} from "../../../src/kernel/perf/event-names.ts";
import { Catalogue } from "../../../src/model/catalogue.ts";
import type { Platform } from "../../../src/model/platform.ts";
import { tempTree } from "../../support/tree.ts";
import { ATOM_CORE, INTEL_CORE, POWER, pmuFiles } from "./pmu-files.ts";

const EMPTY: Platform = {
  cpuModel: "",
  sockets: 1,
  cores: 1,
  cpus: 1,
  onlineCpus: [0],
  topology: new Map(),
  nodeCpus: new Map(),
  nodeDistances: new Map(),
};

function intel(cpuModelNumber: number, cpuStepping: number): Platform {
  return { ...EMPTY, cpuVendor: "GenuineIntel", cpuFamily: 6, cpuModelNumber, cpuStepping };
}

const SKYLAKE = intel(0x55, 4);
const ZEN_5: Platform = {
  ...EMPTY,
  cpuVendor: "AuthenticAMD",
  cpuFamily: 0x1a,
  cpuModelNumber: 2,
  cpuStepping: 1,
};

function resolve(names: readonly string[], platform = SKYLAKE) {
  using tree = tempTree(pmuFiles({ cpu: INTEL_CORE, cpu_atom: ATOM_CORE, power: POWER }));
  return resolveEventNames(names, { host: tree.host, platform });
}

test.each([
  ...PREDEFINED_EVENT_NAMES,
  "bus_cycles__r3c01",
  "cpu/mem-loads/",
  "cpu/event=0x3c,umask=0x01/",
  "cpu/mem-loads,ldlat=30/",
  "bus_cycles/cpu/event=0x3c,umask=0x01/",
  "task_dtlb_load_misses/cpu/event=0x45,umask=0xf0/",
  "rate__rise/cpu/event=1/",
])("checkEventName() accepts %s", (name) => {
  expect(checkEventName(name)).toBeUndefined();
});

test.each([
  [
    "task_cycles ",
    /^<name>__r<hexadecimal digits>, \[<name>\/\]<pmu>\/<event or terms>\/ or one of task_cycles, /,
  ],
  ["task_cylces", /or one of task_cycles, task_instructions, .*, task_dtlb_load_misses$/],
  ["toString", /or one of task_cycles, /],
  ["", /or one of task_cycles, /],
  ["x__r030", /^4 \(event, umask\), 6 \(and cmask\) or 16 .* not 3$/],
  ["cpu/mem-loads", /^<pmu>\/<event or terms>\/ or <name>\/<pmu>\/<event or terms>\/$/],
  ["cpu/mem-loads/u", /^<pmu>\/<event or terms>\/ or /],
  ["a/b/cpu/mem-loads/", /^<pmu>\/<event or terms>\/ or /],
  ["/", /^<pmu>\/<event or terms>\/ or /],
  ["cpu//", /^a name or name=number between commas, not ""$/],
  ["/mem-loads/", /^the name of a PMU before its terms, such as cpu, not ""$/],
  ["../mem-loads/", /^the name of a PMU before its terms, such as cpu, not "\.\."$/],
  ["my-name/cpu/event=1/", /^a metric name before the PMU: .*, not "my-name"$/],
  ["/cpu/event=1/", /^a metric name before the PMU: .*, not ""$/],
  [
    "task_mem_usage_bytes/cpu/event=1/",
    /^a metric name that is free, "task_mem_usage_bytes" has another source$/,
  ],
  ["cpu/event=x/", /^a number behind "event=", decimal or 0x and hexadecimal, not "x"$/],
])("checkEventName() refuses %j", (name, wanted) => {
  expect(checkEventName(name)).toMatch(wanted);
  expect(() => resolve([name])).toThrow(
    new SyntaxError(`Cannot use event "${name}": wanted ${checkEventName(name)}`),
  );
});

test("checkEventName() answers for any text", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `cpu/${text}/`),
      ),
      (text) => {
        const wanted = checkEventName(text);
        if (wanted === undefined) expect(rowsOfEvents([text]).length).toBeLessThanOrEqual(1);
        else expect(() => rowsOfEvents([text])).toThrow(SyntaxError);
      },
    ),
  );
});

test("resolveEventNames() gives events in order and each once", () => {
  const names = ["task_instructions", "bus_cycles__r3c01", "task_cpu_clock_seconds", "task_instructions"];
  const { events, unsupported } = resolve([...names, "task_stalled_mem_loads", "cpu/mem-loads/"]);
  expect(unsupported).toEqual([]);
  expect(events).toEqual([
    {
      metric: "task_instructions",
      written: "task_instructions",
      kind: "hardware",
      type: 0,
      config: 1n,
      config1: 0n,
      config2: 0n,
      scale: 1,
    },
    {
      metric: "bus_cycles__r3c01",
      written: "bus_cycles__r3c01",
      kind: "raw",
      type: 4,
      config: 0x13cn,
      config1: 0n,
      config2: 0n,
      scale: 1,
    },
    {
      metric: "task_cpu_clock_seconds",
      written: "task_cpu_clock_seconds",
      kind: "software",
      type: 1,
      config: 1n,
      config1: 0n,
      config2: 0n,
      scale: 1e-9,
    },
    {
      metric: "task_stalled_mem_loads",
      written: "task_stalled_mem_loads",
      kind: "raw",
      type: 4,
      config: 0x140014a3n,
      config1: 0n,
      config2: 0n,
      scale: 1,
    },
    {
      metric: "task_perf_cpu_mem_loads_total",
      written: "cpu/mem-loads/",
      kind: "pmu",
      type: 4,
      config: 0x1cdn,
      config1: 3n,
      config2: 0n,
      scale: 1,
    },
  ]);
});

test.each([
  [SKYLAKE, "task_stalled_mem_loads", 0x140014a3n, 0n],
  [intel(0x55, 7), "task_mem_load_retired_local_pmm", 0x80d1n, 0n],
  [intel(0x4f, 1), "task_stalled_mem_loads", 0x60006a3n, 0n],
  [SKYLAKE, "task_offcore_requests_l3_miss_demand_data_rd", 0x10b0n, 0n],
  [SKYLAKE, "task_offcore_requests_outstanding_l3_miss_demand_data_rd", 0x1060n, 0n],
  [intel(0xaf, 3), "task_offcore_requests_l3_miss_demand_data_rd", 0x1b7n, 0x3fbfc00001n],
])("resolveEventNames() encodes for the CPU, %# %s", (platform, name, config, config1) => {
  expect(resolve([name], platform).events).toMatchObject([{ metric: name, config, config1 }]);
});

test("resolveEventNames() names the metric as the user did", () => {
  expect(resolve(["bus_cycles/cpu/bus-cycles/"]).events).toMatchObject([
    { metric: "bus_cycles", written: "bus_cycles/cpu/bus-cycles/", kind: "pmu", type: 4, config: 0x13cn },
  ]);
  expect(resolve(["cpu/event=0x3c,umask=0x01/"]).events[0]?.metric).toBe(
    "task_perf_cpu_event_0x3c_umask_0x01_total",
  );
});

test("resolveEventNames() tells the CPUs of a kind of cores and the scale of an event", () => {
  expect(resolve(["cpu_atom/cpu-cycles/", "cpu/topdown-total-slots/"]).events).toMatchObject([
    { type: 10, cpus: [16, 17, 18, 19, 20, 21, 22, 23], scale: 1 },
    { type: 4, scale: 2 },
  ]);
});

test("resolveEventNames() drops what this host cannot count, with the reason", () => {
  const { events, unsupported } = resolve(
    [
      "task_cycles",
      "task_mem_load_retired_local_pmm",
      "cpu_core/cycles/",
      "cpu/topdown-be-bound/",
      "power/energy-pkg/",
      "task_cycles/cpu/cpu-cycles/",
    ],
    SKYLAKE,
  );
  expect(events.map(({ metric }) => metric)).toEqual(["task_cycles"]);
  expect(unsupported).toEqual([
    {
      name: "task_mem_load_retired_local_pmm",
      reason:
        "no encoding for Skylake (vendor GenuineIntel, family 6, model 0x55, stepping 4), known on Cascade Lake, Cooper Lake, Ice Lake, Sapphire Rapids",
    },
    { name: "cpu_core/cycles/", reason: 'this host has no PMU "cpu_core", it has cpu, cpu_atom, power' },
    {
      name: "cpu/topdown-be-bound/",
      reason: `PMU "cpu" of this host has no event or field "topdown-be-bound", it has ${Object.keys(
        INTEL_CORE,
      )
        .filter((file) => file.startsWith("events/") && !file.endsWith(".scale"))
        .map((file) => file.slice("events/".length))
        .sort()
        .join(", ")}`,
    },
    {
      name: "power/energy-pkg/",
      reason: 'PMU "power" counts for the whole package or machine, not for tasks',
    },
    { name: "task_cycles/cpu/cpu-cycles/", reason: '"task_cycles" gives the metric task_cycles already' },
  ]);
});

test.each([
  [
    ZEN_5,
    "no encoding for AMD Zen 5 (vendor AuthenticAMD, family 26, model 0x2, stepping 1), known on Skylake client, ",
  ],
  [
    intel(0x97, 2),
    "no encoding for this CPU (vendor GenuineIntel, family 6, model 0x97, stepping 2), known on ",
  ],
  [
    EMPTY,
    "no encoding for this CPU (vendor unknown, family unknown, model unknown, stepping unknown), known on ",
  ],
])("resolveEventNames() says which CPU it saw, %#", (platform, reason) => {
  const { events, unsupported } = resolve(["task_dtlb_load_misses", "task_page_faults"], platform);
  expect(events.map(({ metric }) => metric)).toEqual(["task_page_faults"]);
  expect(unsupported[0]?.reason.slice(0, reason.length)).toBe(reason);
});

test("resolveEventNames() finds no PMU on a host without perf events", () => {
  using tree = tempTree({});
  expect(resolveEventNames(["cpu/cycles/"], { host: tree.host, platform: SKYLAKE })).toEqual({
    events: [],
    unsupported: [{ name: "cpu/cycles/", reason: 'this host has no PMU "cpu", it has none' }],
  });
});

test("resolveEventNames() leaves out the event with a term that the PMU does not have", () => {
  const { events, unsupported } = resolve(["cpu_atom/event=1,cmask=2/", "task_page_faults"]);
  expect(events.map(({ metric }) => metric)).toEqual(["task_page_faults"]);
  expect(unsupported).toEqual([
    {
      name: "cpu_atom/event=1,cmask=2/",
      reason:
        'Cannot encode "cpu_atom/event=0x1,cmask=0x2/": wanted one of the terms event, umask, config, config1, config2, not "cmask"',
    },
  ]);
});

test("rowsOfEvents() describes raw and PMU events that the catalogue does not have", () => {
  const names = [
    "task_cycles",
    "pmm__rd18005",
    "x__rb701003fbfc00001",
    "cpu/mem-loads,ldlat=30/",
    "cpu/mem-loads,ldlat=30/",
  ];
  const row = {
    type: "counter",
    unit: "none",
    scope: "task",
    labels: [],
    merge: "sum",
    option: "event_names",
  } as const;
  const rows = rowsOfEvents([
    ...names,
    "task_dtlb_load_misses/cpu/event=0x45,umask=0xf0/",
    "own/cpu/event=1/",
  ]);
  expect(rows).toEqual([
    [
      "pmm__rd18005",
      {
        ...row,
        help: "Perf event 0xd1, umask 0x80, cmask 0x5 of the task, as event_names asks for it.",
        source: "perf event 0xd1, umask 0x80, cmask 0x5",
      },
    ],
    [
      "x__rb701003fbfc00001",
      {
        ...row,
        help: "Perf event 0xb7, umask 0x1, config1 0x3fbfc00001 of the task, as event_names asks for it.",
        source: "perf event 0xb7, umask 0x1, config1 0x3fbfc00001",
      },
    ],
    [
      "task_perf_cpu_mem_loads_ldlat_30_total",
      {
        ...row,
        help: "Perf event cpu/mem-loads,ldlat=0x1e/ of the task, as event_names asks for it.",
        source: "perf event cpu/mem-loads,ldlat=0x1e/",
      },
    ],
    [
      "own",
      {
        ...row,
        help: "Perf event cpu/event=0x1/ of the task, as event_names asks for it.",
        source: "perf event cpu/event=0x1/",
      },
    ],
  ]);
  expect(new Catalogue().with(rows).get("own")?.source).toBe("perf event cpu/event=0x1/");
});

test("metric names are legal for Prometheus", () => {
  const { events } = resolve([
    "cpu/mem-loads,ldlat=30/",
    "cpu/event=0xcd,umask=0x1/",
    "x__rc000",
    ...PREDEFINED_EVENT_NAMES,
  ]);
  expect(events.length).toBeGreaterThan(15);
  for (const { metric } of events) expect(metric).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
});

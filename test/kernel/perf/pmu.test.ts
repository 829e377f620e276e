import { expect, test } from "bun:test";
import * as fs from "node:fs";
import fc from "fast-check";
import { KernelHost } from "../../../src/kernel/host.ts";
import { encode, listPmus, type Pmu, readPmu } from "../../../src/kernel/perf/pmu.ts";
import { CONFIG_WORDS, extract, type Field, largestOf } from "../../../src/kernel/perf/pmu-field.ts";
import { parseTerms, type Term } from "../../../src/kernel/perf/pmu-terms.ts";
import { KernelError, Unsupported } from "../../../src/model/errors.ts";
import { tempTree } from "../../support/tree.ts";
import { AMD_CORE, ATOM_CORE, BREAKPOINT, HV_24X7, INTEL_CORE, MSR, POWER, pmuFiles } from "./pmu-files.ts";

/** A PMU read from its files. */
function pmuOf(files: Readonly<Record<string, string>>): Pmu {
  using tree = tempTree(pmuFiles({ cpu: files }));
  const pmu = readPmu(tree.host, "cpu");
  if (pmu === undefined) throw new Error("Cannot read the PMU of the test");
  return pmu;
}

test("readPmu() reads types, formats, events and CPUs", () => {
  using tree = tempTree(pmuFiles({ power: POWER }));
  expect(readPmu(tree.host, "power")).toEqual({
    name: "power",
    type: 12,
    fields: new Map([["event", { word: "config", bits: [0, 1, 2, 3, 4, 5, 6, 7] }]]),
    events: new Map([
      ["energy-pkg", { terms: [{ name: "event", value: 2n }], scale: 2 ** -32, unit: "Joules" }],
    ]),
    cpus: [0, 28],
    uncore: true,
  });
});

test("readPmu() tells a kind of cores from an uncore PMU", () => {
  const { cpus, uncore } = pmuOf(ATOM_CORE);
  expect({ cpus, uncore }).toEqual({ cpus: [16, 17, 18, 19, 20, 21, 22, 23], uncore: false });
  expect("cpus" in pmuOf(INTEL_CORE)).toBe(false);
});

test("readPmu() takes no attribute of an event for an event", () => {
  expect([...pmuOf(MSR).events.keys()]).toEqual(["cpu_thermal_margin", "tsc"]);
  expect(pmuOf(MSR).events.get("cpu_thermal_margin")).toEqual({
    terms: [{ name: "event", value: 5n }],
    scale: 1,
    unit: "C",
  });
});

test("readPmu() reads a PMU without formats and events", () => {
  expect(pmuOf(BREAKPOINT)).toEqual({
    name: "cpu",
    type: 5,
    fields: new Map(),
    events: new Map(),
    uncore: false,
  });
});

test("readPmu() leaves out formats and events that it cannot read", () => {
  const { fields, events } = pmuOf({
    type: "4",
    "format/event": "config:0-7",
    "format/later": "elsewhere:0-7",
    "events/cycles": "event=0x3c",
    "events/later": "event=<0x3c>",
    "events/scaled": "event=0x3d",
    "events/scaled.scale": "much",
  });
  expect([...fields.keys(), ...events.keys()]).toEqual(["event", "cycles"]);
});

test("readPmu() finds nothing where there is no such PMU", () => {
  using tree = tempTree({ ...pmuFiles({ cpu: INTEL_CORE }), "sys/bus/event_source/type": "1\n" });
  for (const name of ["cpu_core", "..", ".", "", "cpu/events", "../devices/cpu"]) {
    expect(readPmu(tree.host, name)).toBeUndefined();
  }
});

test.each([{ type: "four" }, { type: "4", cpumask: "f0f0" }])(
  "readPmu() throws for a PMU that says %o",
  (files) => {
    expect(() => pmuOf(files)).toThrow(KernelError);
  },
);

test("listPmus() gives the names", () => {
  using tree = tempTree(pmuFiles({ msr: MSR, cpu: AMD_CORE }));
  expect(listPmus(tree.host)).toEqual(["cpu", "msr"]);
  using empty = tempTree({});
  expect(listPmus(empty.host)).toEqual([]);
});

const NONE = { config1: 0n, config2: 0n, scale: 1 };

test.each([
  [INTEL_CORE, "cpu-cycles", { ...NONE, config: 0x3cn }],
  [INTEL_CORE, "cache-misses", { ...NONE, config: 0x412en }],
  [INTEL_CORE, "cycles-ct", { ...NONE, config: 0x30000003cn }],
  [INTEL_CORE, "topdown-recovery-bubbles", { ...NONE, config: 0x120010dn }],
  [INTEL_CORE, "topdown-total-slots", { ...NONE, config: 0x20003cn, scale: 2 }],
  [INTEL_CORE, "mem-loads", { ...NONE, config: 0x1cdn, config1: 3n }],
  [INTEL_CORE, "mem-loads,ldlat=30", { ...NONE, config: 0x1cdn, config1: 30n }],
  [INTEL_CORE, "event=0xa3,umask=0x14,cmask=20", { ...NONE, config: 0x140014a3n }],
  [INTEL_CORE, "event=0x3c,edge,inv=1", { ...NONE, config: 0x84003cn }],
  [INTEL_CORE, "event=0x3c,period=100000,freq=4000", { ...NONE, config: 0x3cn }],
  [INTEL_CORE, "config=0x140014a3", { ...NONE, config: 0x140014a3n }],
  [
    INTEL_CORE,
    "event=0xb7,umask=1,offcore_rsp=0x3fbfc00001",
    { ...NONE, config: 0x1b7n, config1: 0x3fbfc00001n },
  ],
  [INTEL_CORE, "event=1,config2=0xffffffffffffffff", { ...NONE, config: 1n, config2: 2n ** 64n - 1n }],
  [AMD_CORE, "event=0x1c0,umask=0xff", { ...NONE, config: 0x10000ffc0n }],
  [AMD_CORE, "cache-misses", { ...NONE, config: 0x964n }],
  [MSR, "event=0x8000000000000001", { ...NONE, config: 0x8000000000000001n }],
  [POWER, "energy-pkg", { ...NONE, config: 2n, scale: 2 ** -32 }],
  [HV_24X7, "HPM_CCYC__PHYS_CORE,core=5", { ...NONE, config: 0x2800050002n }],
])("encode() of %# %s", (files, text, words) => {
  expect(encode(pmuOf(files), parseTerms(text))).toEqual(words);
});

test.each([
  [
    POWER,
    "event=0x100",
    'Cannot encode "cpu/event=0x100/": wanted at most 0xff for "event" (bits: 8), not 0x100',
  ],
  [INTEL_CORE, "inv=2", 'Cannot encode "cpu/inv=0x2/": wanted at most 0x1 for "inv" (bits: 1), not 0x2'],
  [
    POWER,
    "evnt=0x2",
    'Cannot encode "cpu/evnt=0x2/": wanted one of the terms event, config, config1, config2, not "evnt"',
  ],
  [
    INTEL_CORE,
    "cpu-cycles,instructions",
    'Cannot encode "cpu/cpu-cycles,instructions/": wanted one event, not 2',
  ],
  [
    INTEL_CORE,
    "mem-loads,offcore_rsp=1",
    'Cannot encode "cpu/mem-loads,offcore_rsp=0x1/": wanted "ldlat" or "offcore_rsp", not both: they share bits',
  ],
  [
    INTEL_CORE,
    "config=0x3c,umask=1",
    'Cannot encode "cpu/config=0x3c,umask=0x1/": wanted "config" or "umask", not both: they share bits',
  ],
  [
    HV_24X7,
    "HPM_CCYC__PHYS_CORE",
    'Cannot encode "cpu/HPM_CCYC__PHYS_CORE/": wanted a value for "core", which the event leaves open',
  ],
])("encode() refuses %# %s", (files, text, message) => {
  expect(() => encode(pmuOf(files), parseTerms(text))).toThrow(new SyntaxError(message));
});

test.each([
  [POWER, "energy-gpu", 'PMU "cpu" of this host has no event or field "energy-gpu", it has energy-pkg'],
  [BREAKPOINT, "cycles", 'PMU "cpu" of this host has no event or field "cycles", it names none'],
  [
    { type: "9", "format/count": "config3:0-7" },
    "count=1",
    '"count" of PMU "cpu" lies in config3, which this program does not set',
  ],
])("encode() has no support for %# %s", (files, text, message) => {
  expect(() => encode(pmuOf(files), parseTerms(text))).toThrow(new Unsupported(message));
});

test("encode() loses no bit: the words give the terms back by their format", () => {
  const words = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 192, maxLength: 192 });
  const values = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 18, maxLength: 18 });
  fc.assert(
    fc.property(words, values, (owners, values) => {
      const fields = fieldsOf(owners);
      const pmu: Pmu = { name: "cpu", type: 4, fields, events: new Map(), uncore: false };
      const terms: Term[] = [...fields].map(([name, field], at) => ({
        name,
        value: (values[at] ?? 0n) & largestOf(field),
      }));
      const encoded: Readonly<Record<string, unknown>> = { ...encode(pmu, terms) };
      const decoded = [...fields].map(([name, field]) => ({
        name,
        value: extract(encoded[field.word] as bigint, field),
      }));
      expect(decoded).toEqual(terms as typeof decoded);
    }),
  );
});

/** Fields that share no bits: bit n of a word belongs to the field of its number, or to none for 0. */
function fieldsOf(owners: readonly number[]): ReadonlyMap<string, Field> {
  const fields = new Map<string, { word: string; bits: number[] }>();
  for (const [at, owner] of owners.entries()) {
    if (owner === 0) continue;
    const word = CONFIG_WORDS[Math.floor(at / 64)] ?? "";
    const name = `${word}_${owner}`;
    const field = fields.get(name) ?? { word, bits: [] };
    field.bits.push(at % 64);
    fields.set(name, field);
  }
  return fields;
}

test("readPmu() and encode() read every PMU and event of this machine", () => {
  const host = new KernelHost();
  const devices = "/sys/bus/event_source/devices";
  const names = fs.existsSync(devices) ? fs.readdirSync(devices).sort() : [];
  expect(listPmus(host)).toEqual(names);
  for (const name of names) {
    const pmu = readPmu(host, name);
    expect(pmu?.type).toBe(Number(fs.readFileSync(`${devices}/${name}/type`, "utf8")));
    const files = filesIn(`${devices}/${name}/events`).filter(
      (file) => !/\.(scale|unit|per-pkg|snapshot)$/.test(file),
    );
    expect([...(pmu?.events.keys() ?? [])]).toEqual(files);
    expect([...(pmu?.fields.keys() ?? [])]).toEqual(filesIn(`${devices}/${name}/format`));
    for (const [event, { terms }] of pmu?.events ?? []) {
      if (pmu === undefined || terms.some(({ value }) => value === "?")) continue;
      const words = encode(pmu, [{ name: event }]);
      for (const term of terms) {
        const field = pmu.fields.get(term.name);
        if (field === undefined) continue;
        expect(extract((words as unknown as Record<string, bigint>)[field.word] ?? 0n, field)).toBe(
          term.value as bigint,
        );
      }
    }
  }
});

function filesIn(directory: string): string[] {
  return fs.existsSync(directory) ? fs.readdirSync(directory).sort() : [];
}

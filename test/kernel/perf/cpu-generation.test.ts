import { expect, test } from "bun:test";
import {
  CPU_GENERATIONS,
  type CpuIdentity,
  cpuGenerationOf,
  formatCpu,
} from "../../../src/kernel/perf/cpu-generation.ts";

function cpu(cpuVendor: string, cpuFamily: number, cpuModelNumber: number, cpuStepping: number): CpuIdentity {
  return { cpuVendor, cpuFamily, cpuModelNumber, cpuStepping };
}

const INTEL = "GenuineIntel";
const AMD = "AuthenticAMD";

test.each([
  [INTEL, 6, 0x3d, 4, "Broadwell"],
  [INTEL, 6, 0x47, 1, "Broadwell"],
  [INTEL, 6, 0x4f, 1, "Broadwell"],
  [INTEL, 6, 0x56, 5, "Broadwell"],
  [INTEL, 6, 0x4e, 3, "Skylake client"],
  [INTEL, 6, 0x5e, 3, "Skylake client"],
  [INTEL, 6, 0x5e, 8, "Skylake client"],
  [INTEL, 6, 0x9e, 13, "Skylake client"],
  [INTEL, 6, 0x55, 0, "Skylake"],
  [INTEL, 6, 0x55, 4, "Skylake"],
  [INTEL, 6, 0x55, 5, "Cascade Lake"],
  [INTEL, 6, 0x55, 7, "Cascade Lake"],
  [INTEL, 6, 0x55, 10, "Cooper Lake"],
  [INTEL, 6, 0x55, 11, "Cooper Lake"],
  [INTEL, 6, 0x6a, 6, "Ice Lake"],
  [INTEL, 6, 0x6c, 1, "Ice Lake"],
  [INTEL, 6, 0x8f, 8, "Sapphire Rapids"],
  [INTEL, 6, 0xcf, 2, "Emerald Rapids"],
  [INTEL, 6, 0xad, 1, "Granite Rapids"],
  [INTEL, 6, 0xae, 1, "Granite Rapids"],
  [INTEL, 6, 0xaf, 3, "Sierra Forest"],
  [AMD, 0x19, 0x01, 1, "AMD Zen 3"],
  [AMD, 0x19, 0x21, 0, "AMD Zen 3"],
  [AMD, 0x19, 0x50, 0, "AMD Zen 3"],
  [AMD, 0x19, 0x11, 1, "AMD Zen 4"],
  [AMD, 0x19, 0x61, 2, "AMD Zen 4"],
  [AMD, 0x19, 0xa0, 2, "AMD Zen 4"],
  [AMD, 0x1a, 0x02, 1, "AMD Zen 5"],
  [AMD, 0x1a, 0x11, 0, "AMD Zen 5"],
  [AMD, 0x1a, 0x44, 0, "AMD Zen 5"],
  [AMD, 0x1a, 0x70, 0, "AMD Zen 5"],
  // The same numbers of another vendor or family are other CPUs.
  [AMD, 6, 0x55, 7, undefined],
  [INTEL, 0x19, 0x01, 1, undefined],
  [INTEL, 15, 0x4f, 1, undefined],
  ["HygonGenuine", 0x19, 0x01, 1, undefined],
  [AMD, 0x17, 0x31, 0, undefined],
  [AMD, 0x1a, 0x50, 0, undefined],
  // Haswell, Ice Lake client, Alder Lake.
  [INTEL, 6, 0x3f, 2, undefined],
  [INTEL, 6, 0x7e, 5, undefined],
  [INTEL, 6, 0x97, 2, undefined],
])(
  "cpuGenerationOf() a %s of family %i, model %i, stepping %i",
  (vendor, family, model, stepping, wanted) => {
    expect(cpuGenerationOf(cpu(vendor, family, model, stepping))).toBe(wanted as never);
  },
);

test("cpuGenerationOf() knows nothing where /proc/cpuinfo tells nothing", () => {
  expect(cpuGenerationOf({})).toBeUndefined();
  expect(cpuGenerationOf({ cpuVendor: INTEL, cpuFamily: 6, cpuModelNumber: 0x55 })).toBeUndefined();
  expect(cpuGenerationOf({ cpuVendor: INTEL, cpuFamily: 6, cpuModelNumber: 0x6a })).toBe("Ice Lake");
});

test("cpuGenerationOf() finds at most one generation for each model and stepping", () => {
  const found = new Set<string>();
  for (const [vendor, family] of [
    [INTEL, 6],
    [AMD, 0x19],
    [AMD, 0x1a],
  ] as const) {
    for (let model = 0; model < 256; model++) {
      for (let stepping = 0; stepping < 16; stepping++) {
        const generation = cpuGenerationOf(cpu(vendor, family, model, stepping));
        if (generation !== undefined) found.add(generation);
      }
    }
  }
  expect([...found].sort()).toEqual([...CPU_GENERATIONS].sort());
});

test("formatCpu() names what was seen and what was not", () => {
  expect(formatCpu(cpu(INTEL, 6, 0x55, 7))).toBe("vendor GenuineIntel, family 6, model 0x55, stepping 7");
  expect(formatCpu({})).toBe("vendor unknown, family unknown, model unknown, stepping unknown");
});

import { describe, expect, test } from "bun:test";
import { type MemoryDevice, parseMemoryDevice } from "../../../src/kernel/dmi/memory-device.ts";
import { parseDmiTable } from "../../../src/kernel/dmi/structures.ts";
import {
  DDR4_32GIB,
  DDR4_AS_CACHE,
  DETAIL,
  type Device,
  EMPTY,
  LENGTHS,
  memoryDevice,
  OPTANE_AS_MEMORY,
  OPTANE_AS_STORAGE,
  TECHNOLOGY,
  TYPE,
  type Version,
} from "./table.ts";

const GIB = 2 ** 30;

function parse(device: Device): MemoryDevice {
  const [only] = parseDmiTable(Buffer.from(memoryDevice(device), "latin1"));
  if (only === undefined) throw new Error("Cannot find the structure");
  return parseMemoryDevice(only);
}

test("parseMemoryDevice() reads all that SMBIOS 3.3 tells", () => {
  const common = {
    handle: 0x1100,
    dataWidth: 64,
    configuredSpeed: 2666,
    volatileBytes: 0,
    nonVolatileBytes: 0,
    cacheBytes: 0,
  };
  const dram = { ...common, kind: "ram", optane: false, sizeBytes: 32 * GIB, speed: 2933 } as const;
  const optane = { ...common, kind: "nvm", optane: true, sizeBytes: 128 * GIB, speed: 2666 } as const;
  expect([DDR4_32GIB, DDR4_AS_CACHE, OPTANE_AS_MEMORY, OPTANE_AS_STORAGE].map(parse)).toEqual([
    { ...dram, volatileBytes: 32 * GIB },
    { ...dram, cacheBytes: 32 * GIB },
    { ...optane, volatileBytes: 126 * GIB },
    { ...optane, nonVolatileBytes: 126 * GIB },
  ]);
});

test.each<[Version, Partial<MemoryDevice>]>([
  ["2.1", {}],
  ["2.3", { speed: 2933 }],
  ["2.6", { speed: 2933 }],
  ["2.7", { speed: 2933, configuredSpeed: 2666 }],
  ["2.8", { speed: 2933, configuredSpeed: 2666 }],
  [
    "3.2",
    {
      speed: 2933,
      configuredSpeed: 2666,
      optane: false,
      volatileBytes: 32 * GIB,
      nonVolatileBytes: 0,
      cacheBytes: 0,
    },
  ],
  [
    "3.7",
    {
      speed: 2933,
      configuredSpeed: 2666,
      optane: false,
      volatileBytes: 32 * GIB,
      nonVolatileBytes: 0,
      cacheBytes: 0,
    },
  ],
])("parseMemoryDevice() reads of SMBIOS %s what its structures have", (version, more) => {
  expect(parse({ ...DDR4_32GIB, size: 1024, version })).toEqual({
    ...{ handle: 0x1100, kind: "ram", dataWidth: 64, sizeBytes: GIB },
    ...more,
  });
});

test("parseMemoryDevice() takes structures of odd lengths, as some firmware has them", () => {
  const whole = memoryDevice(DDR4_32GIB);
  const lengths = Array.from({ length: LENGTHS["3.3"] - 4 }, (_, index) => index + 4);
  const handles = lengths.map((length) => {
    const area = `${whole[0]}${String.fromCharCode(length)}${whole.slice(2, length)}\0\0`;
    return parseDmiTable(Buffer.from(area, "latin1")).map((each) => parseMemoryDevice(each).handle);
  });
  expect(new Set(handles.flat())).toEqual(new Set([0x1100]));
  expect(handles).toHaveLength(lengths.length);
});

test("parseMemoryDevice() leaves out what the firmware does not know", () => {
  expect(parse({ size: 0xffff, dataWidth: 0xffff })).toEqual({ handle: 0x1100, kind: "ram" });
});

describe("size", () => {
  test.each<[string, Device, number | undefined]>([
    ["an empty slot", EMPTY, 0],
    ["MiB", { size: 16_384 }, 16 * GIB],
    ["KiB", { size: 0x8000 | 512 }, 512 * 1024],
    ["KiB, none", { size: 0x8000 }, 0],
    ["the last that fits", { size: 0x7ffe }, 32_766 * 2 ** 20],
    ["the extended one", { size: 0x7fff, extendedSizeMib: 32_768 }, 32 * GIB],
    ["the extended one, with the reserved bit", { size: 0x7fff, extendedSizeMib: 0x8000_8000 }, 32 * GIB],
    ["the largest", { size: 0x7fff, extendedSizeMib: 0x7fff_ffff }, 0x7fff_ffff * 2 ** 20],
    ["an extended one that is not there", { size: 0x7fff, version: "2.6" }, undefined],
    ["unknown", { size: 0xffff }, undefined],
  ])("of %s", (_, device, bytes) => {
    expect(parse(device).sizeBytes).toBe(bytes as number);
  });
});

describe("speed", () => {
  test.each<[string, Device, (number | undefined)[]]>([
    ["unknown", {}, [undefined, undefined]],
    ["known", { speed: 4800, configuredSpeed: 4400 }, [4800, 4400]],
    [
      "extended",
      { speed: 0xffff, extendedSpeed: 70_000, configuredSpeed: 0xffff, extendedConfiguredSpeed: 65_536 },
      [70_000, 65_536],
    ],
    ["extended and 0", { speed: 0xffff, configuredSpeed: 0xffff }, [undefined, undefined]],
    [
      "extended, but too old for it",
      { speed: 0xffff, configuredSpeed: 0xffff, extendedSpeed: 70_000, version: "3.2" },
      [undefined, undefined],
    ],
  ])("that is %s", (_, device, speeds) => {
    const { speed, configuredSpeed } = parse(device);
    expect([speed, configuredSpeed]).toEqual(speeds);
  });
});

describe("kind", () => {
  test.each<[string, Device, MemoryDevice["kind"], boolean | undefined]>([
    ["DDR3", { type: TYPE.ddr3 }, "ram", undefined],
    ["DDR5", { type: TYPE.ddr5, technology: TECHNOLOGY.dram }, "ram", false],
    ["HBM2", { type: TYPE.hbm2, technology: TECHNOLOGY.dram }, "ram", false],
    ["RAM of a virtual machine", { type: TYPE.ram, detail: 0x0002 }, "ram", undefined],
    ["other memory", { type: TYPE.other }, "ram", undefined],
    ["a flash chip", { type: TYPE.flash, detail: DETAIL.nonVolatile }, "other", undefined],
    [
      "persistent memory before SMBIOS 3.2",
      { type: TYPE.ddr4, detail: DETAIL.nonVolatile, version: "2.8" },
      "nvm",
      undefined,
    ],
    ["a logical non-volatile device", { type: TYPE.logicalNonVolatile }, "nvm", undefined],
    ["NVDIMM-N", { type: TYPE.ddr4, technology: TECHNOLOGY.nvdimmN }, "nvm", false],
    ["NVDIMM-F", { type: TYPE.ddr4, technology: TECHNOLOGY.nvdimmF }, "nvm", false],
    ["NVDIMM-P", { type: TYPE.ddr5, technology: TECHNOLOGY.nvdimmP }, "nvm", false],
    ["Optane", { type: TYPE.logicalNonVolatile, technology: TECHNOLOGY.optane }, "nvm", true],
  ])("of %s", (_, device, kind, optane) => {
    const parsed = parse(device);
    expect([parsed.kind, parsed.optane]).toEqual([kind, optane]);
  });
});

test.each([0, 0xffff])("parseMemoryDevice() knows no width of %d bits", (dataWidth) => {
  expect(parse({ dataWidth })).not.toHaveProperty("dataWidth");
});

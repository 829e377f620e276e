import { describe, expect, test } from "bun:test";
import { MemoryModulesCollector } from "../../../src/collectors/memory-modules/memory-modules.ts";
import type { OptionsOf } from "../../../src/config/component.ts";
import { KernelError, Unsupported } from "../../../src/model/errors.ts";
import type { Host } from "../../../src/model/host.ts";
import {
  bytesOf,
  DDR4_32GIB,
  DDR4_AS_CACHE,
  DETAIL,
  type Device,
  dmiFiles,
  EMPTY,
  OPTANE_AS_MEMORY,
  OPTANE_AS_STORAGE,
  sized,
  TECHNOLOGY,
  TYPE,
  times,
} from "../../kernel/dmi/table.ts";
import { nvdimmFiles, regionFiles } from "../../kernel/sysfs/nvdimms.ts";
import { testContext } from "../../support/context.ts";
import { tempTree } from "../../support/tree.ts";
import { measureOnce } from "../platform-round.ts";

type Options = OptionsOf<typeof MemoryModulesCollector>;
type Files = Readonly<Record<string, string | Uint8Array>>;

const GIB = 2 ** 30;
const POWER = "nvdimm_power_watts";

/** What an opened collector measures, and what it logged. */
function measured(files: Files, options: Options = {}) {
  using tree = tempTree(files);
  const context = testContext(tree.host);
  const collector = new MemoryModulesCollector(options, context);
  collector.open();
  return { metrics: measureOnce(collector), logged: context.logged };
}

function metricsOf(devices: readonly Device[]) {
  return measured(dmiFiles(devices)).metrics;
}

describe("MemoryModulesCollector measures", () => {
  test("12 DDR4 modules of 16 GiB at 2666", () => {
    const module = { ...DDR4_32GIB, ...sized(16_384), speed: 2666, configuredSpeed: 2666 };
    expect(metricsOf(times(12, module))).toEqual({
      platform_dimm_count: { ram: 12, nvm: 0 },
      platform_dimm_total_size_bytes: { ram: 12 * 16 * GIB, nvm: 0 },
      platform_dimm_speed_bytes_per_second: 12 * 21.33333e9,
      platform_dimm_configured_speed_bytes_per_second: 12 * 21.33333e9,
      platform_mem_mode_size_bytes: 0,
    });
  });

  test("12 modules of RAM, 4 that keep their content and 8 empty slots, before SMBIOS 3.2", () => {
    const ram: Device = { ...DDR4_32GIB, version: "2.8", speed: 2666 };
    const nvm: Device = { ...ram, ...sized(258_496), detail: DETAIL.nonVolatile };
    expect(
      metricsOf([...times(12, ram), ...times(4, nvm), ...times<Device>(8, { ...EMPTY, version: "2.8" })]),
    ).toEqual({
      platform_dimm_count: { ram: 12, nvm: 4 },
      platform_dimm_total_size_bytes: { ram: 12 * 32 * GIB, nvm: 1_033_984 * 2 ** 20 },
      platform_dimm_speed_bytes_per_second: 12 * 21.33333e9,
      platform_dimm_configured_speed_bytes_per_second: 12 * 21.33333e9,
      platform_capacity_per_nvdimm_bytes: 258_496 * 2 ** 20,
    });
  });

  test("Optane in memory mode: its volatile part is main memory, RAM is its cache", () => {
    expect(metricsOf([...times(12, DDR4_AS_CACHE), ...times(12, OPTANE_AS_MEMORY)])).toEqual({
      platform_dimm_count: { ram: 12, nvm: 12 },
      platform_dimm_total_size_bytes: { ram: 12 * 32 * GIB, nvm: 12 * 128 * GIB },
      platform_dimm_speed_bytes_per_second: 12 * 23.46667e9,
      platform_dimm_configured_speed_bytes_per_second: 12 * 21.33333e9,
      platform_mem_mode_size_bytes: 12 * 126 * GIB,
      platform_capacity_per_nvdimm_bytes: 128 * GIB,
    });
  });

  test("Optane as persistent memory, and a mix of both modes", () => {
    const half = { ...OPTANE_AS_MEMORY, volatileBytes: BigInt(63 * GIB), nonVolatileBytes: BigInt(63 * GIB) };
    expect(metricsOf([...times(12, DDR4_32GIB), ...times(12, OPTANE_AS_STORAGE)])).toMatchObject({
      platform_mem_mode_size_bytes: 0,
    });
    expect(metricsOf([DDR4_AS_CACHE, half, OPTANE_AS_STORAGE])).toMatchObject({
      platform_mem_mode_size_bytes: 63 * GIB,
    });
  });

  test("an EPYC with 24 modules of DDR5", () => {
    const ddr5: Device = {
      ...sized(65_536),
      ...{ type: TYPE.ddr5, detail: DETAIL.registered, technology: TECHNOLOGY.dram, totalWidth: 80 },
      ...{ speed: 5600, configuredSpeed: 4800, volatileBytes: BigInt(64 * GIB), version: "3.7" },
    };
    expect(metricsOf(times(24, ddr5))).toEqual({
      platform_dimm_count: { ram: 24, nvm: 0 },
      platform_dimm_total_size_bytes: { ram: 24 * 64 * GIB, nvm: 0 },
      platform_dimm_speed_bytes_per_second: 24 * 44.8e9,
      platform_dimm_configured_speed_bytes_per_second: 24 * 38.4e9,
      platform_mem_mode_size_bytes: 0,
    });
  });

  test.each([TYPE.ram, TYPE.other])("a virtual machine with memory of type %d and unknown speed", (type) => {
    const module: Device = { ...sized(16_384), type, detail: 0x0002, version: "2.7", dataWidth: 0xffff };
    expect(metricsOf([module])).toEqual({
      platform_dimm_count: { ram: 1, nvm: 0 },
      platform_dimm_total_size_bytes: { ram: 16 * GIB, nvm: 0 },
      platform_mem_mode_size_bytes: 0,
    });
  });

  test("modules of different kinds: NVDIMM-N, of unknown size, of unknown speed, of unknown width, a flash chip", () => {
    const nvdimm: Device = { ...DDR4_32GIB, ...sized(16_384), technology: TECHNOLOGY.nvdimmN };
    const unlike: readonly Device[] = [
      nvdimm,
      { ...DDR4_32GIB, size: 0xffff },
      { ...DDR4_32GIB, speed: 0, configuredSpeed: 0 },
      { ...DDR4_32GIB, speed: 3200, configuredSpeed: 0, dataWidth: 0xffff },
      { ...DDR4_32GIB, ...sized(32), type: TYPE.flash },
    ];
    expect(metricsOf(unlike)).toEqual({
      platform_dimm_count: { ram: 2, nvm: 1 },
      platform_dimm_total_size_bytes: { ram: 2 * 32 * GIB, nvm: 16 * GIB },
      platform_dimm_speed_bytes_per_second: 25.6e9,
      platform_mem_mode_size_bytes: 0,
      platform_capacity_per_nvdimm_bytes: 16 * GIB,
    });
  });

  test("nothing before it is opened, and the same in every round", () => {
    using tree = tempTree(dmiFiles([DDR4_32GIB]));
    const collector = new MemoryModulesCollector({}, testContext(tree.host));
    expect(measureOnce(collector)).toEqual({});
    collector.open();
    const first = measureOnce(collector);
    tree.remove("sys/firmware");
    expect(measureOnce(collector)).toEqual(first);
    expect(first).toHaveProperty("platform_dimm_count", { ram: 1, nvm: 0 });
  });
});

/** Two sockets with six Optane modules each, the slots of RAM before them. */
function optaneHost(mode: Device, regions: Files = {}): Files {
  const modules = Array.from({ length: 12 }, (_, number) =>
    nvdimmFiles(number, {
      handle: Math.floor(number / 6) * 0x1000 + (number % 6) * 0x10 + 1,
      dmiHandle: 0x1100 + 12 + number,
    }),
  );
  return Object.assign(dmiFiles([...times(12, DDR4_32GIB), ...times(12, mode)]), ...modules, regions);
}

describe("MemoryModulesCollector tells of persistent memory", () => {
  test("power and bandwidth by socket when the power budget is given", () => {
    const { metrics, logged } = measured(optaneHost(OPTANE_AS_MEMORY), { [POWER]: 15 });
    expect(metrics).toMatchObject({
      platform_avg_power_per_nvdimm_watts: 15,
      platform_nvdimm_read_bandwidth_bytes_per_second: { "0": 40.8e9, "1": 40.8e9 },
      platform_nvdimm_write_bandwidth_bytes_per_second: { "0": 11.1e9, "1": 11.1e9 },
    });
    expect(logged).toEqual([]);
  });

  test("each module once, though a socket has several regions", () => {
    const regions = { ...regionFiles(0, [0, 1, 2, 3]), ...regionFiles(1, [0, 1]), ...regionFiles(2, [6]) };
    const { metrics } = measured(optaneHost(OPTANE_AS_STORAGE, regions), { [POWER]: 12 });
    expect(metrics["platform_nvdimm_read_bandwidth_bytes_per_second"]).toEqual({ "0": 17.2e9, "1": 4.3e9 });
  });

  test("neither without the budget, and says why once", () => {
    const { metrics, logged } = measured(optaneHost(OPTANE_AS_STORAGE));
    expect(Object.keys(metrics).filter((name) => /power|nvdimm_(read|write)/.test(name))).toEqual([]);
    expect(logged).toEqual([["info", expect.stringContaining("give it as nvdimm_power_watts")]]);
  });

  test("no bandwidth without the driver, and says why once", () => {
    const { metrics, logged } = measured(dmiFiles([OPTANE_AS_STORAGE]), { [POWER]: 15 });
    expect(metrics).toMatchObject({ platform_avg_power_per_nvdimm_watts: 15 });
    expect(metrics).not.toHaveProperty("platform_nvdimm_read_bandwidth_bytes_per_second");
    expect(logged).toEqual([["info", expect.stringContaining("needs the driver nfit (CONFIG_ACPI_NFIT)")]]);
  });

  test("no power of what is not there", () => {
    expect(measured(dmiFiles([DDR4_32GIB]), { [POWER]: 15 }).metrics).not.toHaveProperty(
      "platform_avg_power_per_nvdimm_watts",
    );
  });
});

/** A host that may not read the tables. */
const FORBIDDEN = {
  read: (path: string) => {
    throw new KernelError("read", path, "EACCES");
  },
} as unknown as Host;

const BROKEN = { "sys/firmware/dmi/tables/DMI": bytesOf("\x11\0\0\0") };

describe("gather_hw_mm_topology", () => {
  test("left out: the agent runs without, and says why once", () => {
    const { metrics, logged } = measured({}, { gather_hw_mm_topology: null });
    expect(metrics).toEqual({});
    expect(logged).toEqual([
      [
        "info",
        "Cannot tell the memory modules: /sys/firmware/dmi/tables/DMI: ENOENT, the firmware of this machine has no SMBIOS tables (common in virtual machines), or they are not shown (needs CONFIG_DMI; container runtimes hide /sys/firmware from unprivileged containers); the agent runs without platform_dimm_* and platform_nvdimm_*",
      ],
    ]);
  });

  test("left out: missing rights and broken tables are warnings", () => {
    const context = testContext(FORBIDDEN);
    new MemoryModulesCollector({}, context).open();
    expect([...context.logged, ...measured(BROKEN).logged]).toEqual([
      [
        "warning",
        expect.stringContaining("EACCES, needs root or the capability CAP_DAC_READ_SEARCH; the agent runs"),
      ],
      [
        "warning",
        expect.stringContaining("its length is 0, less than its header; the table of the firmware is broken"),
      ],
    ]);
  });

  test("true: open() throws with the reason", () => {
    const options = { gather_hw_mm_topology: true };
    expect(() => measured({}, options)).toThrow(Unsupported);
    expect(() => measured({}, options)).toThrow(/ENOENT.*\(gather_hw_mm_topology: true demands them\)$/);
    const forbidden = new MemoryModulesCollector(options, testContext(FORBIDDEN));
    expect(() => forbidden.open()).toThrow("CAP_DAC_READ_SEARCH");
    expect(measured(dmiFiles([DDR4_32GIB]), options).metrics).toHaveProperty("platform_dimm_count");
  });

  test("false: nothing is read, told or probed", () => {
    const host = new Proxy(
      {},
      { get: (_, key) => expect.unreachable(`host.${String(key)} is used`) },
    ) as Host;
    const context = { ...testContext(FORBIDDEN), host };
    const collector = new MemoryModulesCollector({ gather_hw_mm_topology: false }, context);
    collector.open();
    expect([measureOnce(collector), collector.probe()]).toEqual([{}, []]);
  });
});

describe("probe() of MemoryModulesCollector", () => {
  function probed(files: Files, options: Options = {}) {
    using tree = tempTree(files);
    return new MemoryModulesCollector(options, testContext(tree.host))
      .probe()
      .map(({ feature, supported, detail }) => [feature, supported, detail]);
  }
  const BANDWIDTH = "bandwidth of persistent memory";
  const nmem = nvdimmFiles(0, { handle: 1, dmiHandle: 0x1100 });

  test("tells where the modules are read, and how many there are", () => {
    expect(probed(dmiFiles([DDR4_32GIB, EMPTY]))).toEqual([
      ["memory modules", true, "/sys/firmware/dmi/tables/DMI (SMBIOS 3.3): 1 ram, 0 nvm"],
    ]);
  });

  test("tells what is missing for them", () => {
    expect(probed({})).toEqual([["memory modules", false, expect.stringContaining("ENOENT")]]);
    expect(probed(BROKEN)).toEqual([["memory modules", false, expect.stringContaining("is broken")]]);
    const forbidden = new MemoryModulesCollector({}, testContext(FORBIDDEN)).probe();
    expect(forbidden).toMatchObject([{ supported: false, detail: expect.stringContaining("needs root") }]);
  });

  test.each<[string, Files, Options, boolean, string]>([
    ["the driver", {}, { [POWER]: 15 }, false, "CONFIG_ACPI_NFIT"],
    ["the power budget", nmem, {}, false, "needs the option nvdimm_power_watts"],
    ["nothing", nmem, { [POWER]: 15 }, true, "/sys/bus/nd/devices"],
  ])(
    "tells that %s is missing for the bandwidth of persistent memory",
    (_, files, options, supported, detail) => {
      const [, row] = probed({ ...dmiFiles([OPTANE_AS_STORAGE]), ...files }, options);
      expect(row).toEqual([BANDWIDTH, supported, expect.stringContaining(detail)]);
    },
  );
});

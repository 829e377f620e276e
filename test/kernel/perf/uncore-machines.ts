import type { Platform } from "../../../src/model/platform.ts";
import { pmuFiles } from "./pmu-files.ts";

/** A host with uncore PMUs as its kernel's sysfs shows them. No such hardware takes part in a test. */
export interface UncoreMachine {
  /** For `tempTree`. */
  readonly files: Record<string, string>;
  readonly platform: Platform;
}

type Files = Readonly<Record<string, string>>;

const INTEL_FORMAT: Files = {
  "format/edge": "config:18",
  "format/event": "config:0-7",
  "format/inv": "config:23",
  "format/thresh": "config:24-31",
  "format/umask": "config:8-15",
};
const FREE_RUNNING_FORMAT: Files = { "format/event": "config:0-7", "format/umask": "config:8-15" };
const MIB: Files = { scale: "6.103515625e-5", unit: "MiB" };
/** What Linux before 5.10 told of Ice Lake's free-running counters. */
const WRONG_MIB: Files = { scale: "3.814697266e-6", unit: "MiB" };

/** An event that the kernel names, perhaps with a scale. */
function named(name: string, terms: string, attributes: Files = {}): Files {
  const files = Object.entries(attributes).map(([key, value]) => [`events/${name}.${key}`, value]);
  return { [`events/${name}`]: terms, ...Object.fromEntries(files) };
}

interface UnitsOptions {
  readonly count: number;
  /** PMU type of the first unit; the others follow. */
  readonly type: number;
  readonly cpumask: string;
}

/** `uncore_imc_0`, `uncore_imc_1` and so on, all alike. */
function units(kind: string, { count, type, cpumask }: UnitsOptions, files: Files): Record<string, Files> {
  const names = Array.from({ length: count }, (_, index) => `${kind}_${index}`);
  return Object.fromEntries(
    names.map((name, index) => [name, { type: String(type + index), cpumask, ...files }]),
  );
}

interface Cpu {
  readonly vendor?: string;
  readonly family?: number;
  readonly model: number;
  readonly stepping?: number;
  /** CPUs of a socket, of which there are two. Default: 28. */
  readonly cpusPerSocket?: number;
}

function machine(pmus: Readonly<Record<string, Files>>, cpu: Cpu): UncoreMachine {
  const { vendor = "GenuineIntel", family = 6, model, stepping = 0, cpusPerSocket = 28 } = cpu;
  const sockets = [0, 1].map((socket) =>
    Array.from({ length: cpusPerSocket }, (_, i) => socket * cpusPerSocket + i),
  );
  return {
    files: {
      ...pmuFiles({ msr: { type: "9", "events/tsc": "event=0x00" }, software: { type: "1" }, ...pmus }),
      "proc/sys/kernel/perf_event_paranoid": "2\n",
      "proc/cpuinfo": sockets
        .flatMap((cpus, socket) =>
          cpus.map(
            (each) =>
              `processor\t: ${each}\nvendor_id\t: ${vendor}\ncpu family\t: ${family}\nmodel\t\t: ${model}\nmodel name\t: test\nstepping\t: ${stepping}\nphysical id\t: ${socket}\ncore id\t\t: ${each}\n\n`,
          ),
        )
        .join(""),
    },
    platform: {
      cpuModel: "test",
      cpuVendor: vendor,
      cpuFamily: family,
      cpuModelNumber: model,
      cpuStepping: stepping,
      sockets: 2,
      cores: 2 * cpusPerSocket,
      cpus: 2 * cpusPerSocket,
      onlineCpus: sockets.flat(),
      topology: new Map(sockets.map((cpus, socket) => [socket, new Map(cpus.map((each) => [each, [each]]))])),
      nodeCpus: new Map(),
      nodeDistances: new Map(),
    },
  };
}

const SKYLAKE_IMC: Files = {
  ...INTEL_FORMAT,
  ...named("cas_count_read", "event=0x04,umask=0x03", MIB),
  ...named("cas_count_write", "event=0x04,umask=0x0c", MIB),
  ...named("clockticks", "event=0x00,umask=0x00"),
};

const SKYLAKE_PMUS: Readonly<Record<string, Files>> = {
  ...units("uncore_imc", { count: 6, type: 18, cpumask: "0,28" }, SKYLAKE_IMC),
  ...units(
    "uncore_upi",
    { count: 3, type: 24, cpumask: "0,28" },
    { ...INTEL_FORMAT, "format/umask": "config:8-15,32-43,45-55" },
  ),
  ...units(
    "uncore_cha",
    { count: 3, type: 30, cpumask: "0,28" },
    { ...INTEL_FORMAT, "format/filter_tid": "config1:0-8" },
  ),
  ...units("uncore_iio_free_running", { count: 2, type: 50, cpumask: "0,28" }, FREE_RUNNING_FORMAT),
  uncore_pcu: { type: "60", cpumask: "0,28", ...INTEL_FORMAT },
};

/** Two sockets with six channels each. */
export const SKYLAKE = machine(SKYLAKE_PMUS, { model: 0x55, stepping: 4 });
export const CASCADE_LAKE = machine(SKYLAKE_PMUS, { model: 0x55, stepping: 7 });

function iceLake(umasks: { readonly read: string; readonly write: string }, scale: Files): UncoreMachine {
  return machine(
    {
      ...units(
        "uncore_imc",
        { count: 8, type: 70, cpumask: "0,32" },
        {
          ...INTEL_FORMAT,
          ...named("cas_count_read", `event=0x04,umask=${umasks.read}`, MIB),
          ...named("cas_count_write", `event=0x04,umask=${umasks.write}`, MIB),
          ...named("clockticks", "event=0x00,umask=0x00"),
        },
      ),
      ...units(
        "uncore_imc_free_running",
        { count: 4, type: 80, cpumask: "0,32" },
        {
          ...FREE_RUNNING_FORMAT,
          ...named("dclk", "event=0xff,umask=0x10"),
          ...named("read", "event=0xff,umask=0x20", scale),
          ...named("write", "event=0xff,umask=0x21", scale),
          ...named("ddrt_read", "event=0xff,umask=0x30", scale),
          ...named("ddrt_write", "event=0xff,umask=0x31", scale),
        },
      ),
    },
    { model: 0x6a, stepping: 6, cpusPerSocket: 32 },
  );
}

export const ICE_LAKE = iceLake({ read: "0x0f", write: "0x30" }, MIB);
/** Linux 5.9, whose names have Skylake's unit masks and a wrong scale. */
export const ICE_LAKE_OLD_KERNEL = iceLake({ read: "0x03", write: "0x0c" }, WRONG_MIB);

/** With free-running counters that do not count traffic. */
export const SAPPHIRE_RAPIDS = machine(
  {
    ...units(
      "uncore_imc",
      { count: 8, type: 90, cpumask: "0,28" },
      {
        ...INTEL_FORMAT,
        ...named("cas_count_read", "event=0x05,umask=0xcf", MIB),
        ...named("cas_count_write", "event=0x05,umask=0xf0", MIB),
        ...named("clockticks", "event=0x01,umask=0x00"),
      },
    ),
    ...units(
      "uncore_imc_free_running",
      { count: 4, type: 100, cpumask: "0,28" },
      {
        ...FREE_RUNNING_FORMAT,
        ...named("dclk", "event=0xff,umask=0x10"),
        ...named("rpq_cycles", "event=0xff,umask=0x20"),
        ...named("wpq_cycles", "event=0xff,umask=0x21"),
      },
    ),
    ...units("uncore_upi", { count: 4, type: 104, cpumask: "0,28" }, INTEL_FORMAT),
  },
  { model: 0x8f, stepping: 8 },
);

const TWO_SUBCHANNELS: Files = {
  ...INTEL_FORMAT,
  ...named("cas_count_read_sch0", "event=0x05,umask=0xcf", MIB),
  ...named("cas_count_read_sch1", "event=0x06,umask=0xcf", MIB),
  ...named("cas_count_write_sch0", "event=0x05,umask=0xf0", MIB),
  ...named("cas_count_write_sch1", "event=0x06,umask=0xf0", MIB),
  ...named("clockticks", "event=0x01,umask=0x00"),
};
const TWELVE = { count: 12, type: 110, cpumask: "0,28" } as const;

export const GRANITE_RAPIDS = machine(units("uncore_imc", TWELVE, TWO_SUBCHANNELS), { model: 0xad });
/** A later CPU with the same names. */
export const UNKNOWN_CPU = machine(units("uncore_imc", TWELVE, TWO_SUBCHANNELS), { model: 0xff });

const AMD_DF: Files = { "format/event": "config:0-7,32-35,59-60", "format/umask": "config:8-15" };

/** EPYC 7003: no counters in the memory controllers. */
export const ZEN_3 = machine(
  {
    amd_df: { type: "11", cpumask: "0,28", ...AMD_DF },
    amd_l3: { type: "12", cpumask: "0,7,14,21", ...AMD_DF },
  },
  { vendor: "AuthenticAMD", family: 0x19, model: 1 },
);

const UMC_FORMAT: Files = { "format/event": "config:0-7", "format/rdwrmask": "config:8-9" };

/** EPYC 9004 with Linux 6.7: twelve memory controllers for each socket, which are PMUs of their own. */
const UMC_PMUS: Readonly<Record<string, Files>> = {
  amd_df: {
    type: "11",
    cpumask: "0,28",
    "format/event": "config:0-7,32-37",
    "format/umask": "config:8-15,24-27",
  },
  ...Object.fromEntries(
    Array.from({ length: 24 }, (_, index) => [
      `amd_umc_${index}`,
      { type: String(20 + index), cpumask: index < 12 ? "0" : "28", ...UMC_FORMAT },
    ]),
  ),
};

export const ZEN_4 = machine(UMC_PMUS, { vendor: "AuthenticAMD", family: 0x19, model: 0x11 });
/** A generation of no table. */
export const LATER_ZEN = machine(UMC_PMUS, { vendor: "AuthenticAMD", family: 0x1a, model: 0x50 });

/** A client CPU with the IMC of one socket, which has no number. */
export const SKYLAKE_CLIENT = machine(
  {
    uncore_imc: {
      type: "13",
      cpumask: "0",
      "format/event": "config:0-7",
      ...named("data_reads", "event=0x01", MIB),
      ...named("data_writes", "event=0x02", MIB),
    },
  },
  { model: 0x5e, stepping: 3 },
);

/** Client CPUs since Tiger Lake. */
export const ALDER_LAKE = machine(
  units(
    "uncore_imc_free_running",
    { count: 2, type: 21, cpumask: "0" },
    {
      ...FREE_RUNNING_FORMAT,
      ...named("data_total", "event=0xff,umask=0x10", MIB),
      ...named("data_read", "event=0xff,umask=0x20", MIB),
      ...named("data_write", "event=0xff,umask=0x30", MIB),
    },
  ),
  { model: 0x97 },
);

/** PMUs of a virtual machine: none of the package. */
export const VIRTUAL_MACHINE = machine({}, { model: 0x55, stepping: 7 });

const PMUS = "sys/bus/event_source/devices";

/** Files of one PMU: path below the PMU → content. */
type PmuFiles = Readonly<Record<string, string>>;

/** The PMUs laid out for `tempTree`; every content gets the newline that the kernel writes. */
export function pmuFiles(pmus: Readonly<Record<string, PmuFiles>>): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [pmu, each] of Object.entries(pmus)) {
    for (const [file, content] of Object.entries(each)) files[`${PMUS}/${pmu}/${file}`] = `${content}\n`;
  }
  return files;
}

/** `cpu` of a Skylake server. */
export const INTEL_CORE: PmuFiles = {
  type: "4",
  perf_event_mux_interval_ms: "4",
  "caps/max_precise": "3",
  "format/any": "config:21",
  "format/cmask": "config:24-31",
  "format/edge": "config:18",
  "format/event": "config:0-7",
  "format/frontend": "config1:0-23",
  "format/in_tx": "config:32",
  "format/in_tx_cp": "config:33",
  "format/inv": "config:23",
  "format/ldlat": "config1:0-15",
  "format/offcore_rsp": "config1:0-63",
  "format/pc": "config:19",
  "format/umask": "config:8-15",
  "events/bus-cycles": "event=0x3c,umask=0x01",
  "events/cache-misses": "event=0x2e,umask=0x41",
  "events/cpu-cycles": "event=0x3c",
  "events/cycles-ct": "event=0x3c,in_tx=1,in_tx_cp=1",
  "events/instructions": "event=0xc0",
  "events/mem-loads": "event=0xcd,umask=0x1,ldlat=3",
  "events/mem-stores": "event=0xd0,umask=0x82",
  "events/topdown-recovery-bubbles": "event=0xd,umask=0x1,cmask=1,any=1",
  "events/topdown-total-slots": "event=0x3c,umask=0x0,any=1",
  "events/topdown-total-slots.scale": "2",
};

/** `cpu` of a Zen 4. */
export const AMD_CORE: PmuFiles = {
  type: "4",
  "format/cmask": "config:24-31",
  "format/edge": "config:18",
  "format/event": "config:0-7,32-35",
  "format/inv": "config:23",
  "format/umask": "config:8-15",
  "events/cache-misses": "event=0x64,umask=0x09",
  "events/cpu-cycles": "event=0x76",
  "events/stalled-cycles-frontend": "event=0xa9",
};

/** `cpu_atom` of a hybrid client CPU. */
export const ATOM_CORE: PmuFiles = {
  type: "10",
  cpus: "16-23",
  "format/event": "config:0-7",
  "format/umask": "config:8-15",
  "events/cpu-cycles": "event=0x3c",
};

export const MSR: PmuFiles = {
  type: "9",
  "format/event": "config:0-63",
  "events/cpu_thermal_margin": "event=0x05",
  "events/cpu_thermal_margin.snapshot": "1",
  "events/cpu_thermal_margin.unit": "C",
  "events/tsc": "event=0x00",
};

/** RAPL. */
export const POWER: PmuFiles = {
  type: "12",
  cpumask: "0,28",
  "format/event": "config:0-7",
  "events/energy-pkg": "event=0x02",
  "events/energy-pkg.scale": "2.3283064365386962890625e-10",
  "events/energy-pkg.unit": "Joules",
};

/** Without formats and events. */
export const BREAKPOINT: PmuFiles = { type: "5", perf_event_mux_interval_ms: "0" };

/** A PMU of POWER whose events leave a value to the user. */
export const HV_24X7: PmuFiles = {
  type: "7",
  cpumask: "0",
  "format/chip": "config:16-31",
  "format/core": "config:16-31",
  "format/domain": "config:0-3",
  "format/lpar": "config1:0-15",
  "format/offset": "config:32-63",
  "events/HPM_CCYC__PHYS_CORE": "domain=2,offset=0x28,core=?,lpar=0x0",
};

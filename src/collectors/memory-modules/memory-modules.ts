import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../../config/component.ts";
import type { MemoryDevice } from "../../kernel/dmi/memory-device.ts";
import { DMI_TABLE, type MemoryDevices, readMemoryDevices } from "../../kernel/dmi/memory-devices.ts";
import { isAbsence } from "../../kernel/optional-file.ts";
import { ND_DEVICES, readNvdimms } from "../../kernel/sysfs/nvdimm.ts";
import type { MetricName } from "../../model/catalogue.ts";
import { KernelError, Unsupported } from "../../model/errors.ts";
import { Collector } from "../../model/roles.ts";
import type { Round } from "../../model/round.ts";
import type { Probing, Support } from "../../model/support.ts";
import { put } from "../platform-measurement.ts";
import { type Figures, moduleFigures, modulesIn } from "./module-figures.ts";
import { type Bandwidth, socketBandwidths } from "./nvdimm-bandwidth.ts";

const LOWEST_BUDGET_WATTS = 10;
const HIGHEST_BUDGET_WATTS = 25;

export const MEMORY_MODULE_OPTIONS = {
  gather_hw_mm_topology: z
    .boolean()
    .nullish()
    .describe(
      "Tell the memory modules of the host (DIMMs and persistent memory), which the firmware describes in its SMBIOS tables and which root alone may read. true: the agent does not start without. Left out: told when the tables can be read. false: not told.",
    ),
  nvdimm_power_watts: z
    .number()
    .min(LOWEST_BUDGET_WATTS)
    .max(HIGHEST_BUDGET_WATTS)
    .nullish()
    .meta({ unit: "watts" })
    .describe(
      "Average power budget of each Optane persistent memory module, as set in the firmware (`ipmctl show -d AvgPowerBudget -dimm`). The kernel does not tell it, and the bandwidth of the modules depends on it: left out, there are no metrics of either.",
    ),
} as const;

/** The memory modules of the host: nothing that changes while it runs, so it is read once. */
export class MemoryModulesCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Tells number, size and speed of the host's memory modules, from the SMBIOS tables in /sys/firmware/dmi and the persistent memory in /sys/bus/nd. They are read once, when the agent starts.",
    options: MEMORY_MODULE_OPTIONS,
  });

  readonly #options: OptionsOf<typeof MemoryModulesCollector>;
  readonly #context: Pick<HostContext, "host" | "log">;
  #figures: Figures = {};

  constructor(options: OptionsOf<typeof MemoryModulesCollector>, context: HostContext) {
    super();
    this.#options = options;
    this.#context = context;
  }

  /** Throws {@link Unsupported} when the modules have to be told and cannot be. */
  open(): void {
    const { gather_hw_mm_topology: wanted } = this.#options;
    if (wanted === false) return;
    try {
      this.#figures = this.#read();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const reason = `Cannot tell the memory modules: ${reasonOf(error)}`;
      if (wanted === true) {
        throw new Unsupported(`${reason} (gather_hw_mm_topology: true demands them)`, { cause: error });
      }
      const level = isAbsence(error) ? "info" : "warning";
      this.#context.log[level](`${reason}; the agent runs without platform_dimm_* and platform_nvdimm_*`);
    }
  }

  #read(): Figures {
    const { host, log } = this.#context;
    const { devices } = readMemoryDevices(host);
    const { nvdimm_power_watts: watts } = this.#options;
    const optane = modulesIn(devices, "nvm").filter((module) => module.optane !== false);
    if (optane.length === 0) return moduleFigures(devices);
    if (typeof watts !== "number") {
      log.info(
        `Found ${optane.length} modules of persistent memory; their bandwidth depends on the power budget set in the firmware: give it as nvdimm_power_watts to have platform_nvdimm_*_bandwidth_bytes_per_second`,
      );
      return moduleFigures(devices);
    }
    const bandwidths = this.#bandwidths(devices, watts);
    if (bandwidths.length === 0) log.info(`Cannot tell the bandwidth of persistent memory: ${NO_NVDIMMS}`);
    return {
      ...moduleFigures(devices),
      platform_avg_power_per_nvdimm_watts: watts,
      ...bySocket("platform_nvdimm_read_bandwidth_bytes_per_second", bandwidths, ({ read }) => read),
      ...bySocket("platform_nvdimm_write_bandwidth_bytes_per_second", bandwidths, ({ write }) => write),
    };
  }

  #bandwidths(devices: readonly MemoryDevice[], watts: number): readonly SocketBandwidth[] {
    return [...socketBandwidths({ devices, nvdimms: readNvdimms(this.#context.host), watts })];
  }

  measure(round: Round): void {
    for (const [metric, value] of Object.entries(this.#figures)) put(round, metric as MetricName, value);
  }

  /** Reads anew: `wca doctor` asks without opening. */
  probe(): readonly Support[] {
    if (this.#options.gather_hw_mm_topology === false) return [];
    const component = "MemoryModulesCollector";
    const feature = "memory modules";
    try {
      const found = readMemoryDevices(this.#context.host);
      return [
        { component, feature, supported: true, detail: summaryOf(found) },
        ...this.#probeNvdimms(found).map((row) => ({ component, ...row })),
      ];
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return [{ component, feature, supported: false, detail: reasonOf(error) }];
    }
  }

  #probeNvdimms({ devices }: MemoryDevices): readonly Omit<Support, "component">[] {
    const feature = "bandwidth of persistent memory";
    if (!modulesIn(devices, "nvm").some((module) => module.optane !== false)) return [];
    const { nvdimm_power_watts: watts } = this.#options;
    if (typeof watts !== "number") {
      return [{ feature, supported: false, detail: "needs the option nvdimm_power_watts" }];
    }
    const supported = this.#bandwidths(devices, watts).length > 0;
    return [{ feature, supported, detail: supported ? ND_DEVICES : NO_NVDIMMS }];
  }
}

type SocketBandwidth = readonly [socket: number, bandwidth: Bandwidth];

const NO_NVDIMMS = `no Optane module with figures for its size and power budget in ${ND_DEVICES}, needs the driver nfit (CONFIG_ACPI_NFIT)`;

function bySocket(
  metric: MetricName,
  bandwidths: readonly SocketBandwidth[],
  pick: (bandwidth: Bandwidth) => number,
): Figures {
  if (bandwidths.length === 0) return {};
  return {
    [metric]: Object.fromEntries(bandwidths.map(([socket, bandwidth]) => [socket, pick(bandwidth)])),
  };
}

function summaryOf({ devices, path, version }: MemoryDevices): string {
  const counts = (["ram", "nvm"] as const).map((kind) => `${modulesIn(devices, kind).length} ${kind}`);
  return `${path}${version === undefined ? "" : ` (SMBIOS ${version})`}: ${counts.join(", ")}`;
}

/** What was missing, and what to do about it. */
function reasonOf(error: KernelError): string {
  const { path, code, cause } = error;
  if (isAbsence(error)) {
    return `${DMI_TABLE}: ${code}, the firmware of this machine has no SMBIOS tables (common in virtual machines), or they are not shown (needs CONFIG_DMI; container runtimes hide /sys/firmware from unprivileged containers)`;
  }
  if (code === "EACCES" || code === "EPERM") {
    return `${path}: ${code}, needs root or the capability CAP_DAC_READ_SEARCH`;
  }
  return cause instanceof SyntaxError
    ? `${path}: ${cause.message}; the table of the firmware is broken`
    : `${path}: ${code}`;
}

import type { z } from "zod";
import { CgroupCollector } from "../collectors/cgroup.ts";
import { CpuCollector } from "../collectors/cpu.ts";
import { HugepagesCollector } from "../collectors/hugepages.ts";
import { MemoryCollector } from "../collectors/memory.ts";
import { MEMORY_MODULE_OPTIONS, MemoryModulesCollector } from "../collectors/memory-modules.ts";
import { NumaCollector } from "../collectors/numa.ts";
import { PerfCollector } from "../collectors/perf.ts";
import { PERF_OPTIONS, perfRows } from "../collectors/perf-options.ts";
import { PressureCollector } from "../collectors/pressure.ts";
import { RESCTRL_OPTIONS, ResctrlCollector } from "../collectors/resctrl.ts";
import { SCHED_OPTIONS, SchedCollector } from "../collectors/sched.ts";
import { SCHEDSTAT_OPTIONS, SchedstatCollector } from "../collectors/schedstat.ts";
import type { TopologyCollector } from "../collectors/topology.ts";
import { UncoreCollector } from "../collectors/uncore.ts";
import { UNCORE_OPTIONS, uncoreRows } from "../collectors/uncore-options.ts";
import { VMSTAT_OPTIONS, VmstatCollector } from "../collectors/vmstat.ts";
import { WSS_OPTIONS, WssCollector, wantsWorkingSets } from "../collectors/wss.ts";
import { ZONEINFO_OPTIONS, ZoneinfoCollector } from "../collectors/zoneinfo.ts";
import type { HostContext } from "../config/component.ts";
import type { MetricRow } from "../model/catalogue.ts";
import type { Collector } from "../model/roles.ts";

/** Options of collectors: they stand among those of the runner, as in the original. */
export const COLLECTOR_OPTIONS = {
  ...VMSTAT_OPTIONS,
  ...ZONEINFO_OPTIONS,
  ...RESCTRL_OPTIONS,
  ...PERF_OPTIONS,
  ...UNCORE_OPTIONS,
  ...SCHED_OPTIONS,
  ...SCHEDSTAT_OPTIONS,
  ...MEMORY_MODULE_OPTIONS,
  ...WSS_OPTIONS,
} as const;

export type CollectorOptions = z.output<z.ZodObject<typeof COLLECTOR_OPTIONS>>;

/** Rows of the catalogue that the options bring or change. */
export function catalogueRows(options: CollectorOptions): readonly (readonly [string, MetricRow])[] {
  return [...perfRows(options), ...uncoreRows(options)];
}

/** What the options switch on, in the order of measuring. */
export function makeCollectors(
  options: CollectorOptions,
  context: HostContext,
  topology: TopologyCollector,
): readonly Collector[] {
  return [
    // Perf events take their descriptors before files are kept open.
    new PerfCollector(options, context),
    new UncoreCollector(options, context),
    new CgroupCollector({}, context),
    topology,
    new CpuCollector({}, context),
    new MemoryCollector({}, context),
    new NumaCollector({}, context),
    new PressureCollector({}, context),
    new VmstatCollector(options, context),
    new ZoneinfoCollector(options, context),
    new ResctrlCollector(options, context),
    ...(options.sched === false ? [] : [new SchedCollector(options, context)]),
    ...(options.schedstat ? [new SchedstatCollector(options, context)] : []),
    new HugepagesCollector({}, context),
    new MemoryModulesCollector(options, context),
    // After resctrl, whose memory bandwidth of this round it needs.
    ...(wantsWorkingSets(options) ? [new WssCollector(options, context)] : []),
  ];
}

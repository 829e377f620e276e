import type { z } from "zod";
import { CgroupCollector } from "../collectors/cgroup/cgroup.ts";
import { CpuCollector } from "../collectors/cpu.ts";
import { HugepagesCollector } from "../collectors/hugepages.ts";
import { MemoryCollector } from "../collectors/memory.ts";
import {
  MEMORY_MODULE_OPTIONS,
  MemoryModulesCollector,
} from "../collectors/memory-modules/memory-modules.ts";
import { NumaCollector } from "../collectors/numa.ts";
import { PERF_OPTIONS, perfRows } from "../collectors/perf/options.ts";
import { PerfCollector } from "../collectors/perf/perf.ts";
import { PressureCollector } from "../collectors/pressure.ts";
import { RESCTRL_OPTIONS, ResctrlCollector } from "../collectors/resctrl/resctrl.ts";
import { SCHED_OPTIONS, SchedCollector } from "../collectors/scheduler/sched.ts";
import { SCHEDSTAT_OPTIONS, SchedstatCollector } from "../collectors/scheduler/schedstat.ts";
import type { TopologyCollector } from "../collectors/topology.ts";
import { UNCORE_OPTIONS, uncoreRows } from "../collectors/uncore/options.ts";
import { UncoreCollector } from "../collectors/uncore/uncore.ts";
import { VMSTAT_OPTIONS, VmstatCollector } from "../collectors/vmstat.ts";
import { WSS_OPTIONS, WssCollector, wantsWorkingSets } from "../collectors/working-set/wss.ts";
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
  const { event_names, uncore_event_names, rdt_enabled, sched, schedstat, gather_hw_mm_topology } = options;
  return [
    // Perf events take their descriptors before files are kept open.
    ...when(event_names.length > 0, () => new PerfCollector(options, context)),
    ...when(uncore_event_names.length > 0, () => new UncoreCollector(options, context)),
    new CgroupCollector({}, context),
    topology,
    new CpuCollector({}, context),
    new MemoryCollector({}, context),
    new NumaCollector({}, context),
    new PressureCollector({}, context),
    new VmstatCollector(options, context),
    new ZoneinfoCollector(options, context),
    ...when(rdt_enabled !== false, () => new ResctrlCollector(options, context)),
    ...when(sched !== false, () => new SchedCollector(options, context)),
    ...when(schedstat ?? sched !== false, () => new SchedstatCollector(options, context)),
    new HugepagesCollector({}, context),
    ...when(gather_hw_mm_topology !== false, () => new MemoryModulesCollector(options, context)),
    // After resctrl, whose memory bandwidth of this round it needs.
    ...when(wantsWorkingSets(options), () => new WssCollector(options, context)),
  ];
}

/** What is not switched on is not even made: it has no series about itself and no rows in doctor. */
function when(wanted: boolean, make: () => Collector): readonly Collector[] {
  return wanted ? [make()] : [];
}

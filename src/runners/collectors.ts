import type { z } from "zod";
import { CgroupCollector } from "../collectors/cgroup.ts";
import { CpuCollector } from "../collectors/cpu.ts";
import { MemoryCollector } from "../collectors/memory.ts";
import { NumaCollector } from "../collectors/numa.ts";
import { PressureCollector } from "../collectors/pressure.ts";
import type { TopologyCollector } from "../collectors/topology.ts";
import { VMSTAT_OPTIONS, VmstatCollector } from "../collectors/vmstat.ts";
import { ZONEINFO_OPTIONS, ZoneinfoCollector } from "../collectors/zoneinfo.ts";
import type { HostContext } from "../config/component.ts";
import type { Collector } from "../model/roles.ts";

/** Options of collectors: they stand among those of the runner, as in the original. */
export const COLLECTOR_OPTIONS = {
  ...VMSTAT_OPTIONS,
  ...ZONEINFO_OPTIONS,
} as const;

export type CollectorOptions = z.output<z.ZodObject<typeof COLLECTOR_OPTIONS>>;

/** What the options switch on, in the order of measuring. */
export function makeCollectors(
  options: CollectorOptions,
  context: HostContext,
  topology: TopologyCollector,
): readonly Collector[] {
  return [
    new CgroupCollector({}, context),
    topology,
    new CpuCollector({}, context),
    new MemoryCollector({}, context),
    new NumaCollector({}, context),
    new PressureCollector({}, context),
    new VmstatCollector(options, context),
    new ZoneinfoCollector(options, context),
  ];
}

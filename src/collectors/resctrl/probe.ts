import { readAvailability } from "../../kernel/resctrl/availability.ts";
import { takeCensus } from "../../kernel/resctrl/census.ts";
import type { ControlResource, MonitoringResource, ResctrlInfo } from "../../kernel/resctrl/info.ts";
import { MONITORING_EVENTS, type MonitoringEvent } from "../../kernel/resctrl/mon-events.ts";
import { RESCTRL } from "../../kernel/resctrl/paths.ts";
import type { Host } from "../../model/host.ts";
import type { Support } from "../../model/support.ts";

const component = "ResctrlCollector";
const FEATURES: Readonly<Record<string, string>> = {
  llc_occupancy: "cache occupancy of tasks",
  mbm_total_bytes: "memory bandwidth of tasks",
  mbm_local_bytes: "local memory bandwidth of tasks",
};

/** Rows of `wca doctor`; `tasks`: how many are to be watched now. Only reads. */
export function probeResctrl(host: Host, tasks: number): readonly Support[] {
  const { info, obstacle } = readAvailability(host);
  if (info === undefined)
    return [{ component, feature: "resctrl", supported: false, detail: obstacle ?? "" }];
  return [
    { component, feature: "resctrl", supported: true, detail: describe(info) },
    obstacle === undefined
      ? groupsRow(host, info, tasks)
      : { component, feature: "monitoring groups", supported: false, detail: obstacle },
    ...MONITORING_EVENTS.map((event) => eventRow(info, event)),
    ...info.monitoring.flatMap(counterRow),
  ];
}

function describe({ control, mode, monitoredDomains }: ResctrlInfo): string {
  const controls = control.length === 0 ? "none" : control.map(describeControl).join(", ");
  const domains = monitoredDomains.length === 0 ? "none" : monitoredDomains.join(", ");
  const unusual = mode === undefined || mode === "shareable" ? "" : `; the root group is ${mode}`;
  return `${RESCTRL}; control: ${controls}; monitored domains: ${domains}${unusual}`;
}

function describeControl({ name, bits, closids, domains, unit }: ControlResource): string {
  const inUnit = unit === undefined ? "" : ` in ${unit}`;
  const ofMask = bits === undefined ? "" : `${bits} bits, `;
  return `${name}${inUnit} (${ofMask}${closids ?? "?"} CLOSIDs, domains ${domains.join(" ")})`;
}

/** A task may need more than one group, if its threads are in several control groups. */
function groupsRow(host: Host, { monitoring }: ResctrlInfo, tasks: number): Support {
  const { control, agents, others } = takeCensus(host);
  const rmids = Math.min(...monitoring.map((one) => one.rmids ?? Number.POSITIVE_INFINITY));
  // Agents that run now will have given theirs back.
  const left = rmids - 1 - control - others.length;
  const supported = tasks <= left;
  const advice = supported ? "" : "; the others are not watched, choose fewer with rdt_tasks";
  const detail = `${left} of ${rmids} RMIDs (num_rmids) are left for tasks, ${tasks} are chosen now${advice}; ${agents} groups are those of agents`;
  return { component, feature: "monitoring groups", supported, detail };
}

function eventRow({ monitoring }: ResctrlInfo, { file }: MonitoringEvent): Support {
  const supported = monitoring.some(({ features }) => features.includes(file));
  const files = monitoring.map(({ name }) => `info/${name}/mon_features`).join(", ");
  return {
    component,
    feature: FEATURES[file] ?? file,
    supported,
    detail: supported ? `mon_data/*/${file}` : `${files || "info/L3_MON/mon_features"} has no ${file}`,
  };
}

function counterRow({ name, assignable }: MonitoringResource): readonly Support[] {
  if (assignable === undefined) return [];
  const { mode, counters, free } = assignable;
  const detail =
    mode === "default"
      ? `info/${name}/mbm_assign_mode is default: the hardware gives counters to groups as it likes, and a group without one says Unavailable`
      : `info/${name}/mbm_assign_mode is ${mode}: ${formatDomains(free)} of ${formatDomains(counters)} counters are free; a task takes one for each event`;
  return [{ component, feature: "assignable bandwidth counters", supported: true, detail }];
}

/** `0=32;1=32`, as the kernel writes it. */
export function formatDomains(values: ReadonlyMap<string, number>): string {
  return [...values].map(([domain, value]) => `${domain}=${value}`).join(";") || "?";
}

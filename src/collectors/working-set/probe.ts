import { readDamonOccupancy } from "../../kernel/damon/occupancy.ts";
import { type Capability, readCapabilities } from "../../kernel/proc/capabilities.ts";
import { findSmapsFile } from "../../kernel/proc/smaps.ts";
import type { Host } from "../../model/host.ts";
import type { Support } from "../../model/support.ts";

const COMPONENT = "WssCollector";

/** Reads only: nothing is cleared, and DAMON is not asked for what it would have to be set up for. */
export function probeWorkingSets(host: Host): readonly Support[] {
  return [probeSmaps(host), probeClearRefs(host), probeDamon(host)];
}

function probeSmaps(host: Host): Support {
  const row = { component: COMPONENT, feature: "referenced memory of tasks" };
  const file = findSmapsFile(host);
  if (file === undefined) {
    const detail = "/proc/self/smaps_rollup: ENOENT, needs CONFIG_PROC_PAGE_MONITOR";
    return { ...row, supported: false, detail };
  }
  const lacks = lacking(host, "CAP_SYS_PTRACE");
  if (lacks !== undefined) return { ...row, supported: false, detail: `/proc/PID/${file}: ${lacks}` };
  const slow = file === "smaps" ? ", slowly: smaps_rollup needs Linux 4.14" : "";
  return { ...row, supported: true, detail: `/proc/PID/${file}${slow}` };
}

function probeClearRefs(host: Host): Support {
  const row = { component: COMPONENT, feature: "clearing of referenced bits" };
  if (host.identity("/proc/self/clear_refs") === undefined) {
    const detail = "/proc/self/clear_refs: ENOENT, needs CONFIG_PROC_PAGE_MONITOR";
    return { ...row, supported: false, detail };
  }
  const lacks = lacking(host, "CAP_DAC_OVERRIDE");
  if (lacks !== undefined) return { ...row, supported: false, detail: `/proc/PID/clear_refs: ${lacks}` };
  return { ...row, supported: true, detail: "/proc/PID/clear_refs" };
}

function lacking(host: Host, capability: Capability): string | undefined {
  if (readCapabilities(host)?.has(capability) !== false) return undefined;
  return `needs ${capability} for processes of other users`;
}

function probeDamon(host: Host): Support {
  const row = { component: COMPONENT, feature: "working sets by DAMON" };
  const occupancy = readDamonOccupancy(host);
  if (occupancy.kind !== "free") return { ...row, supported: false, detail: occupancy.reason };
  const left = occupancy.orphaned ? ", left behind by an agent that is gone, will be cleared" : "";
  const detail = `not in use${left}; whether it has vaddr operations (CONFIG_DAMON_VADDR) shows when wss_source is damon`;
  return { ...row, supported: "unknown", detail };
}

import { CELLS, type ControlFile, controlFiles, type Format, mountOf } from "../../kernel/cgroup/files.ts";
import { type CgroupLayout, readLayout } from "../../kernel/cgroup/layout.ts";
import { Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Support } from "../../model/support.ts";

const COMPONENT = "CgroupCollector";

/** What a missing control file needs, by its name. */
const NEEDS: Readonly<Record<string, string>> = {
  "memory.peak": "needs Linux 5.19",
  "memory.numa_stat": "needs CONFIG_NUMA and, on cgroup v2, Linux 5.8",
  "memory.swap.current": "needs CONFIG_SWAP",
  "memory.kmem.usage_in_bytes": "needs CONFIG_MEMCG_KMEM",
  "cpu.pressure": "needs CONFIG_PSI and the boot option psi=1",
  "memory.pressure": "needs CONFIG_PSI and the boot option psi=1",
  "io.pressure": "needs CONFIG_PSI and the boot option psi=1",
  "cpu.stat": "needs the cpu controller and CONFIG_CFS_BANDWIDTH",
};

/** One row for each control file: looked for in the root and its children, since the root lacks many. */
export function probeCgroups(host: Host): readonly Support[] {
  let layout: CgroupLayout;
  try {
    layout = readLayout(host);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return [{ component: COMPONENT, feature: "all of it", supported: false, detail: error.message }];
  }
  return controlFiles(layout)
    .filter(({ insteadOf }) => insteadOf === undefined)
    .map((control) => probeFile(host, layout, control));
}

function probeFile(host: Host, layout: CgroupLayout, control: ControlFile): Support {
  const row = { component: COMPONENT, feature: control.file };
  const lost = `without it there is no ${metricsOf(control.format).join(", ")}`;
  const mount = mountOf(control, layout);
  if (mount === undefined) {
    const detail = `the v1 controller ${control.hierarchy} is not mounted (see /proc/cgroups); ${lost}`;
    return { ...row, supported: false, detail };
  }
  const children = host.list(mount).map((name) => `${mount}/${name}`);
  const holder = [mount, ...children].find(
    (directory) => host.identity(`${directory}/${control.file}`) !== undefined,
  );
  if (holder !== undefined) return { ...row, supported: true, detail: `${holder}/${control.file}` };
  if (host.subdirectories(mount) === 0) {
    return { ...row, supported: "unknown", detail: `${mount} has no cgroup yet in which it could be` };
  }
  const needs = NEEDS[control.file];
  const why = needs === undefined ? "" : ` (${needs})`;
  return { ...row, supported: false, detail: `no cgroup in ${mount} has it${why}; ${lost}` };
}

function metricsOf(format: Format): readonly string[] {
  switch (format.kind) {
    case "number":
      return [CELLS[format.cell].metric];
    case "keyed":
      return [
        ...new Set(
          format.keys.map(({ cell }) =>
            cell === "inactiveFile" ? "task_mem_working_set_bytes" : CELLS[cell].metric,
          ),
        ),
      ];
    case "pressure":
      return [CELLS[format.some].metric];
    default:
      return ["task_mem_numa_pages"];
  }
}

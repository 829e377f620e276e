import { Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { unifiedPath } from "../cgroup/unified-path.ts";
import { isAbsence } from "../optional-file.ts";

const CONTROLLERS = "/proc/cgroups";
const CONTROLLER = "perf_event";

/** The one hierarchy whose cgroups perf events can count. */
export class PerfHierarchy {
  readonly mount: string;
  readonly version: "v1" | "v2";
  readonly #host: Host;
  readonly #layout: CgroupLayout;

  /** Throws {@link Unsupported} when this kernel has none, or does not show it here. */
  constructor(host: Host, layout: CgroupLayout) {
    const { mount, version } = locate(host, layout);
    this.mount = mount;
    this.version = version;
    this.#host = host;
    this.#layout = layout;
  }

  /** Directory of a task's cgroup, which need not be there; nothing when the v2 tree has none for the task alone. */
  directoryOf(cgroupPath: string): string | undefined {
    if (this.version === "v1") return this.mount + cgroupPath;
    const path = unifiedPath(this.#host, this.#layout, cgroupPath);
    return path === undefined ? undefined : this.mount + path;
  }

  /**
   * A controller to switch on where none is on in this v2 tree: if none ever was, its cgroups are without
   * perf_event too, although that needs no switching on itself. Nothing when it does not come to that.
   */
  get toSwitchOn(): string | undefined {
    if (this.version === "v1") return undefined;
    const [on, available] = ["cgroup.subtree_control", "cgroup.controllers"].map((file) =>
      (readIfThere(this.#host, `${this.mount}/${file}`) ?? "").trim(),
    );
    return on === "" ? available?.split(" ")[0] || "pids" : undefined;
  }
}

/** By `/proc/cgroups`, cgroups(7): hierarchy 0 is the v2 tree. A controller that is in v1 is not in v2. */
function locate(host: Host, { v1, v2 }: CgroupLayout): { mount: string; version: "v1" | "v2" } {
  const [, hierarchy, , enabled] =
    (readIfThere(host, CONTROLLERS) ?? "")
      .split("\n")
      .map((line) => line.split(/\s+/))
      .find(([name]) => name === CONTROLLER) ?? [];
  if (hierarchy === undefined || enabled !== "1") {
    throw new Unsupported(
      `This kernel cannot count perf events by cgroup: ${CONTROLLERS} has no enabled ${CONTROLLER}, needs CONFIG_CGROUP_PERF and no cgroup_disable=${CONTROLLER}`,
    );
  }
  const mount = hierarchy === "0" ? v2 : v1.get(CONTROLLER);
  if (mount === undefined) {
    throw new Unsupported(
      `Cannot find the cgroups of ${CONTROLLER}: it is in ${hierarchy === "0" ? "the v2 tree" : `v1 hierarchy ${hierarchy}`}, which is not mounted here`,
    );
  }
  return { mount, version: hierarchy === "0" ? "v2" : "v1" };
}

function readIfThere(host: Host, path: string): string | undefined {
  try {
    return host.read(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

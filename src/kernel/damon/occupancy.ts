import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { markOfProcess, readDamonMark } from "./mark.ts";
import { KDAMONDS, NR_KDAMONDS } from "./paths.ts";

/** Modules that keep DAMON for themselves while they are enabled. */
const MODULES = ["damon_reclaim", "damon_lru_sort", "damon_stat"] as const;

/** Whether DAMON can be had. */
export type DamonOccupancy =
  /** Nobody uses it, or an agent that is gone has left it behind (`orphaned`). */
  | { readonly kind: "free"; readonly orphaned: boolean }
  /** The kernel has none, or does not let us. */
  | { readonly kind: "impossible"; readonly reason: string }
  /** Somebody else uses it. */
  | { readonly kind: "taken"; readonly reason: string };

/** Reads only. */
export function readDamonOccupancy(host: Host): DamonOccupancy {
  let count: number;
  try {
    count = Number(host.read(NR_KDAMONDS));
  } catch (error) {
    if (error instanceof KernelError) return { kind: "impossible", reason: impossible(error) };
    throw error;
  }
  const module = enabledModule(host);
  if (module !== undefined) {
    const reason = `the module ${module} has it (/sys/module/${module}/parameters/enabled is Y)`;
    return { kind: "taken", reason };
  }
  if (count === 0) return { kind: "free", orphaned: false };
  const mark = readDamonMark(host);
  if (mark === undefined) return { kind: "taken", reason: takenBy(host, count) };
  const { pid, started } = mark;
  if (markOfProcess(host, pid)?.started !== started) return { kind: "free", orphaned: true };
  return { kind: "taken", reason: `another agent, process ${pid}, uses it` };
}

function impossible({ code }: KernelError): string {
  if (code === "ENOENT")
    return `${NR_KDAMONDS}: ENOENT, needs Linux 6.6 with CONFIG_DAMON_SYSFS and /sys mounted`;
  if (code === "EACCES" || code === "EPERM") return `${NR_KDAMONDS}: ${code}, needs root or CAP_DAC_OVERRIDE`;
  return `${NR_KDAMONDS}: ${code}`;
}

function enabledModule(host: Host): string | undefined {
  return MODULES.find((module) => textOf(host, `/sys/module/${module}/parameters/enabled`) === "Y");
}

function takenBy(host: Host, count: number): string {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const uses = numbers.map((index) => {
    const kdamond = `${KDAMONDS}/${index}`;
    const actions = actionsOf(host, `${kdamond}/contexts/0/schemes`).join(" and ");
    return `kdamond ${index} is ${textOf(host, `${kdamond}/state`) ?? "there"}${actions && ` with the action ${actions}`}`;
  });
  const asked = `nr_kdamonds is ${count}, ${uses.join(", ")}`;
  return `something else has set it up: ${asked}. If nothing needs that any more: write off to the state of each and 0 to ${NR_KDAMONDS}`;
}

function actionsOf(host: Host, schemes: string): readonly string[] {
  const count = Number(textOf(host, `${schemes}/nr_schemes`) ?? 0);
  const actions = Array.from({ length: count }, (_, index) => textOf(host, `${schemes}/${index}/action`));
  return [...new Set(actions)].filter((action) => action !== undefined);
}

function textOf(host: Host, path: string): string | undefined {
  try {
    return host.read(path).trim();
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

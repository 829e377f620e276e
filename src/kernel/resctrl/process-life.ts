import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";

/** Fields of /proc/PID/stat behind the name in parentheses, proc_pid_stat(5): state, and start time. */
const STATE = 0;
const START_TIME = 19;
/** States of what has ended already: zombie, dead. */
const ENDED: ReadonlySet<string> = new Set(["Z", "X", "x"]);

export interface ProcessLife {
  readonly pid: number;
  /** Start, in clock ticks since boot: with it a pid is that of one process only. */
  readonly start: number;
  /** It has ended, but its parent does not know yet. */
  readonly hasEnded: boolean;
}

/** Of a process or a thread; nothing when there is none. */
export function readLife(host: Host, pid: number | "self"): ProcessLife | undefined {
  try {
    return parseLife(host.read(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof KernelError && (error.code === "ENOENT" || error.code === "ESRCH")) return undefined;
    throw error;
  }
}

/** The name may hold blanks and parentheses itself. */
export function parseLife(stat: string): ProcessLife {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    pid: Number.parseInt(stat, 10),
    start: Number(fields[START_TIME]),
    hasEnded: ENDED.has(fields[STATE] ?? ""),
  };
}

import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { schemePath } from "./paths.ts";

/** "WCA" in ASCII. */
const MARK = 0x574341;
const WATERMARKS = `${schemePath(0)}/watermarks`;

/** Who set DAMON up: a process of ours, by what tells it from a later one with its number. */
export interface DamonMark {
  readonly pid: number;
  /** Clock ticks after boot. */
  readonly started: number;
}

/**
 * Notes in a scheme who set it up. The thresholds of watermarks are kept by the kernel but without effect
 * while their metric is `none`; nothing else of DAMON holds a note.
 */
export function writeDamonMark(host: Host, { pid, started }: DamonMark): void {
  host.write(`${WATERMARKS}/metric`, "none");
  host.write(`${WATERMARKS}/high`, String(MARK));
  host.write(`${WATERMARKS}/mid`, String(pid));
  host.write(`${WATERMARKS}/low`, String(started));
}

/** Nothing when DAMON was set up by something else than the agent, or not at all. */
export function readDamonMark(host: Host): DamonMark | undefined {
  try {
    const [high, pid, started] = ["high", "mid", "low"].map((name) =>
      Number(host.read(`${WATERMARKS}/${name}`)),
    );
    if (high !== MARK || pid === undefined || started === undefined) return undefined;
    return { pid, started };
  } catch (error) {
    if (error instanceof KernelError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The mark of a process that runs now, `self` for this one; nothing when it has ended. */
export function markOfProcess(host: Host, pid: number | "self"): DamonMark | undefined {
  try {
    const stat = host.read(`/proc/${pid}/stat`);
    // proc_pid_stat(5): pid (comm) state …, the start is field 22; comm may hold spaces and parentheses.
    const started = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
    return { pid: Number.parseInt(stat, 10), started };
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

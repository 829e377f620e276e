import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { isProcessGone } from "./process-gone.ts";

/** `smaps_rollup` is the sum over all mappings (Linux 4.14); without it every mapping of `smaps` is read. */
export type SmapsFile = "smaps_rollup" | "smaps";

const REFERENCED = "\nReferenced:";
const KILOBYTE = 1024;

/**
 * Bytes referenced in all mappings of a process, proc_pid_smaps(5). The kernel's kB is 1024 bytes. Nothing
 * when there is no mapping: a kernel thread, or a process that has just ended.
 */
export function parseReferenced(smaps: string): number | undefined {
  let kilobytes: number | undefined;
  for (let at = smaps.indexOf(REFERENCED); at >= 0; at = smaps.indexOf(REFERENCED, at + 1)) {
    const start = at + REFERENCED.length;
    const value = Number.parseInt(smaps.slice(start, smaps.indexOf("\n", start)), 10);
    if (Number.isNaN(value)) throw new SyntaxError(`Cannot parse "${smaps.slice(at + 1, start + 20)}"`);
    kilobytes = (kilobytes ?? 0) + value;
  }
  return kilobytes === undefined ? undefined : kilobytes * KILOBYTE;
}

/** The file that this kernel has; nothing without CONFIG_PROC_PAGE_MONITOR. */
export function findSmapsFile(host: Host): SmapsFile | undefined {
  const files = ["smaps_rollup", "smaps"] as const;
  return files.find((file) => host.identity(`/proc/self/${file}`) !== undefined);
}

/**
 * Walks the page tables of the process, 1 ms for every 100 MB or so, and holds its mmap_lock for reading
 * meanwhile. Nothing when the process is gone.
 */
export function readReferenced(host: Host, pid: number, file: SmapsFile): number | undefined {
  const path = `/proc/${pid}/${file}`;
  try {
    return parseReferenced(host.read(path));
  } catch (error) {
    if (isProcessGone(error)) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
    throw new KernelError("parse", path, "EBADMSG", { cause: error });
  }
}

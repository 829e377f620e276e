import type { Host } from "../../model/host.ts";
import { isProcessGone } from "./process-gone.ts";

/** Clears the bits of all pages of a process, anonymous and of files. */
const ALL_PAGES = "1\n";

/**
 * Clears the referenced bits of a process, proc_pid_clear_refs(5), so that {@link readReferenced} counts
 * from now on. Reclaim goes by the same bits, and the process has to walk its page tables again. Says
 * whether the process is still there.
 */
export function clearReferenced(host: Host, pid: number): boolean {
  try {
    host.write(`/proc/${pid}/clear_refs`, ALL_PAGES);
    return true;
  } catch (error) {
    if (isProcessGone(error)) return false;
    throw error;
  }
}

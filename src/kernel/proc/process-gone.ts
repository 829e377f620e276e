import { KernelError } from "../../model/errors.ts";

/** Errnos of a process that has ended: its directory is gone, or is there still without memory. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ESRCH"]);

/** True when a file below `/proc/PID` says that the process has ended, or is a zombie. */
export function isProcessGone(error: unknown): boolean {
  return error instanceof KernelError && GONE.has(error.code);
}

import * as fs from "node:fs";

/** Of x86-64, and of arm64 as most distributions make it; where pages are larger, memory is underestimated. */
const PAGE = 4096;

/** Resident memory of a process: `/proc/PID/statm`, proc_pid_statm(5). 0 when it has gone. */
export function residentBytes(pid: number): number {
  try {
    const [, pages = "0"] = fs.readFileSync(`/proc/${pid}/statm`, "latin1").split(" ");
    return Number(pages) * PAGE;
  } catch {
    return 0;
  }
}

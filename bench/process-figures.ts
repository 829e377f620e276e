import * as fs from "node:fs";

const KIB = 1024;
const TICKS_PER_SECOND = 100;

/** Bytes of resident memory: all of it now, the highest so far, and what is not backed by files. */
export interface Resident {
  readonly now: number;
  readonly peak: number;
  readonly anonymous: number;
}

/** proc_pid_status(5) */
export function resident(pid: number): Resident {
  const status = fs.readFileSync(`/proc/${pid}/status`, "latin1");
  return {
    now: kibibytes(status, "VmRSS"),
    peak: kibibytes(status, "VmHWM"),
    anonymous: kibibytes(status, "RssAnon"),
  };
}

/** Bytes, shared pages divided among those who share them. proc_pid_smaps(5) */
export function proportional(pid: number): number {
  return kibibytes(fs.readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"), "Pss");
}

/** Read calls so far. proc_pid_io(5) */
export function readCalls(pid: number): number {
  return Number(/^syscr: (\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/io`, "latin1"))?.[1]);
}

export function openFiles(pid: number): readonly string[] {
  const directory = `/proc/${pid}/fd`;
  return fs.readdirSync(directory).flatMap((name) => {
    const target = fs.readlinkSync(`${directory}/${name}`);
    return target.startsWith("/") ? [target] : [];
  });
}

/** Seconds of CPU that the whole machine was in use since boot. */
export function machineCpuTime(): number {
  const [, ...columns] = fs.readFileSync("/proc/stat", "latin1").split("\n", 1).join("").split(/\s+/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = columns.map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

function kibibytes(text: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * KIB;
}

import * as fs from "node:fs";
import { bindLibc, type Libc } from "../../native/libc.ts";

/** Below this the kernel's first tables of descriptors do. */
const SMALL_TABLE = 1024;
/** fcntl(2): a copy of a descriptor with the lowest free number from the argument on. */
const F_DUPFD_CLOEXEC = 1030;
/** madvise(2): the pages are given up; those of a file come back from the page cache when they are needed. */
const MADV_DONTNEED = 4;
const STDERR = 2;

/** What the agent does about its own footprint. Nothing of it is needed for right numbers. */
export class OwnProcess {
  /** Nothing where foreign functions cannot be called. */
  readonly libc: Libc | undefined = bindLibc();

  /**
   * Makes room for descriptors at once. Otherwise the kernel doubles the table again and again, and in a
   * process with threads each time waits some 10 ms for an RCU grace period (`expand_fdtable`).
   */
  reserveDescriptors(count: number): void {
    if (count < SMALL_TABLE || this.libc === undefined) return;
    const highest = this.libc.fcntl(STDERR, F_DUPFD_CLOEXEC, count);
    if (highest >= 0) this.libc.close(highest);
  }

  /**
   * Gives back pages of the program's code and constants that only start-up needed: about half of them.
   * What is needed again comes back from the page cache by itself.
   */
  settle(): void {
    if (this.libc === undefined) return;
    for (const { start, end } of cleanMappings(
      fs.readFileSync("/proc/self/smaps", "latin1"),
      process.execPath,
    )) {
      this.libc.madvise(start, end - start, MADV_DONTNEED);
    }
  }
}

interface Mapping {
  readonly start: number;
  readonly end: number;
}

/**
 * Mappings of a file in `/proc/PID/smaps`, proc_pid_smaps(5), that are the same as the file: never
 * writable, and without a page of their own. Relocated addresses are such pages; they would be lost.
 */
export function cleanMappings(smaps: string, file: string): readonly Mapping[] {
  const clean: Mapping[] = [];
  let candidate: Mapping | undefined;
  for (const line of smaps.split("\n")) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line);
    if (header !== null) {
      const [, start = "", end = "", mode = "", name] = header;
      const isProgram = name === file && /^r-[x-]p$/.test(mode);
      candidate = isProgram
        ? { start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }
        : undefined;
    } else if (candidate !== undefined && line.startsWith("Anonymous:")) {
      if (/^Anonymous: +0 kB$/.test(line)) clean.push(candidate);
      candidate = undefined;
    }
  }
  return clean;
}

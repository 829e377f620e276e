import * as fs from "node:fs";
import { bindLibc, type Libc } from "../../native/libc.ts";

/** Below this the kernel's first tables of descriptors do. */
const SMALL_TABLE = 1024;
/** madvise(2): the pages are given up; those of a file come back from the page cache when they are needed. */
const MADV_DONTNEED = 4;
const STDERR = 2;
const SMALLEST_BYTES = 1024 * 1024;

/** What the agent does about its own footprint. Nothing of it is needed for right numbers. */
export class OwnProcess {
  readonly #libc: Libc | undefined = bindLibc();

  /**
   * Makes room for descriptors at once. Otherwise the kernel doubles the table again and again, and in a
   * process with threads each time waits some 10 ms for an RCU grace period (`expand_fdtable`).
   */
  reserveDescriptors(count: number): void {
    if (count < SMALL_TABLE || this.#libc === undefined) return;
    const highest = this.#libc.dup2(STDERR, count);
    if (highest >= 0) this.#libc.close(highest);
  }

  /**
   * Gives back what only start-up needed: garbage, and pages of the program's code, of which about half
   * is never run again. Code that is needed comes back from the page cache by itself.
   */
  settle(): void {
    if (this.#libc === undefined) return;
    for (const { start, end } of programMappings(
      fs.readFileSync("/proc/self/maps", "latin1"),
      process.execPath,
    )) {
      this.#libc.madvise(start, end - start, MADV_DONTNEED);
    }
  }
}

/**
 * Mappings of the program's own code and constants in `/proc/PID/maps`, proc_pid_maps(5). Small read-only
 * ones are left alone: one of them holds relocated addresses, which the file does not have.
 */
export function programMappings(
  maps: string,
  file: string,
): readonly { readonly start: number; readonly end: number }[] {
  return maps.split("\n").flatMap((line) => {
    const [, first, last, name] = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \S+ +(.*)$/.exec(line) ?? [];
    if (first === undefined || last === undefined || name !== file) return [];
    const start = Number.parseInt(first, 16);
    const end = Number.parseInt(last, 16);
    return end - start < SMALLEST_BYTES ? [] : [{ start, end }];
  });
}

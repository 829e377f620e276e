import { type Libc, StableMemory } from "./libc.ts";

/** Numbers of system calls: asm/unistd_64.h of x86-64, asm-generic/unistd.h of arm64. */
const PERF_EVENT_OPEN: Readonly<Record<string, number>> = { x64: 298, arm64: 241 };

/** Larger than struct perf_event_attr of any kernel so far. */
const LONGEST_ATTR = 256;

/** perf_event_open(2) through libc. */
export class PerfEventOpen {
  readonly #libc: Libc;
  readonly #number: number;
  readonly #attr = new StableMemory(LONGEST_ATTR);

  /** Throws RangeError on an architecture whose numbers are not known. */
  constructor(libc: Libc, architecture: string = process.arch) {
    const number = PERF_EVENT_OPEN[architecture];
    if (number === undefined) throw new RangeError(`Cannot call perf_event_open on ${architecture}`);
    this.#libc = libc;
    this.#number = number;
  }

  /** A descriptor, or the negated errno. `attr` is copied to memory that does not move. */
  call(
    attr: Uint8Array,
    {
      pid,
      cpu,
      group,
      flags,
    }: { readonly pid: number; readonly cpu: number; readonly group: number; readonly flags: number },
  ): number {
    this.#attr.bytes.set(attr);
    const result = this.#libc.syscall(this.#number, [this.#attr.address, pid, cpu, group, flags, 0]);
    return result < 0 ? -this.#libc.errno() : result;
  }
}

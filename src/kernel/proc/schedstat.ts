import { DecimalReader } from "../decimal.ts";

/** How long a thread ran and waited to run, and how often it was put on a CPU, since it began. */
export interface Schedstat {
  runNs: number;
  waitNs: number;
  slices: number;
}

/** Reads `/proc/TID/schedstat`, docs.kernel.org/scheduler/sched-stats.html: three numbers. */
export class SchedstatReader {
  readonly #number = new DecimalReader();

  /** False, and nothing written, when the content is something else. */
  parse(bytes: Uint8Array, length: number, into: Schedstat): boolean {
    const number = this.#number;
    const runNs = number.read(bytes, 0, length);
    const waitNs = number.read(bytes, number.end + 1, length);
    const slices = number.read(bytes, number.end + 1, length);
    if (Number.isNaN(runNs + waitNs + slices)) return false;
    into.runNs = runNs;
    into.waitNs = waitNs;
    into.slices = slices;
    return true;
  }
}

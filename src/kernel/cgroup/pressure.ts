import { DecimalReader } from "../decimal.ts";

const NEWLINE = 10;
const EQUALS = 61;
const FIRST_OF_SOME = 115;
const FIRST_OF_FULL = 102;

export interface PressureTotals {
  /** Microseconds in which some, or all, work waited; NaN when the kernel has no such line. */
  someUs: number;
  fullUs: number;
}

/**
 * `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and a `full` line, docs.kernel.org/accounting/psi.html.
 * Only the totals are read: averages can be made from them, not the other way round.
 */
export class PressureParser {
  readonly #number = new DecimalReader();

  parse(bytes: Uint8Array, length: number, into: PressureTotals): void {
    into.someUs = Number.NaN;
    into.fullUs = Number.NaN;
    let lineStart = 0;
    let lastEquals = 0;
    for (let at = 0; at < length; at++) {
      const byte = bytes[at];
      if (byte === EQUALS) lastEquals = at;
      if (byte !== NEWLINE && at !== length - 1) continue;
      if (lastEquals > lineStart) {
        const total = this.#number.read(bytes, lastEquals + 1, length);
        if (bytes[lineStart] === FIRST_OF_SOME) into.someUs = total;
        if (bytes[lineStart] === FIRST_OF_FULL) into.fullUs = total;
      }
      lineStart = at + 1;
    }
  }
}

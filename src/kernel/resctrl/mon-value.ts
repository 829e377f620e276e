const ZERO = 48;
const NINE = 57;
const NEWLINE = 10;
/** Digits of {@link MonValue.low}: what a double holds exactly. */
const LOW_DIGITS = 15;
const LOW_LIMIT = 1e15;
const UNASSIGNED = "Unassigned";

/**
 * What stands in a file of `mon_data`: a decimal of up to 64 bits, in two parts so that no bit is lost before
 * a difference is taken; or a word (`Unavailable`, `Error`, `Unassigned`), which is no value.
 */
export class MonValue {
  high = 0;
  low = 0;

  /** False when it is no number. */
  parse(bytes: Uint8Array, length: number): boolean {
    const end = length > 0 && bytes[length - 1] === NEWLINE ? length - 1 : length;
    if (end === 0) return false;
    this.high = 0;
    this.low = 0;
    const split = end - LOW_DIGITS;
    for (let at = 0; at < end; at++) {
      const digit = bytes[at] as number;
      if (digit < ZERO || digit > NINE) return false;
      if (at < split) this.high = this.high * 10 + digit - ZERO;
      else this.low = this.low * 10 + digit - ZERO;
    }
    return true;
  }

  /** Exact up to 2^53. */
  get value(): number {
    return this.high * LOW_LIMIT + this.low;
  }

  /** Increase since an earlier value, exact as long as it is below 2^53. What fell has started again from 0. */
  since(high: number, low: number): number {
    const increase = (this.high - high) * LOW_LIMIT + (this.low - low);
    return increase < 0 ? this.value : increase;
  }
}

/** Whether the file says that no counter is assigned to the group (AMD ABMC). */
export function isUnassigned(bytes: Uint8Array, length: number): boolean {
  if (length < UNASSIGNED.length) return false;
  for (let at = 0; at < UNASSIGNED.length; at++) if (bytes[at] !== UNASSIGNED.charCodeAt(at)) return false;
  return true;
}

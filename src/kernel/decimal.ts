const ZERO = 48;
/** Decimal digits that always fit a double without loss. */
const EXACT_DIGITS = 15;

/** Reads unsigned decimals out of bytes without making strings; remembers where it stopped. */
export class DecimalReader {
  /** Position behind the last number read. */
  end = 0;
  /** The last long number: unlimited memory, for instance, is the same 19 digits for every task. */
  #longDigits = new Uint8Array(0);
  #longValue = 0;

  /** The number at `start`, exact to the nearest double; NaN when no digit stands there. */
  read(bytes: Uint8Array, start: number, length: number): number {
    let value = 0;
    let at = start;
    while (at < length) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    this.end = at;
    if (at === start) return Number.NaN;
    return at - start <= EXACT_DIGITS ? value : this.#readLong(bytes, start, at);
  }

  #readLong(bytes: Uint8Array, start: number, end: number): number {
    const known = this.#longDigits;
    let same = known.length === end - start;
    for (let i = 0; same && i < known.length; i++) same = known[i] === bytes[start + i];
    if (!same) {
      this.#longDigits = bytes.slice(start, end);
      this.#longValue = Number(asciiSlice(bytes, start, end));
    }
    return this.#longValue;
  }
}

/** Text of bytes that are known to be ASCII. */
export function asciiSlice(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

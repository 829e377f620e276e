import { asciiSlice, DecimalReader } from "./decimal.ts";

const [MINUS, DOT] = [45, 46];
/** Decimal digits that always fit a double without loss. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Reads decimals with a sign and a fraction, `-12.345678`, out of bytes; remembers where it stopped. */
export class FractionReader {
  /** Position behind the last number read. */
  end = 0;
  readonly #number = new DecimalReader();

  /** The number at `start`, exact to the nearest double; NaN when none stands there. */
  read(bytes: Uint8Array, start: number, length: number): number {
    const negative = bytes[start] === MINUS;
    const value = this.#readUnsigned(bytes, negative ? start + 1 : start, length);
    return negative ? 0 - value : value;
  }

  #readUnsigned(bytes: Uint8Array, start: number, length: number): number {
    const number = this.#number;
    const whole = number.read(bytes, start, length);
    this.end = number.end;
    if (Number.isNaN(whole) || this.end >= length || bytes[this.end] !== DOT) return whole;
    const point = this.end;
    const fraction = number.read(bytes, point + 1, length);
    this.end = number.end;
    if (this.end - start - 1 > EXACT_DIGITS) return Number(asciiSlice(bytes, start, this.end));
    const power = POWERS[this.end - point - 1] as number;
    return (whole * power + fraction) / power;
  }
}

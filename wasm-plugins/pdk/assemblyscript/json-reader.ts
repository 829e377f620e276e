import { Input } from "./host";

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const SLASH: u8 = 0x2f;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const MINUS: u8 = 0x2d;
const PLUS: u8 = 0x2b;
const POINT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const NINE: u8 = 0x39;

/** The mantissa takes one more digit. */
const MOST_MANTISSA: u64 = 1_000_000_000_000_000_000;

/**
 * Reads JSON from front to back without building anything:
 *
 *     json.enterObject();
 *     while (json.nextKey()) {
 *       if (json.key == "timeMs") timeMs = json.number();
 *       else json.skip();
 *     }
 *
 * Throws where the text is not as expected, which fails the call.
 */
export class JsonReader {
  key: string = "";
  private at: usize;
  private start: usize;
  private end: usize;

  constructor(input: Input) {
    this.start = this.at = input.at;
    this.end = input.at + input.length;
  }

  enterObject(): void {
    this.want(0x7b);
  }

  enterList(): void {
    this.want(0x5b);
  }

  /** Whether there is another key of the object, then in `key`; behind the last one the object is left. */
  nextKey(): bool {
    if (this.take(0x7d)) return false;
    this.take(COMMA);
    this.key = this.string();
    this.want(COLON);
    return true;
  }

  /** Whether there is another item of the list; behind the last one the list is left. */
  nextItem(): bool {
    if (this.take(0x5d)) return false;
    this.take(COMMA);
    return true;
  }

  string(): string {
    this.want(QUOTE);
    const start = this.at;
    let text = "";
    let piece = start;
    while (true) {
      const c = this.next();
      if (c == QUOTE) break;
      if (c != BACKSLASH) continue;
      text += String.UTF8.decodeUnsafe(piece, this.at - 1 - piece) + this.escape();
      piece = this.at;
    }
    return text + String.UTF8.decodeUnsafe(piece, this.at - 1 - piece);
  }

  /** A number, or NaN for null. */
  number(): f64 {
    if (this.peek() == 0x6e) {
      this.skip();
      return NaN;
    }
    const negative = this.take(MINUS);
    let mantissa: u64 = 0;
    let exponent: i32 = 0;
    let digits = 0;
    let behind = 0;
    for (; this.at < this.end; this.at++) {
      const c = load<u8>(this.at);
      if (c == POINT && behind == 0) {
        behind = 1;
        continue;
      }
      if (c < ZERO || c > NINE) break;
      digits++;
      if (mantissa < MOST_MANTISSA) {
        mantissa = mantissa * 10 + (c - ZERO);
        exponent -= behind;
      } else {
        exponent += 1 - behind;
      }
    }
    if (digits == 0) this.fault();
    exponent += this.exponent();
    const value = scale(<f64>mantissa, exponent);
    return negative ? -value : value;
  }

  /** Leaves out whatever comes. */
  skip(): void {
    let depth = 0;
    do {
      const c = this.peek();
      if (c == QUOTE) {
        this.skipString();
      } else if (c == 0x7b || c == 0x5b) {
        depth++;
        this.at++;
      } else if (depth == 0 && (c == 0x7d || c == 0x5d || c == COMMA || c == COLON)) {
        this.fault();
      } else if (c == 0x7d || c == 0x5d) {
        depth--;
        this.at++;
      } else if (c == COMMA || c == COLON) {
        this.at++;
      } else {
        this.skipWord();
      }
    } while (depth > 0);
  }

  private skipString(): void {
    this.at++;
    while (true) {
      const c = this.next();
      if (c == QUOTE) return;
      if (c == BACKSLASH) this.next();
    }
  }

  private skipWord(): void {
    const start = this.at;
    while (this.at < this.end) {
      const c = load<u8>(this.at);
      if (c <= 0x20 || c == COMMA || c == COLON || c == 0x7d || c == 0x5d) break;
      this.at++;
    }
    if (this.at == start) this.fault();
  }

  private exponent(): i32 {
    if (this.at >= this.end || (load<u8>(this.at) | 0x20) != 0x65) return 0;
    this.at++;
    const negative = this.take(MINUS);
    if (!negative) this.take(PLUS);
    let exponent: i32 = 0;
    for (; this.at < this.end; this.at++) {
      const c = load<u8>(this.at);
      if (c < ZERO || c > NINE) break;
      if (exponent < 400) exponent = exponent * 10 + (c - ZERO);
    }
    return negative ? -exponent : exponent;
  }

  private escape(): string {
    const c = this.next();
    switch (c) {
      case 0x62:
        return "\b";
      case 0x66:
        return "\f";
      case 0x6e:
        return "\n";
      case 0x72:
        return "\r";
      case 0x74:
        return "\t";
      case 0x75:
        return String.fromCharCode(this.hex());
      default:
        if (c != QUOTE && c != BACKSLASH && c != SLASH) this.fault();
        return String.fromCharCode(c);
    }
  }

  private hex(): i32 {
    let code: i32 = 0;
    for (let i = 0; i < 4; i++) {
      const c = this.next();
      const letter: i32 = (c | 0x20) - 0x61;
      const digit: i32 = c >= ZERO && c <= NINE ? c - ZERO : letter >= 0 && letter < 6 ? letter + 10 : -1;
      if (digit < 0) this.fault();
      code = code * 16 + digit;
    }
    return code;
  }

  private next(): u8 {
    if (this.at >= this.end) this.fault();
    return load<u8>(this.at++);
  }

  /** The next character that is no space; 0 at the end. */
  private peek(): u8 {
    while (this.at < this.end) {
      const c = load<u8>(this.at);
      if (c > 0x20) return c;
      this.at++;
    }
    return 0;
  }

  private take(wanted: u8): bool {
    if (this.peek() != wanted) return false;
    this.at++;
    return true;
  }

  private want(wanted: u8): void {
    if (!this.take(wanted)) this.fault();
  }

  private fault(): void {
    throw new Error("Cannot read the input: not the JSON that was expected at byte " + (this.at - this.start).toString());
  }
}

/** Exact for 15 digits and exponents up to 22, and within a bit or two beyond. */
function scale(mantissa: f64, exponent: i32): f64 {
  if (mantissa == 0) return 0;
  // Tiny numbers in steps: the power that they are divided by can be larger than any number.
  for (; exponent < -300; exponent += 300) mantissa /= 1e300;
  let power: f64 = 1;
  for (let i = exponent < 0 ? -exponent : exponent; i > 0; i--) power *= 10;
  return exponent < 0 ? mantissa / power : mantissa * power;
}

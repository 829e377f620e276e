const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Why the bytes are not a module that may be used. */
export class ModuleFault extends Error {
  override readonly name = "ModuleFault";
}

/** Reads a part of a module in order; never beyond its end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw new ModuleFault(`it is cut off at byte ${this.at}`);
    this.at++;
    return value;
  }

  /** An unsigned number in LEB128 of at most 32 bits. Stricter than some engines, never laxer. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value < 2 ** 32) return value;
        break;
      }
    }
    throw new ModuleFault(`the number before byte ${this.at} has more than 32 bits`);
  }

  skip(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw new ModuleFault(`it is cut off at byte ${this.end}`);
    this.at += length;
    return start;
  }

  name(): string {
    const length = this.u32();
    const start = this.skip(length);
    try {
      return UTF8.decode(this.bytes.subarray(start, this.at));
    } catch {
      throw new ModuleFault(`the name at byte ${start} is not UTF-8`);
    }
  }

  /** The next `length` bytes. */
  part(length: number): ByteReader {
    const start = this.skip(length);
    return new ByteReader(this.bytes, start, this.at);
  }

  /** How many entries follow; each has a byte at least, so a larger number is a lie. */
  count(what: string): number {
    const count = this.u32();
    if (count > this.end - this.at)
      throw new ModuleFault(`it has ${count} ${what} in ${this.end - this.at} bytes`);
    return count;
  }
}

export function leb128(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

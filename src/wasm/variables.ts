const DELETED = 0xffff_ffff;
const UTF8 = new TextDecoder();
const ENCODER = new TextEncoder();

/** Extism variables by name, within a number of bytes; both sides of the pipes have one. */
export class Variables {
  readonly #values = new Map<string, Uint8Array>();
  readonly #most: number;
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(name: string): Uint8Array | undefined {
    return this.#values.get(name);
  }

  /** False when it does not fit: then nothing has changed. Nothing as value deletes. */
  set(name: string, value: Uint8Array | undefined): boolean {
    const old = this.#values.get(name);
    const before = old === undefined ? 0 : sizeOf(name, old);
    const after = value === undefined ? 0 : sizeOf(name, value);
    if (after > before && this.#bytes - before + after > this.#most) return false;
    this.#bytes += after - before;
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
    return true;
  }

  /** These, or all there are, as `merge` takes them. */
  encode(names: Iterable<string> = this.#values.keys()): Uint8Array {
    const entries = [...names].map((name) => ({ name: ENCODER.encode(name), value: this.#values.get(name) }));
    const length = entries.reduce((sum, { name, value }) => sum + 8 + name.length + (value?.length ?? 0), 0);
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const { name, value } of entries) {
      view.setUint32(at, name.length, true);
      view.setUint32(at + 4, value?.length ?? DELETED, true);
      bytes.set(name, at + 8);
      if (value !== undefined) bytes.set(value, at + 8 + name.length);
      at += 8 + name.length + (value?.length ?? 0);
    }
    return bytes;
  }

  /** Takes over what was encoded. Throws RangeError where the bytes are none of that, or do not fit. */
  merge(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < bytes.length) {
      if (bytes.length - at < 8) throw new RangeError("a variable is cut off");
      const nameEnd = at + 8 + view.getUint32(at, true);
      const valueLength = view.getUint32(at + 4, true);
      const end = valueLength === DELETED ? nameEnd : nameEnd + valueLength;
      if (end > bytes.length) throw new RangeError("a variable is cut off");
      const name = UTF8.decode(bytes.subarray(at + 8, nameEnd));
      // A copy: what was received goes with its buffer.
      const value = valueLength === DELETED ? undefined : bytes.slice(nameEnd, end);
      if (!this.set(name, value)) throw new RangeError(`variables have more than ${this.#most} bytes`);
      at = end;
    }
  }
}

/** An entry costs something by itself, or a million empty ones would be free. */
function sizeOf(name: string, value: Uint8Array): number {
  return 64 + 2 * name.length + value.length;
}

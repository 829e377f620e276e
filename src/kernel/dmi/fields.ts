/** The formatted area of an SMBIOS structure. Numbers are little-endian; nothing beyond the structure's length. */
export class DmiFields {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(offset: number): number | undefined {
    return this.#has(offset, 1) ? this.#view.getUint8(offset) : undefined;
  }

  word(offset: number): number | undefined {
    return this.#has(offset, 2) ? this.#view.getUint16(offset, true) : undefined;
  }

  doubleWord(offset: number): number | undefined {
    return this.#has(offset, 4) ? this.#view.getUint32(offset, true) : undefined;
  }

  /** Exact below 2^53; all ones, which stands for "unknown", is nothing too. */
  quadWord(offset: number): number | undefined {
    if (!this.#has(offset, 8)) return undefined;
    const value = this.#view.getBigUint64(offset, true);
    return value === 0xffff_ffff_ffff_ffffn ? undefined : Number(value);
  }

  /** Structures grew from version to version: older firmware has no later fields. */
  #has(offset: number, size: number): boolean {
    return offset + size <= this.#view.byteLength;
  }
}

/** Room for texts as UTF-8 which is used again and again. What was returned is valid until the next call. */
export class TextBytes {
  readonly #encoder = new TextEncoder();
  #room = new Uint8Array(16 * 1024);

  /** The text, after `offset` bytes that the caller writes. */
  encode(text: string, offset = 0): Uint8Array {
    // A unit of UTF-16 is 3 bytes at most, and nearly always 1.
    this.#ensure(offset + text.length + 1024);
    let { read, written } = this.#encoder.encodeInto(text, this.#room.subarray(offset));
    if (read < text.length) {
      this.#ensure(offset + text.length * 3);
      ({ read, written } = this.#encoder.encodeInto(text, this.#room.subarray(offset)));
    }
    return this.#room.subarray(0, offset + written);
  }

  #ensure(length: number): void {
    if (this.#room.length < length) this.#room = new Uint8Array(length + (length >> 2));
  }
}

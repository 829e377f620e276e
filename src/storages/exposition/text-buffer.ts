import { LONGEST_NUMBER, writeNumber } from "./number.ts";

/** Memory that is not written to costs nothing, and growing leaves garbage. */
const FIRST_BYTES = 2 * 1024 * 1024;
/** UTF-8 needs at most 3 bytes for a UTF-16 code unit. */
const BYTES_PER_UNIT = 3;
const FIRST_NON_ASCII = 0x80;

/** A stretch of text, and how far it moves: left when negative. */
export interface Move {
  readonly start: number;
  readonly end: number;
  readonly shift: number;
}

/** Bytes of a text that grows; kept and cleared instead of made anew. */
export class TextBuffer {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  length = 0;
  readonly #encoder = new TextEncoder();

  clear(): void {
    this.length = 0;
  }

  content(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Nearly all text is ASCII, and the encoder would need a new view of the buffer each time. */
  add(text: string): void {
    this.#reserve(text.length * BYTES_PER_UNIT);
    const { bytes, length } = this;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= FIRST_NON_ASCII) {
        this.length += this.#encoder.encodeInto(text, bytes.subarray(length)).written;
        return;
      }
      bytes[length + i] = unit;
    }
    this.length += text.length;
  }

  addNumber(value: number): void {
    this.#reserve(LONGEST_NUMBER);
    this.length = writeNumber(value, this.bytes, this.length);
  }

  /**
   * Moves stretches of the text, given in order; each but the first may be as near to the one before as it
   * is. Those that move left go first, from the left, those that move right last, from the right: so none
   * is written over before it has moved.
   */
  move(moves: readonly Move[]): void {
    const last = moves.at(-1);
    if (last === undefined) return;
    if (last.shift > 0) this.#reserve(last.shift);
    for (const { start, end, shift } of moves) {
      if (shift < 0) this.bytes.copyWithin(start + shift, start, end);
    }
    for (const { start, end, shift } of moves.toReversed()) {
      if (shift > 0) this.bytes.copyWithin(start + shift, start, end);
    }
    this.length = last.end + last.shift;
  }

  #reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    let size = this.bytes.length * 2;
    while (size < this.length + count) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(this.content());
    this.bytes = larger;
  }
}

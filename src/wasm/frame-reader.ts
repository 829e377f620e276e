/** Length and kind. */
const HEAD = 5;
/** Room that a frame in pieces gets first; more as it comes, however long it says it is. */
const FIRST_ROOM = 65_536;

/** Puts frames together from the pieces that a pipe gives; holds no more than has come of one frame. */
export class FrameReader {
  readonly #longest: (kind: number) => number;
  /** The beginning of a frame. */
  #held = new Uint8Array(0);
  #heldLength = 0;

  /** `longest`: bytes of a frame of that kind, without its first four. 0 for a kind that is not awaited. */
  constructor(longest: (kind: number) => number) {
    this.#longest = longest;
  }

  /** Frames without their length, which begin with their kind. Throws RangeError at one that may not be. */
  *frames(piece: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < piece.length) {
      if (this.#heldLength === 0 && piece.length - at >= HEAD) {
        const end = at + this.#lengthOf(piece.subarray(at));
        if (end <= piece.length) {
          yield piece.subarray(at + 4, end);
          at = end;
          continue;
        }
      }
      at += this.#hold(piece.subarray(at));
      if (this.#heldLength < HEAD || this.#heldLength < this.#lengthOf(this.#held)) continue;
      const frame = this.#held.subarray(4, this.#heldLength);
      // Whoever takes the frame keeps its memory.
      this.#held = new Uint8Array(0);
      this.#heldLength = 0;
      yield frame;
    }
  }

  /** Takes what belongs to the frame that has begun; how many bytes that were. */
  #hold(piece: Uint8Array): number {
    const wanted = this.#heldLength < HEAD ? HEAD : this.#lengthOf(this.#held);
    const taken = Math.min(piece.length, wanted - this.#heldLength);
    const length = this.#heldLength + taken;
    if (length > this.#held.length) {
      const room = Math.max(length, Math.min(wanted, Math.max(FIRST_ROOM, 2 * this.#held.length)));
      const held = new Uint8Array(room);
      held.set(this.#held.subarray(0, this.#heldLength));
      this.#held = held;
    }
    this.#held.set(piece.subarray(0, taken), this.#heldLength);
    this.#heldLength = length;
    return taken;
  }

  /** Of the whole frame. */
  #lengthOf([a = 0, b = 0, c = 0, d = 0, kind = 0]: Uint8Array): number {
    const length = a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
    const longest = this.#longest(kind);
    if (longest === 0) throw new RangeError(`a message of kind ${kind} that was not asked for`);
    if (length < 1 || length > longest) {
      throw new RangeError(`a message of ${length} bytes, wanted at most ${longest}`);
    }
    return 4 + length;
  }
}

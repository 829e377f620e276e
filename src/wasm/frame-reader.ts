/** Puts frames together from the pieces that a pipe gives; holds no more than the longest frame. */
export class FrameReader {
  readonly #longest: (kind: number) => number;
  #pieces: Uint8Array[] = [];
  #held = 0;

  /** `longest`: bytes of a frame of that kind, without its first four. 0 for a kind that is not awaited. */
  constructor(longest: (kind: number) => number) {
    this.#longest = longest;
  }

  /** Frames without their length, which begin with their kind. Throws RangeError at one that may not be. */
  *frames(piece: Uint8Array): Generator<Uint8Array> {
    this.#pieces.push(piece);
    this.#held += piece.length;
    for (;;) {
      if (this.#held < 5) return;
      const head = this.#peek(5);
      const length = head[0] + head[1] * 2 ** 8 + head[2] * 2 ** 16 + head[3] * 2 ** 24;
      const kind = head[4];
      const longest = this.#longest(kind);
      if (length < 1 || length > longest) {
        throw new RangeError(
          longest === 0
            ? `a message of kind ${kind} that was not asked for`
            : `a message of ${length} bytes, wanted at most ${longest}`,
        );
      }
      if (this.#held < 4 + length) return;
      yield this.#take(4 + length).subarray(4);
    }
  }

  #peek(count: 5): readonly [number, number, number, number, number] {
    const bytes: number[] = [];
    for (const piece of this.#pieces) {
      for (let at = 0; at < piece.length && bytes.length < count; at++) bytes.push(piece[at] ?? 0);
      if (bytes.length === count) break;
    }
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = bytes;
    return [a, b, c, d, e];
  }

  /** A copy only where the frame came in several pieces. */
  #take(length: number): Uint8Array {
    const [first] = this.#pieces;
    this.#held -= length;
    if (first !== undefined && first.length >= length) {
      if (first.length === length) this.#pieces.shift();
      else this.#pieces[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const piece = this.#pieces.shift();
      if (piece === undefined) break;
      const used = Math.min(piece.length, length - at);
      bytes.set(piece.subarray(0, used), at);
      if (used < piece.length) this.#pieces.unshift(piece.subarray(used));
      at += used;
    }
    return bytes;
  }
}

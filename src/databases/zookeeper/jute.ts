/*
 * ZooKeeper's serialisation, "jute": big-endian integers; buffers and texts with their length before them,
 * -1 for none.
 */

export class JuteWriter {
  readonly #parts: Uint8Array[] = [];

  bool(value: boolean): this {
    return this.#push(Uint8Array.of(value ? 1 : 0));
  }

  int(value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value);
    return this.#push(bytes);
  }

  long(value: bigint): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, value);
    return this.#push(bytes);
  }

  buffer(value: Uint8Array): this {
    return this.int(value.length).#push(value);
  }

  text(value: string): this {
    return this.buffer(new TextEncoder().encode(value));
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #push(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }
}

/** Reads one frame; throws RangeError where it ends too early. */
export class JuteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int(): number {
    const value = this.#view.getInt32(this.#at);
    this.#at += 4;
    return value;
  }

  long(): bigint {
    const value = this.#view.getBigInt64(this.#at);
    this.#at += 8;
    return value;
  }

  /** A copy; empty for none. */
  buffer(): Uint8Array {
    const length = Math.max(0, this.int());
    if (this.#at + length > this.#bytes.length) {
      throw new RangeError(
        `Cannot read ${length} bytes: the frame has ${this.#bytes.length - this.#at} left`,
      );
    }
    const value = Uint8Array.from(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return value;
  }
}

/** Cuts a stream of bytes into frames, each with its length before it. Pieces are joined once for each frame. */
export class Frames {
  readonly #longest: number;
  #pieces: Uint8Array[] = [];
  #buffered = 0;
  /** Bytes of the frame that is coming in, with its length. */
  #wanted: number | undefined;

  /** Frames that are longer throw a RangeError. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The frames that are whole now. */
  add(piece: Uint8Array): Uint8Array[] {
    this.#pieces.push(piece);
    this.#buffered += piece.length;
    const frames: Uint8Array[] = [];
    for (;;) {
      this.#wanted ??= this.#readLength();
      if (this.#wanted === undefined || this.#buffered < this.#wanted) return frames;
      const joined = this.#joined();
      frames.push(joined.subarray(4, this.#wanted));
      this.#pieces = [joined.subarray(this.#wanted)];
      this.#buffered -= this.#wanted;
      this.#wanted = undefined;
    }
  }

  #readLength(): number | undefined {
    if (this.#buffered < 4) return undefined;
    const joined = this.#joined();
    const length = new DataView(joined.buffer, joined.byteOffset).getInt32(0);
    if (length < 0 || length > this.#longest) {
      throw new RangeError(`Cannot read a frame of ${length} bytes: wanted 0 to ${this.#longest}`);
    }
    return 4 + length;
  }

  #joined(): Uint8Array {
    const [first, ...others] = this.#pieces;
    const joined = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }
}

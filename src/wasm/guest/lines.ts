import { LINE_LEVELS, type LineLevel, LONGEST_LINE, REPLY } from "../frames.ts";
import { writeFrame } from "./pipe.ts";

const ENCODER = new TextEncoder();
const UTF8 = new TextDecoder();

/** Sends what a module logs, some lines of each call; the rest is counted. */
export class Lines {
  readonly #most: number;
  readonly #begun = new Map<LineLevel, string>();
  #left: number;
  #leftOut = 0;

  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

  add(level: LineLevel, bytes: Uint8Array): void {
    if (this.#left <= 0) {
      this.#leftOut++;
      return;
    }
    this.#left--;
    const line = Uint8Array.from(bytes.subarray(0, LONGEST_LINE));
    writeFrame(REPLY.log, [Uint8Array.of(LINE_LEVELS.indexOf(level)), line]);
  }

  /** A piece of a stream: lines are what stands before the ends of lines. */
  stream(level: LineLevel, bytes: Uint8Array): void {
    const text = (this.#begun.get(level) ?? "") + UTF8.decode(bytes.subarray(0, LONGEST_LINE));
    const lines = text.split("\n");
    this.#begun.set(level, (lines.pop() ?? "").slice(0, LONGEST_LINE));
    for (const line of lines) if (line !== "") this.add(level, ENCODER.encode(line));
  }

  /** Ends a call; how many lines were left out of it. */
  end(): number {
    for (const level of this.#begun.keys()) this.stream(level, ENCODER.encode("\n"));
    this.#begun.clear();
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    this.#left = this.#most;
    return leftOut;
  }
}

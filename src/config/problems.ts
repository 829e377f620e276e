import { ConfigError, type ConfigProblem } from "../model/errors.ts";

/** Collects what is wrong with one file, so that everything can be reported together. */
export class Problems {
  /** Path of the file, as the user wrote it. */
  readonly file: string;
  readonly #lineStarts: readonly number[];
  readonly #found = new Map<string, { readonly offset: number; readonly problem: ConfigProblem }>();

  constructor(file: string, lineStarts: readonly number[]) {
    this.file = file;
    this.#lineStarts = lineStarts;
  }

  get any(): boolean {
    return this.#found.size > 0;
  }

  /** `file:line:column` of an offset, both counted from 1. */
  place(offset: number): string {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return `${this.file}:${low + 1}:${offset - (this.#lineStarts[low] ?? 0) + 1}`;
  }

  /** What is said twice of one place, because an alias leads there twice, is kept once. */
  add(offset: number, path: string, message: string): void {
    this.addForeign(offset, { at: this.place(offset), path, message });
  }

  /** A problem found in another file; it is sorted to the place of this file that led there. */
  addForeign(offset: number, problem: ConfigProblem): void {
    const identity = `${problem.at} ${problem.message}`;
    if (!this.#found.has(identity)) this.#found.set(identity, { offset, problem });
  }

  /** In order of position. */
  error(): ConfigError {
    const sorted = [...this.#found.values()].sort((one, other) => one.offset - other.offset);
    return new ConfigError(sorted.map(({ problem }) => problem));
  }
}

/** Offsets at which the lines of a text start. */
export function lineStartsOf(text: string): readonly number[] {
  const starts = [0];
  for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return starts;
}

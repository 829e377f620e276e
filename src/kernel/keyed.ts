import { DecimalReader } from "./decimal.ts";

const SPACE = 32;
const NEWLINE = 10;
const UNWANTED = -1;

/**
 * Picks numbers by key out of files of `key value` lines (`memory.stat`, `cpu.stat`). The order of lines
 * is the same for every cgroup of a kernel, so it is learned from the first file; a file that differs is
 * scanned key by key and learned anew.
 */
export class KeyedNumbers {
  readonly #keys: readonly Uint8Array[];
  readonly #number = new DecimalReader();
  /** For each line up to the last wanted one: length of its key, and which wanted key it is. */
  #lineKeyLengths: number[] = [];
  #lineWants: number[] = [];

  constructor(keys: readonly string[]) {
    const encoder = new TextEncoder();
    this.#keys = keys.map((key) => encoder.encode(key));
  }

  /** Puts the value of key i to `values[i]`; NaN for keys that the file does not have. */
  parse(bytes: Uint8Array, length: number, values: Float64Array): void {
    if (this.#lineKeyLengths.length > 0 && this.#parseAsLearned(bytes, length, values)) return;
    this.#learn(bytes, length, values);
  }

  #parseAsLearned(bytes: Uint8Array, length: number, values: Float64Array): boolean {
    const lengths = this.#lineKeyLengths;
    const wants = this.#lineWants;
    values.fill(Number.NaN);
    let at = 0;
    for (let line = 0; line < lengths.length; line++) {
      const keyEnd = at + (lengths[line] as number);
      if (keyEnd >= length || bytes[keyEnd] !== SPACE) return false;
      const wanted = wants[line] as number;
      if (wanted === UNWANTED) {
        at = keyEnd + 2;
      } else {
        if (!this.#keyIs(wanted, bytes, at)) return false;
        values[wanted] = this.#number.read(bytes, keyEnd + 1, length);
        at = this.#number.end;
      }
      while (at < length && bytes[at] !== NEWLINE) at++;
      at++;
    }
    return true;
  }

  #learn(bytes: Uint8Array, length: number, values: Float64Array): void {
    const lengths: number[] = [];
    const wants: number[] = [];
    let lastWanted = UNWANTED;
    values.fill(Number.NaN);
    for (let at = 0; at < length; ) {
      let keyEnd = at;
      while (keyEnd < length && bytes[keyEnd] !== SPACE && bytes[keyEnd] !== NEWLINE) keyEnd++;
      const wanted = this.#find(bytes, at, keyEnd - at);
      lengths.push(keyEnd - at);
      wants.push(wanted);
      if (wanted !== UNWANTED) {
        values[wanted] = this.#number.read(bytes, keyEnd + 1, length);
        lastWanted = lengths.length - 1;
      }
      at = keyEnd;
      while (at < length && bytes[at] !== NEWLINE) at++;
      at++;
    }
    // A file that lacks a key is scanned to its end every time, in case it comes to have it.
    const complete = values.every((value) => !Number.isNaN(value));
    const known = complete ? lastWanted + 1 : lengths.length;
    this.#lineKeyLengths = lengths.slice(0, known);
    this.#lineWants = wants.slice(0, known);
  }

  #find(bytes: Uint8Array, start: number, length: number): number {
    return this.#keys.findIndex((key, index) => key.length === length && this.#keyIs(index, bytes, start));
  }

  #keyIs(index: number, bytes: Uint8Array, start: number): boolean {
    const key = this.#keys[index] as Uint8Array;
    for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
    return true;
  }
}

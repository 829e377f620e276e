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
  readonly #lineKeyLengths: number[] = [];
  readonly #lineWants: number[] = [];
  /** Wanted keys that the learned file does not have; another one may. */
  readonly #absent: number[] = [];

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
        if (this.#absent.length > 0 && this.#isAbsent(bytes, at, keyEnd - at)) return false;
        at = keyEnd + 1;
      } else {
        if (!this.#keyIs(wanted, bytes, at)) return false;
        values[wanted] = this.#number.read(bytes, keyEnd + 1, length);
        at = this.#number.end;
      }
      while (at < length && bytes[at] !== NEWLINE) at++;
      at++;
    }
    // Lines behind the learned ones may have the keys that are absent so far.
    return this.#absent.length === 0 || at >= length;
  }

  #learn(bytes: Uint8Array, length: number, values: Float64Array): void {
    const lengths = this.#lineKeyLengths;
    const wants = this.#lineWants;
    lengths.length = 0;
    wants.length = 0;
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
    this.#absent.length = 0;
    for (let index = 0; index < this.#keys.length; index++) {
      if (!wants.includes(index)) this.#absent.push(index);
    }
    // A file that lacks a key is scanned to its end every time, in case it comes to have it.
    if (this.#absent.length > 0) return;
    lengths.length = lastWanted + 1;
    wants.length = lastWanted + 1;
  }

  #find(bytes: Uint8Array, start: number, length: number): number {
    for (let index = 0; index < this.#keys.length; index++) {
      if (this.#keys[index]?.length === length && this.#keyIs(index, bytes, start)) return index;
    }
    return UNWANTED;
  }

  #isAbsent(bytes: Uint8Array, start: number, length: number): boolean {
    for (const index of this.#absent) {
      if (this.#keys[index]?.length === length && this.#keyIs(index, bytes, start)) return true;
    }
    return false;
  }

  #keyIs(index: number, bytes: Uint8Array, start: number): boolean {
    const key = this.#keys[index] as Uint8Array;
    for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
    return true;
  }
}

import { asciiSlice } from "./decimal.ts";

/**
 * The names in a file whose lines seldom change: the string of a line is made once and given again as long
 * as the same bytes stand there.
 */
export class Names {
  readonly #known: string[] = [];

  at(line: number, bytes: Uint8Array, start: number, end: number): string {
    const known = this.#known[line];
    if (known !== undefined && stands(known, bytes, start, end)) return known;
    const name = asciiSlice(bytes, start, end);
    // Sparse positions would turn the array into a map.
    if (line <= this.#known.length) this.#known[line] = name;
    return name;
  }
}

function stands(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

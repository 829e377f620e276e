import * as fs from "node:fs";

/** Counts how often a file is replaced. */
export class Rounds {
  readonly #file: string;
  #last = "";
  #count = 0;
  #bytes = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True when there is a new version since the last look. */
  look(): boolean {
    const stat = fs.statSync(this.#file, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    const version = `${stat.mtimeMs}/${stat.ino}`;
    if (version === this.#last) return false;
    this.#last = version;
    this.#count++;
    this.#bytes = stat.size;
    return true;
  }
}

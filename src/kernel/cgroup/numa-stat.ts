import { DecimalReader } from "../decimal.ts";

const NEWLINE = 10;
const SPACE = 32;
const EQUALS = 61;
const LETTER_N = 78;

const encoder = new TextEncoder();

/** The lists that make up v1's `total=`; everything else of v2's file is a part of them or kernel memory. */
const V2_LISTS = ["inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable"].map((name) =>
  encoder.encode(`${name} `),
);
const V1_TOTAL = encoder.encode("total=");
const V1_HIERARCHICAL = encoder.encode("hierarchical_total=");

/** Sums the per-node numbers of `memory.numa_stat` into {@link nodes} and {@link amounts}, which are reused. */
export class NumaStatParser {
  /** NUMA node numbers in the order of the file. */
  readonly nodes: number[] = [];
  /** Pages (v1) or bytes (v2), index as in `nodes`. */
  readonly amounts: number[] = [];
  readonly #number = new DecimalReader();

  /**
   * cgroup v1: `total=300 N0=100 N1=200`, pages of this cgroup alone; `hierarchical_total=` counts only
   * where `total=` is missing. docs.kernel.org/admin-guide/cgroup-v1/memory.html
   */
  parseV1(bytes: Uint8Array, length: number): void {
    this.#reset();
    const line = findLine(bytes, length, V1_TOTAL) ?? findLine(bytes, length, V1_HIERARCHICAL);
    if (line !== undefined) this.#addLine(bytes, line, length);
  }

  /** cgroup v2: `anon N0=4096 N1=0`, bytes with descendants. docs.kernel.org/admin-guide/cgroup-v2.html */
  parseV2(bytes: Uint8Array, length: number): void {
    this.#reset();
    for (const list of V2_LISTS) {
      const line = findLine(bytes, length, list);
      if (line !== undefined) this.#addLine(bytes, line, length);
    }
  }

  #reset(): void {
    this.nodes.length = 0;
    this.amounts.length = 0;
  }

  #addLine(bytes: Uint8Array, lineStart: number, length: number): void {
    for (let at = lineStart; at < length && bytes[at] !== NEWLINE; at++) {
      if (bytes[at] !== SPACE || bytes[at + 1] !== LETTER_N) continue;
      const node = this.#number.read(bytes, at + 2, length);
      if (bytes[this.#number.end] !== EQUALS) continue;
      const amount = this.#number.read(bytes, this.#number.end + 1, length);
      at = this.#number.end - 1;
      if (!Number.isNaN(amount)) this.#add(node, amount);
    }
  }

  #add(node: number, amount: number): void {
    const index = this.nodes.indexOf(node);
    if (index >= 0) {
      this.amounts[index] = (this.amounts[index] as number) + amount;
    } else {
      this.nodes.push(node);
      this.amounts.push(amount);
    }
  }
}

function findLine(bytes: Uint8Array, length: number, prefix: Uint8Array): number | undefined {
  for (let at = 0; at < length; ) {
    let same = 0;
    while (same < prefix.length && bytes[at + same] === prefix[same]) same++;
    if (same === prefix.length) return at;
    const newline = bytes.indexOf(NEWLINE, at);
    if (newline < 0 || newline >= length) return undefined;
    at = newline + 1;
  }
  return undefined;
}

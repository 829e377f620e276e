import { CELL_NAMES, CELLS } from "../../kernel/cgroup/files.ts";
import type { CgroupReader } from "../../kernel/cgroup/reader.ts";
import type { Catalogue, Merge } from "../../model/catalogue.ts";

interface Rule {
  readonly counter: boolean;
  readonly merge: Merge;
}

/**
 * Several cgroups of one task as one, by the merge rule of each metric's catalogue row. Counters are
 * merged as increases since the last round, so a container that restarts or ends cannot make them fall.
 */
export class MergedCells {
  readonly values = new Float64Array(CELL_NAMES.length).fill(Number.NaN);
  readonly numaNodes: number[] = [];
  readonly numaPages: number[] = [];
  readonly #rules: readonly Rule[];
  /** Increases of counters so far, kept while no cgroup has the counter. */
  readonly #totals = new Float64Array(CELL_NAMES.length);
  readonly #previous = new WeakMap<CgroupReader, Float64Array>();

  constructor(catalogue: Catalogue) {
    this.#rules = CELL_NAMES.map((name) => {
      const row = catalogue.get(CELLS[name].metric);
      return { counter: row?.type === "counter", merge: row?.merge ?? "sum" };
    });
  }

  merge(readers: readonly CgroupReader[]): void {
    for (const [cell, rule] of this.#rules.entries()) {
      const merged = rule.counter
        ? this.#increase(cell, rule.merge, readers)
        : fold(cell, rule.merge, readers);
      this.values[cell] = rule.counter ? this.#addToTotal(cell, merged) : merged;
    }
    for (const reader of readers) this.#remember(reader);
    this.#mergeNuma(readers);
  }

  #addToTotal(cell: number, increase: number): number {
    if (Number.isNaN(increase)) return increase;
    const total = (this.#totals[cell] as number) + increase;
    this.#totals[cell] = total;
    return total;
  }

  /** NaN when no cgroup has the counter. A counter that fell has started again from 0. */
  #increase(cell: number, merge: Merge, readers: readonly CgroupReader[]): number {
    let merged = Number.NaN;
    for (const reader of readers) {
      const value = reader.values[cell] as number;
      if (Number.isNaN(value)) continue;
      const before = zeroIfAbsent(this.#previous.get(reader)?.[cell]);
      merged = combine(merge, merged, value < before ? value : value - before);
    }
    return merged;
  }

  /** An absent counter keeps what it had, so that it does not count twice when it is back. */
  #remember(reader: CgroupReader): void {
    const previous = this.#previous.get(reader);
    if (previous === undefined) {
      this.#previous.set(reader, reader.values.slice());
      return;
    }
    for (let cell = 0; cell < previous.length; cell++) {
      const value = reader.values[cell] as number;
      if (!Number.isNaN(value)) previous[cell] = value;
    }
  }

  #mergeNuma(readers: readonly CgroupReader[]): void {
    const pages = new Map<number, number>();
    for (const { numaNodes, numaPages } of readers) {
      for (const [index, node] of numaNodes.entries()) {
        pages.set(node, (pages.get(node) ?? 0) + (numaPages[index] ?? 0));
      }
    }
    this.numaNodes.splice(0, this.numaNodes.length, ...pages.keys());
    this.numaPages.splice(0, this.numaPages.length, ...pages.values());
  }
}

function fold(cell: number, merge: Merge, readers: readonly CgroupReader[]): number {
  let merged = Number.NaN;
  for (const { values } of readers) {
    const value = values[cell] as number;
    if (!Number.isNaN(value)) merged = combine(merge, merged, value);
  }
  return merged;
}

function combine(merge: Merge, merged: number, value: number): number {
  if (Number.isNaN(merged)) return value;
  return merge === "max" ? Math.max(merged, value) : merged + value;
}

function zeroIfAbsent(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? 0 : value;
}

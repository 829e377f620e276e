import { ROWS } from "./catalogue/rows.ts";
import type { MetricType } from "./metric.ts";

/** Base units as Prometheus names them; `none` for counts, ratios and indexes. */
export type Unit =
  | "bytes"
  | "bytes_per_second"
  | "seconds"
  | "watts"
  | "pages"
  | "ticks"
  | "timestamp"
  | "none";

/** How the values of several cgroups of one task become one. Counters are differenced first. */
export type Merge = "sum" | "max" | "none";

/** What is known of a metric beforehand. The one source of names, help, types, labels and documentation. */
export interface MetricRow {
  readonly help: string;
  readonly type: MetricType;
  readonly unit: Unit;
  readonly scope: "task" | "platform" | "internal";
  /** Labels beside the common ones, outermost level first. */
  readonly labels: readonly string[];
  readonly merge: Merge;
  /** Kernel file or other origin. */
  readonly source: string;
  /** Configuration option that switches it on or narrows it; absent when always on. */
  readonly option?: string;
  /** Name under `metric_names: classic`, where the original's tutorial had another one. */
  readonly classic?: string;
  /** What is not as in the original's metric of this name, in a sentence; absent when it is the same or new. */
  readonly differs?: string;
}

export type MetricName = keyof typeof ROWS;

/** Rows by metric name. Each agent has its own; `with` gives a larger copy. */
export class Catalogue {
  readonly #rows: ReadonlyMap<string, MetricRow>;

  constructor(rows: Iterable<readonly [string, MetricRow]> = Object.entries(ROWS)) {
    this.#rows = new Map(rows);
  }

  get(name: string): MetricRow | undefined {
    return this.#rows.get(name);
  }

  entries(): IterableIterator<readonly [string, MetricRow]> {
    return this.#rows.entries();
  }

  /** A copy with more rows, for metrics that the user's configuration brings. */
  with(rows: Iterable<readonly [string, MetricRow]>): Catalogue {
    return new Catalogue([...this.#rows, ...rows]);
  }
}

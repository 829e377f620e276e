import type { Metric } from "../../model/metric.ts";
import type { LabelSet } from "./label-set.ts";

/** One series: the metric's name with its labels; the metric tells type and help. */
export interface Series {
  readonly labels: LabelSet;
  readonly metric: Metric;
}

interface SameLabels {
  readonly labels: LabelSet;
  /** By metric name. */
  readonly metrics: Map<string, Metric>;
}

/** The series of one batch. Held by labels and then by name, as thousands of names share a few labels. */
export class SeriesSet {
  readonly #byLabels = new Map<string, SameLabels>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when it is in already, be it by another metric object. */
  add({ labels, metric }: Series): boolean {
    let same = this.#byLabels.get(labels.key);
    if (same === undefined) {
      same = { labels, metrics: new Map() };
      this.#byLabels.set(labels.key, same);
    }
    if (same.metrics.has(metric.name)) return false;
    same.metrics.set(metric.name, metric);
    this.#size++;
    return true;
  }

  *all(): Generator<Series> {
    for (const { labels, metrics } of this.#byLabels.values()) {
      for (const metric of metrics.values()) yield { labels, metric };
    }
  }

  /** Series that are here and not there. */
  without(other: SeriesSet): Series[] {
    return [...this.all()].filter((series) => !other.has(series));
  }

  has({ labels, metric }: Series): boolean {
    return this.#byLabels.get(labels.key)?.metrics.has(metric.name) ?? false;
  }

  meets(other: SeriesSet): boolean {
    for (const series of this.all()) if (other.has(series)) return true;
    return false;
  }
}

import type { Metric } from "../model/metric.ts";

type MutableMetric = { -readonly [Key in keyof Metric]: Metric[Key] };

/**
 * The metric objects that one storage is given. They are the storage's own, so that nobody changes them while
 * it works; the same series keeps the same copy, and the same array gets the same array of copies.
 */
export class MetricCopies {
  readonly #bySource = new WeakMap<readonly Metric[], readonly MutableMetric[]>();
  #lastSource: readonly Metric[] = [];

  /** Copies of the metrics with the given values, by default with their present ones. */
  take(source: readonly Metric[], values?: ArrayLike<unknown>): readonly Metric[] {
    const copies = this.#bySource.get(source) ?? this.#make(source);
    if (values === undefined) {
      for (let i = 0; i < copies.length; i++)
        (copies[i] as MutableMetric).value = (source[i] as Metric).value;
    } else {
      for (let i = 0; i < copies.length; i++) (copies[i] as MutableMetric).value = values[i] as number;
    }
    return copies;
  }

  /** Series came or went: the others keep the copy that they had in the batch made last. */
  #make(source: readonly Metric[]): readonly MutableMetric[] {
    const lastCopies = this.#bySource.get(this.#lastSource) ?? [];
    const known = new Map(this.#lastSource.map((metric, index) => [metric, lastCopies[index]]));
    const copies = source.map((metric) => known.get(metric) ?? { ...metric });
    this.#bySource.set(source, copies);
    this.#lastSource = source;
    return copies;
  }
}

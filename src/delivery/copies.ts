import type { Metric } from "../model/metric.ts";

type MutableMetric = { -readonly [Key in keyof Metric]: Metric[Key] };

/** Metrics of one storage's own, and the array of them that the storage is given. */
export class OwnMetrics {
  readonly #metrics: readonly MutableMetric[];
  readonly #given: Metric[];

  constructor(metrics: readonly Metric[], given: Metric[] = [...metrics]) {
    this.#metrics = metrics;
    this.#given = given;
  }

  get length(): number {
    return this.#metrics.length;
  }

  setValues(values: ArrayLike<unknown>): void {
    for (let i = 0; i < this.#metrics.length; i++) {
      (this.#metrics[i] as MutableMetric).value = values[i] as number;
    }
  }

  /** The same array each time, mended when the storage has changed it. Throws when the storage has frozen it, too. */
  give(): readonly Metric[] {
    for (let i = 0; i < this.#metrics.length; i++) {
      const metric = this.#metrics[i] as Metric;
      if (this.#given[i] !== metric) this.#given[i] = metric;
    }
    if (this.#given.length !== this.#metrics.length) this.#given.length = this.#metrics.length;
    return this.#given;
  }

  /**
   * The part that the storage wants to be given again: its array, but for what is there twice or was not given
   * to it.
   */
  part(wanted: readonly Metric[]): OwnMetrics {
    if (wanted === this.#given && this.#isWhole()) return this;
    const given = new Set<unknown>(this.#metrics);
    const own = [...new Set(wanted)].filter((metric) => given.has(metric));
    // Its very array: the storage may know by that what it has begun.
    return own.length === wanted.length ? new OwnMetrics(own, wanted as Metric[]) : new OwnMetrics(own);
  }

  #isWhole(): boolean {
    const given = this.#given;
    return (
      given.length === this.#metrics.length && this.#metrics.every((metric, index) => metric === given[index])
    );
  }
}

interface Known {
  /** What was in the caller's array, which may be another one's by now. */
  readonly sources: readonly Metric[];
  readonly own: OwnMetrics;
}

/**
 * The metric objects that one storage is given. They are the storage's own, so that nobody changes them while
 * it works; the same series keeps the same copy, and the same array gets the same array of copies.
 */
export class MetricCopies {
  readonly #byArray = new WeakMap<readonly Metric[], Known>();
  #lastSources: readonly Metric[] = [];
  #lastCopies: readonly Metric[] = [];

  /** Copies of the metrics; their values are those of some earlier time. */
  of(metrics: readonly Metric[]): OwnMetrics {
    const known = this.#byArray.get(metrics);
    return known !== undefined && isSame(known.sources, metrics) ? known.own : this.#make(metrics);
  }

  /** Series came or went: the others keep the copy that they had in the batch made last. */
  #make(metrics: readonly Metric[]): OwnMetrics {
    const known = new Map(this.#lastSources.map((metric, index) => [metric, this.#lastCopies[index]]));
    // Labels are shared by all: what a storage changes there would change the metrics of the others.
    const copies = metrics.map(
      (metric) => known.get(metric) ?? { ...metric, labels: Object.freeze(metric.labels) },
    );
    const own = new OwnMetrics(copies);
    const sources = [...metrics];
    this.#byArray.set(metrics, { sources, own });
    this.#lastSources = sources;
    this.#lastCopies = copies;
    return own;
  }
}

function isSame(one: readonly Metric[], other: readonly Metric[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

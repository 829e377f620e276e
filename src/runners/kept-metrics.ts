import type { Metric } from "../model/metric.ts";

type Kept = { -readonly [Key in keyof Metric]: Metric[Key] };

/** Gives the series of one round the objects, and their array, that the same series had in the round before. */
export class KeptMetrics {
  #known = new Map<string, Kept>();
  #metrics: readonly Metric[] = [];

  update(metrics: readonly Metric[]): readonly Metric[] {
    const known = new Map<string, Kept>();
    const kept = metrics.map((metric) => {
      const { value, labels, ...series } = metric;
      const key = JSON.stringify([series, Object.entries(labels).sort()]);
      // A detector may say the same twice: each is an object of its own.
      const same = known.has(key) ? undefined : this.#known.get(key);
      const object: Kept = same ?? { ...metric };
      object.value = value;
      if (!known.has(key)) known.set(key, object);
      return object;
    });
    this.#known = known;
    const isSame =
      kept.length === this.#metrics.length && kept.every((metric, index) => metric === this.#metrics[index]);
    if (!isSame) this.#metrics = kept;
    return this.#metrics;
  }
}

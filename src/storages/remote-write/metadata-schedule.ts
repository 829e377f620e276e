import type { Series, SeriesSet } from "./series-set.ts";

/** As often as Prometheus sends them. */
const INTERVAL_MS = 60_000;

/** When types and helps are due, which receivers of 1.0 forget after a while. */
export class MetadataSchedule {
  /** By metric name. */
  readonly #saidAt = new Map<string, number>();
  readonly #checkedAt = new WeakMap<SeriesSet, number>();

  /** One series for each metric name that is due. They are taken for said. */
  take(series: SeriesSet, nowMs: number): readonly Series[] {
    if (nowMs - (this.#checkedAt.get(series) ?? -Infinity) < INTERVAL_MS) return [];
    this.#checkedAt.set(series, nowMs);
    const due: Series[] = [];
    for (const one of series.all()) {
      const { name, type } = one.metric;
      if (type === undefined || nowMs - (this.#saidAt.get(name) ?? -Infinity) < INTERVAL_MS) continue;
      this.#saidAt.set(name, nowMs);
      due.push(one);
    }
    return due;
  }
}

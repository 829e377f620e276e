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
    if (!isOver(this.#checkedAt.get(series), nowMs)) return [];
    this.#checkedAt.set(series, nowMs);
    // Names may come and go like series do.
    for (const [name, saidAt] of this.#saidAt) if (isOver(saidAt, nowMs)) this.#saidAt.delete(name);
    const due: Series[] = [];
    for (const one of series.all()) {
      const { name, type } = one.metric;
      if (type === undefined || this.#saidAt.has(name)) continue;
      this.#saidAt.set(name, nowMs);
      due.push(one);
    }
    return due;
  }
}

/** Whether the interval is over; also when the clock was set back. */
function isOver(sinceMs: number | undefined, nowMs: number): boolean {
  return sinceMs === undefined || nowMs < sinceMs || nowMs - sinceMs >= INTERVAL_MS;
}

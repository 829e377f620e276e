import type { Series, SeriesSet } from "./series-set.ts";

/** A receiver takes a series for ended by itself when it got nothing for so long (Prometheus' look-back). */
const FORGET_AFTER_MS = 5 * 60_000;
/** So many series are never too many to be remembered, nor are those of a few batches. */
const FEW_SERIES = 100_000;
const FEW_BATCHES = 4;

/** The last batch of one source that arrived. */
interface Last {
  readonly series: SeriesSet;
  readonly timeMs: number;
}

/**
 * Which series have ended. A storage may have several sources, whose batches come in turn and do not say
 * which they are of; sources have no series in common, so a batch follows the one that it shares series with,
 * and what was in that and is not in this has ended.
 */
export class Staleness {
  #lasts: readonly Last[] = [];

  /** Series that end with a batch of these. */
  endedBy(series: SeriesSet): readonly Series[] {
    if (this.#lasts.some((last) => last.series === series)) return [];
    return this.#lasts
      .filter((last) => last.series.meets(series))
      .flatMap((last) => last.series.without(series));
  }

  /** A batch of these has arrived. */
  arrived(series: SeriesSet, timeMs: number): void {
    const known = this.#lasts.some((last) => last.series === series);
    const others = this.#lasts.filter(
      (last) =>
        last.series !== series &&
        timeMs - last.timeMs < FORGET_AFTER_MS &&
        (known || !last.series.meets(series)),
    );
    this.#lasts = withinLimit([...others, { series, timeMs }]);
  }

  /** All that have not ended yet, which are forgotten by this; and the time of the latest sample. */
  end(): { readonly series: readonly Series[]; readonly timeMs: number } {
    const series = this.#lasts.flatMap((last) => [...last.series.all()]);
    const timeMs = Math.max(0, ...this.#lasts.map((last) => last.timeMs));
    this.#lasts = [];
    return { series, timeMs };
  }
}

/** The latest of them, as long as they are not too many: all series may be new in each batch, which then is a source of its own. */
function withinLimit(lasts: readonly Last[]): readonly Last[] {
  const most = Math.max(FEW_SERIES, FEW_BATCHES * Math.max(...lasts.map(({ series }) => series.size)));
  let size = 0;
  const kept = lasts.toReversed().filter(({ series }) => {
    size += series.size;
    return size <= most;
  });
  return kept.toReversed();
}

import type { Batch } from "../../model/delivery.ts";
import type { Metric } from "../../model/metric.ts";
import { sameMetrics } from "../exposition/same-metrics.ts";

type Kept = { -readonly [Key in keyof Metric]: Metric[Key] };

/** A batch, and the values it had. */
interface Part {
  readonly source: readonly Metric[];
  readonly values: readonly number[];
}

/** What a batch did to the snapshot. */
export interface Taken {
  /** The round of the batch is whole now: it is what `metrics` gives. */
  readonly published: boolean;
  /** Other metrics may be ones that can be written than before: series came or went, or values that are no numbers. */
  readonly mayDiffer: boolean;
}

/**
 * Metrics of the last round, for as long as they are asked for: those of a `store` call may change when it
 * has settled. The same series keep the same objects here too, so that texts can be remembered by identity.
 *
 * A storage that is used in several places gets several batches of the same time, which are one round. The
 * round before stays until there are as many of the new one as it had.
 */
export class Snapshot {
  #timeMs: number | undefined;
  /** Batches of the round that comes in. */
  #parts: Part[] = [];
  /** How many there will be, judging by the round before. */
  #expected = 1;
  /** Of the round that is published. */
  #sources: readonly (readonly Metric[])[] = [];
  #metrics: readonly Kept[] = [];
  #hasOddValues = false;

  get metrics(): readonly Metric[] {
    return this.#metrics;
  }

  /** A batch without a time is a round of its own. */
  take(metrics: readonly Metric[], batch?: Batch): Taken {
    if (batch === undefined || batch.timeMs !== this.#timeMs) {
      this.#expected = batch === undefined ? 1 : this.#parts.length;
      this.#parts = [];
      this.#timeMs = batch?.timeMs;
    }
    const same = this.#parts.findIndex(({ source }) => sameMetrics(metrics, source));
    const part = { source: this.#known(metrics), values: metrics.map(({ value }) => value) };
    if (same === -1) this.#parts.push(part);
    else this.#parts[same] = part;
    if (this.#parts.length < this.#expected) return { published: false, mayDiffer: false };
    return { published: true, mayDiffer: this.#publish() };
  }

  clear(): void {
    this.#timeMs = undefined;
    this.#parts = [];
    this.#sources = [];
    this.#metrics = [];
    this.#hasOddValues = false;
  }

  /** The copy of this array that is kept already, or a new one. */
  #known(metrics: readonly Metric[]): readonly Metric[] {
    return this.#sources.find((source) => sameMetrics(metrics, source)) ?? metrics.slice();
  }

  #publish(): boolean {
    const isSame =
      this.#parts.length === this.#sources.length &&
      this.#parts.every(({ source }, index) => source === this.#sources[index]);
    if (!isSame) {
      this.#sources = this.#parts.map(({ source }) => source);
      this.#metrics = this.#sources.flatMap((source) => source.map((metric) => ({ ...metric })));
    }
    const hadOddValues = this.#hasOddValues;
    this.#hasOddValues = false;
    let at = 0;
    for (const { values } of this.#parts) {
      for (const value of values) {
        (this.#metrics[at++] as Kept).value = value;
        if (typeof value !== "number") this.#hasOddValues = true;
      }
    }
    return !isSame || this.#hasOddValues || hadOddValues;
  }
}

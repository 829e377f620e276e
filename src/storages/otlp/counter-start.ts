/**
 * Since when a counter has been counting. OTLP wants this time at every point of a cumulative sum; the
 * kernel does not tell it, so the first point says "unknown" by starting at its own time, and later ones
 * repeat that (opentelemetry.io/docs/specs/otel/metrics/data-model, "Cumulative streams: handling unknown
 * start time"). A counter that falls has started anew after its last point.
 */
export class CounterStart {
  #startMs: number | undefined;
  #lastMs = 0;
  #value = Number.NaN;

  /** Start of the point with this value, milliseconds since the epoch: the same when it is asked for again. */
  of(value: number, timeMs: number): number {
    if (this.#startMs === undefined) this.#startMs = timeMs;
    else if (value < this.#value) this.#startMs = this.#lastMs;
    // The wall clock may have been set back: nothing ends before it starts.
    this.#startMs = Math.min(this.#startMs, timeMs);
    this.#lastMs = timeMs;
    if (!Number.isNaN(value)) this.#value = value;
    return this.#startMs;
  }
}

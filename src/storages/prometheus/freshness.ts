/** Shortest age at which metrics can count as stale when nobody says so. */
const LEAST_MS = 60_000;
/** Rounds that may be missing. */
const ROUNDS = 3;

/** Whether the last batch still tells how things are. */
export class Freshness {
  readonly #maxAgeMs: number | undefined;
  #timeMs: number | undefined;
  #spanMs = 0;

  /** `maxAgeMs` absent: three times the span between the last two batches, at least a minute. */
  constructor(maxAgeMs: number | undefined) {
    this.#maxAgeMs = maxAgeMs;
  }

  /** A batch of this time came, milliseconds since the epoch. */
  note(timeMs: number): void {
    // Batches of one round have the same time.
    if (this.#timeMs !== undefined && timeMs !== this.#timeMs) this.#spanMs = timeMs - this.#timeMs;
    this.#timeMs = timeMs;
  }

  /** Why there is nothing to be served; nothing when there is. */
  fault(nowMs: number): string | undefined {
    if (this.#timeMs === undefined) return "no metrics yet";
    const ageMs = nowMs - this.#timeMs;
    const maxAgeMs = this.#maxAgeMs ?? Math.max(LEAST_MS, ROUNDS * this.#spanMs);
    if (ageMs <= maxAgeMs) return undefined;
    return `the last metrics are ${Math.round(ageMs / 1000)} s old, more than ${Math.round(maxAgeMs / 1000)} s`;
  }

  clear(): void {
    this.#timeMs = undefined;
    this.#spanMs = 0;
  }
}

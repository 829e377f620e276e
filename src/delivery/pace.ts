/** A round that takes longer than this is not waited for. */
const LONGEST_ROUND_MS = 1_000;
/** How often is asked whether a round is over. */
const ASK_MS = 20;
/** For what the work takes longer than last time, and for the inexactness of timers. */
const RESERVE = 1.5;
const RESERVE_MS = 5;

/** When queues may work off what waits, so that no round starts late for it. */
export class Pace {
  #roundAtMs = Number.NEGATIVE_INFINITY;
  #freeMs = 0;

  /** A round is over, and the next one begins then, on the clock of `performance.now`. */
  nextRound(atMs: number): void {
    this.#roundAtMs = atMs;
    this.#freeMs = atMs - performance.now();
  }

  /** Milliseconds until work of so many milliseconds may begin or should ask again; 0: now. */
  waitMs(workMs: number): number {
    const wantedMs = workMs * RESERVE + RESERVE_MS;
    // It would never fit.
    if (wantedMs > this.#freeMs / 2) return 0;
    const leftMs = this.#roundAtMs - performance.now();
    if (leftMs >= wantedMs || leftMs < -LONGEST_ROUND_MS) return 0;
    return Math.max(leftMs, 0) + ASK_MS;
  }
}

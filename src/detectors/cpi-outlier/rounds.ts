/** Rounds that are remembered. */
export const REMEMBERED_ROUNDS = 600;
/** A clock that was set back by more than this many seconds is believed. */
const MOST_STEP_BACK_SECS = 60;

/** The times of the last rounds. Tasks keep their samples in the same slots. */
export class Rounds {
  readonly #times = new Float64Array(REMEMBERED_ROUNDS);
  #count = 0;

  /**
   * Begins a round. `still`: the clock has not moved on, so nothing can be said of the time between. `back`: it
   * was set back for good, so all that was remembered is worthless, and this is the first round again.
   */
  begin(secs: number): "round" | "still" | "back" {
    const isBack = secs < this.time - MOST_STEP_BACK_SECS;
    if (isBack) this.#count = 0;
    else if (secs <= this.time) return "still";
    this.#count += 1;
    this.#times[this.slot] = secs;
    return isBack ? "back" : "round";
  }

  /** Of this round; NaN before the first. */
  get time(): number {
    return this.#count === 0 ? Number.NaN : this.timeAt(this.slot);
  }

  /** Where this round's samples are. */
  get slot(): number {
    return (this.#count - 1) % REMEMBERED_ROUNDS;
  }

  timeAt(slot: number): number {
    return this.#times[slot] ?? Number.NaN;
  }

  /** Slots in the order of time, this round last. */
  *slots(): Generator<number> {
    for (let round = Math.max(0, this.#count - REMEMBERED_ROUNDS); round < this.#count; round++) {
      yield round % REMEMBERED_ROUNDS;
    }
  }
}

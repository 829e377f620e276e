/** Rounds that are remembered. */
export const REMEMBERED_ROUNDS: i32 = 600;
// A clock that was set back by more than this many seconds is believed.
const MOST_STEP_BACK_SECS: f64 = 60;

export enum Began {
  Round,
  /** The clock has not moved on: nothing can be said of the time between. */
  Still,
  /** It was set back for good: this is the first round again. */
  Back,
}

/** The times of the last rounds. Tasks keep their samples in the same slots. */
export class Rounds {
  count: i32 = 0;
  private times: StaticArray<f64> = new StaticArray<f64>(REMEMBERED_ROUNDS);

  begin(secs: f64): Began {
    const isBack = secs < this.time - MOST_STEP_BACK_SECS;
    if (isBack) this.count = 0;
    else if (secs <= this.time) return Began.Still;
    this.count++;
    this.times[this.slot] = secs;
    return isBack ? Began.Back : Began.Round;
  }

  get slot(): i32 {
    return (this.count - 1) % REMEMBERED_ROUNDS;
  }

  /** Of this round; NaN before the first. */
  get time(): f64 {
    return this.count == 0 ? NaN : this.times[this.slot];
  }

  timeAt(slot: i32): f64 {
    return this.times[slot];
  }

  /** The number of the oldest round that is remembered. */
  get first(): i32 {
    return this.count > REMEMBERED_ROUNDS ? this.count - REMEMBERED_ROUNDS : 0;
  }
}

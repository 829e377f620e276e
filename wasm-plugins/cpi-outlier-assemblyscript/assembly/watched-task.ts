import { Contention } from "./contention";
import { LoadHistory } from "./load-history";
import { Moments } from "./moments";
import { Options, Signal } from "./options";
import { Rates, Readings } from "./readings";
import { REMEMBERED_ROUNDS } from "./rounds";

// Rounds in a row in which a task ran uncounted before its counters are given up.
const MOST_UNCOUNTED: i32 = 10;
const LEAST_RUNNING_USAGE: f64 = 0.02;

/** All that is remembered of a task. */
export class WatchedTask {
  usages: StaticArray<f64> = new StaticArray<f64>(REMEMBERED_ROUNDS);
  values: StaticArray<f64> = new StaticArray<f64>(REMEMBERED_ROUNDS);
  history: LoadHistory;
  cacheMisses: Moments = new Moments();
  hits: f64[] = [];
  /** NaN: the last sample was good. */
  outlierSince: f64 = NaN;
  lastOutlier: f64 = -Infinity;
  signal: Signal = Signal.None;
  rates: Rates = new Rates();
  contention: Contention | null = null;
  private readings: Readings | null = null;
  private uncounted: i32 = 0;

  constructor(
    public id: string,
    public identity: f64,
    options: Options,
  ) {
    this.history = new LoadHistory(options);
    this.forgetValues();
  }

  /** Takes the readings of a round; `secs` are those since the round before. */
  read(readings: Readings, secs: f64, slot: i32): void {
    const before = this.readings;
    this.rates = before == null ? new Rates() : Rates.between(before, readings, secs);
    this.readings = readings;
    const usage = this.rates.usage;
    this.usages[slot] = isNaN(usage) ? 0 : usage;
    this.values[slot] = NaN;
  }

  /** What to judge the task by. A round without instructions is no reason to give its history up. */
  chooseSignal(wanted: Signal): Signal {
    if (wanted != Signal.None) return wanted;
    if (!isNaN(this.rates.cpi)) {
      this.uncounted = 0;
      return Signal.Cpi;
    }
    if (this.signal == Signal.Cpi) {
      if (this.rates.usage >= LEAST_RUNNING_USAGE) this.uncounted++;
      if (this.uncounted < MOST_UNCOUNTED) return Signal.Cpi;
    }
    return isNaN(this.rates.pressure) ? this.signal : Signal.Psi;
  }

  /** Forgets what is normal for the task. */
  relearn(): void {
    this.history.forget();
    this.cacheMisses = new Moments();
    this.hits = [];
    this.outlierSince = NaN;
  }

  forgetValues(): void {
    for (let i = 0; i < REMEMBERED_ROUNDS; i++) this.values[i] = NaN;
  }
}

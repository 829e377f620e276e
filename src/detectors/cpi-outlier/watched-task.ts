import type { Contention } from "./contention.ts";
import { LoadHistory } from "./load-history.ts";
import { Moments } from "./moments.ts";
import type { Signal } from "./options.ts";
import { NO_RATES, type Rates, type Readings, ratesBetween } from "./readings.ts";
import { REMEMBERED_ROUNDS } from "./rounds.ts";

/** Rounds in a row in which a task ran uncounted before its counters are given up. */
const MOST_UNCOUNTED = 10;
const LEAST_RUNNING_USAGE = 0.02;

/** All that is remembered of a task. */
export class WatchedTask {
  readonly id: string;
  readonly identity: number;
  /** CPUs used in each remembered round, 0 where it was not there or not known. */
  readonly usages = new Float64Array(REMEMBERED_ROUNDS);
  /** The signal in each remembered round; NaN: no sample. */
  readonly values = new Float64Array(REMEMBERED_ROUNDS).fill(Number.NaN);
  readonly history: LoadHistory;
  /** Cache misses per 1000 instructions in good times. */
  cacheMisses = new Moments();
  /** Times of the last outliers. */
  hits: number[] = [];
  /** Since when there have been outliers only. */
  outlierSince: number | undefined;
  lastOutlier = Number.NEGATIVE_INFINITY;
  signal: Signal | undefined;
  rates: Rates = NO_RATES;
  /** The anomaly that lasts. */
  contention: Contention | undefined;
  #readings: Readings | undefined;
  #uncounted = 0;

  constructor(
    id: string,
    identity: number,
    options: { readonly load_step: number; readonly min_samples: number },
  ) {
    this.id = id;
    this.identity = identity;
    this.history = new LoadHistory(options);
  }

  /** Takes the readings of a round; `secs` are those since the round before. */
  read(readings: Readings, secs: number, slot: number): void {
    this.rates = this.#readings === undefined ? NO_RATES : ratesBetween(this.#readings, readings, secs);
    this.#readings = readings;
    const { usage } = this.rates;
    this.usages[slot] = Number.isNaN(usage) ? 0 : usage;
    this.values[slot] = Number.NaN;
  }

  /** What to judge the task by. A round without instructions is no reason to give its history up. */
  chooseSignal(wanted: Signal | "auto"): Signal | undefined {
    if (wanted !== "auto") return wanted;
    if (!Number.isNaN(this.rates.cpi)) {
      this.#uncounted = 0;
      return "cpi";
    }
    if (this.signal === "cpi") {
      if (this.rates.usage >= LEAST_RUNNING_USAGE) this.#uncounted += 1;
      if (this.#uncounted < MOST_UNCOUNTED) return "cpi";
    }
    return Number.isNaN(this.rates.pressure) ? this.signal : "psi";
  }

  /** Forgets what is normal for the task. */
  relearn(): void {
    this.history.forget();
    this.cacheMisses = new Moments();
    this.hits = [];
    this.outlierSince = undefined;
  }
}

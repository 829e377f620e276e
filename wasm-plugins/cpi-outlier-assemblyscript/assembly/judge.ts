import { Anomaly } from "../../pdk/assemblyscript/decision";
import { ContenderSearch } from "./contenders";
import { Contention, Outlier } from "./contention";
import { Options, Signal } from "./options";
import { Rounds } from "./rounds";
import { WatchedTask } from "./watched-task";

// CPUs below which a task says nothing: hardly running, its CPI is noise.
const LEAST_USAGE_CPI: f64 = 0.25;
const LEAST_USAGE_PSI: f64 = 0.02;
// Share of the waiting from which it was the task's own quota.
const OWN_QUOTA: f64 = 0.5;

/** Says how a task fares in a round, and remembers it in the task. */
export class Judge {
  /** Whether `look` found a sample. */
  private isSample: bool = false;
  private search: ContenderSearch;

  constructor(
    private options: Options,
    private rounds: Rounds,
  ) {
    this.search = new ContenderSearch(options);
  }

  judge(task: WatchedTask, present: WatchedTask[]): Anomaly | null {
    const before = task.signal;
    task.signal = task.chooseSignal(this.options.signal);
    if (before != Signal.None && task.signal != before) return this.changeSignal(task);
    const outlier = this.look(task);
    this.count(task, outlier != null);
    const anomaly = outlier == null ? this.calm(task) : this.suffering(task, outlier, present);
    const lasts = this.rounds.time - task.outlierSince;
    return lasts >= this.options.relearnAfter ? this.relearn(task, anomaly) : anomaly;
  }

  /** One signal says nothing of another: the task is new, but for what suspects used. */
  private changeSignal(task: WatchedTask): Anomaly | null {
    const contention = task.contention;
    task.relearn();
    task.forgetValues();
    task.contention = null;
    return contention == null ? null : contention.toAnomaly(task.id, "clear");
  }

  /** Compares this round's sample with the history, and learns from it when all is well. */
  private look(task: WatchedTask): Outlier | null {
    const rates = task.rates;
    const isCpi = task.signal == Signal.Cpi;
    this.isSample = false;
    if (task.signal == Signal.None) return null;
    const value = isCpi ? rates.cpi : rates.pressure;
    const minUsage = this.options.minUsage;
    const isLoaded = rates.usage >= (isNaN(minUsage) ? (isCpi ? LEAST_USAGE_CPI : LEAST_USAGE_PSI) : minUsage);
    if (isNaN(value) || (isCpi && !isLoaded)) return null;
    this.isSample = true;
    if (!isCpi && rates.throttled > OWN_QUOTA * value) return null;
    task.values[this.rounds.slot] = value;
    const usage = isNaN(rates.usage) ? 0 : rates.usage;
    const outlier = this.outlier(task, value, usage);
    if (outlier == null && isLoaded && task.contention == null) {
      task.history.learn(usage, value);
      if (!isNaN(rates.mpki)) task.cacheMisses.add(rates.mpki);
    }
    return outlier;
  }

  private outlier(task: WatchedTask, value: f64, usage: f64): Outlier | null {
    const baseline = task.history.baseline(usage);
    if (baseline == null) return null;
    const mean = baseline.mean;
    const excess = task.signal == Signal.Cpi ? mean * this.options.minExcess : this.options.minExcess;
    const byDeviation = mean + this.options.sigmas * baseline.deviation;
    const byExcess = mean + excess;
    const threshold = byDeviation > byExcess ? byDeviation : byExcess;
    return value > threshold ? new Outlier(task.signal, value, mean, threshold) : null;
  }

  /** Keeps the book of outliers. A row of them ends with a good sample, or without any samples after a while. */
  private count(task: WatchedTask, isOutlier: bool): void {
    const secs = this.rounds.time;
    if (isOutlier) {
      if (isNaN(task.outlierSince)) task.outlierSince = secs;
      task.lastOutlier = secs;
      task.hits.push(secs);
      if (task.hits.length > this.options.hits) task.hits.shift();
    } else if (this.isSample || secs - task.lastOutlier >= this.options.clearAfter) {
      task.outlierSince = NaN;
    }
  }

  private suffering(task: WatchedTask, outlier: Outlier, present: WatchedTask[]): Anomaly | null {
    const contenders = this.search.find(task, present, this.rounds, outlier.threshold);
    let contention = task.contention;
    if (contention != null) {
      contention.outlier = outlier;
      contention.blame(contenders);
      return contention.toAnomaly(task.id, "ongoing");
    }
    const hits = task.hits;
    if (hits.length < this.options.hits || hits[0] < this.rounds.time - this.options.window) return null;
    if (contenders.length == 0 && !this.options.reportUnattributed) return null;
    contention = new Contention(this.resource(task), outlier);
    contention.blame(contenders);
    task.contention = contention;
    return contention.toAnomaly(task.id, "onset");
  }

  private calm(task: WatchedTask): Anomaly | null {
    const contention = task.contention;
    if (contention == null) return null;
    if (this.rounds.time - task.lastOutlier < this.options.clearAfter) {
      return contention.toAnomaly(task.id, "ongoing");
    }
    task.contention = null;
    task.hits = [];
    return contention.toAnomaly(task.id, "clear");
  }

  /** Misses that grew as well speak for the cache; else counters do not tell what was contended for. */
  private resource(task: WatchedTask): string {
    if (task.signal == Signal.Psi) return "cpus";
    const normal = task.cacheMisses;
    const mpki = task.rates.mpki;
    const grew =
      mpki > normal.mean + this.options.sigmas * normal.deviation &&
      mpki > normal.mean * (1.0 + this.options.minExcess);
    return normal.count >= this.options.minSamples && grew ? "cache" : "unknown resource";
  }

  /** Ends what had begun before this round. */
  private relearn(task: WatchedTask, anomaly: Anomaly | null): Anomaly | null {
    const contention = task.contention;
    task.relearn();
    task.contention = null;
    if (anomaly == null || anomaly.state == "onset") return null;
    return contention == null ? anomaly : contention.toAnomaly(task.id, "clear");
  }
}

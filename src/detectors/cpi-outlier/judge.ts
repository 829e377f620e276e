import type { z } from "zod";
import type { ContentionAnomaly, Resource } from "../../model/anomaly.ts";
import type { ContenderSearch } from "./contenders.ts";
import { anomalyOf, contentionOf, type Outlier, withoutGone } from "./contention.ts";
import type { CPI_OUTLIER_OPTIONS, Signal } from "./options.ts";
import type { Rounds } from "./rounds.ts";
import type { WatchedTask } from "./watched-task.ts";

type Options = z.output<z.ZodObject<typeof CPI_OUTLIER_OPTIONS>>;

/** CPUs below which a task says nothing: hardly running, its CPI is noise. */
const LEAST_USAGE: Readonly<Record<Signal, number>> = { cpi: 0.25, psi: 0.02 };
/** Share of the waiting from which it was the task's own quota. */
const OWN_QUOTA = 0.5;

/** A round, all its tasks read. */
export interface ReadRound {
  readonly secs: number;
  readonly rounds: Rounds;
  readonly tasks: ReadonlyMap<string, WatchedTask>;
  readonly present: readonly WatchedTask[];
}

/** Says how a task fares in a round, and remembers it in the task. */
export class Judge {
  readonly #options: Options;
  readonly #search: ContenderSearch;

  constructor(options: Options, search: ContenderSearch) {
    this.#options = options;
    this.#search = search;
  }

  judge(task: WatchedTask, round: ReadRound): ContentionAnomaly | undefined {
    if (task.contention !== undefined) {
      task.contention = withoutGone(task.contention, (id) => round.tasks.has(id));
    }
    const before = task.signal;
    task.signal = task.chooseSignal(this.#options.signal);
    if (before !== undefined && task.signal !== before) return this.#changeSignal(task);
    const { isSample, outlier } = this.#look(task, round.rounds.slot);
    this.#count(task, { secs: round.secs, isSample, isOutlier: outlier !== undefined });
    const anomaly =
      outlier === undefined ? this.#calm(task, round.secs) : this.#suffering(task, outlier, round);
    return this.#mustRelearn(task, round.secs) ? this.#relearn(task, anomaly) : anomaly;
  }

  /** One signal says nothing of another: the task is new, but for what suspects used. */
  #changeSignal(task: WatchedTask): ContentionAnomaly | undefined {
    const { contention } = task;
    task.relearn();
    task.values.fill(Number.NaN);
    task.contention = undefined;
    return contention && anomalyOf(task.id, contention, "clear");
  }

  /** Compares this round's sample with the history, and learns from it when all is well. */
  #look(task: WatchedTask, slot: number): { readonly isSample: boolean; readonly outlier?: Outlier } {
    const { signal, rates, history } = task;
    if (signal === undefined) return { isSample: false };
    const value = signal === "cpi" ? rates.cpi : rates.pressure;
    const isLoaded = rates.usage >= (this.#options.min_usage ?? LEAST_USAGE[signal]);
    if (Number.isNaN(value) || (signal === "cpi" && !isLoaded)) return { isSample: false };
    if (signal === "psi" && rates.throttled > OWN_QUOTA * value) return { isSample: true };
    task.values[slot] = value;
    const usage = Number.isNaN(rates.usage) ? 0 : rates.usage;
    const outlier = this.#outlier(task, signal, { value, usage });
    if (outlier !== undefined) return { isSample: true, outlier };
    if (isLoaded && task.contention === undefined) {
      history.learn(usage, value);
      if (!Number.isNaN(rates.mpki)) task.cacheMisses.add(rates.mpki);
    }
    return { isSample: true };
  }

  #outlier(
    { history }: WatchedTask,
    signal: Signal,
    { value, usage }: { readonly value: number; readonly usage: number },
  ): Outlier | undefined {
    const baseline = history.baseline(usage);
    if (baseline === undefined) return undefined;
    const { sigmas, min_excess } = this.#options;
    const { mean, deviation } = baseline;
    const excess = signal === "cpi" ? mean * min_excess : min_excess;
    const threshold = Math.max(mean + sigmas * deviation, mean + excess);
    return value > threshold ? { signal, value, mean, threshold } : undefined;
  }

  /** Keeps the book of outliers. A row of them ends with a good sample, or without any samples after a while. */
  #count(
    task: WatchedTask,
    {
      secs,
      isSample,
      isOutlier,
    }: { readonly secs: number; readonly isSample: boolean; readonly isOutlier: boolean },
  ): void {
    if (isOutlier) {
      task.outlierSince ??= secs;
      task.lastOutlier = secs;
      task.hits.push(secs);
      if (task.hits.length > this.#options.hits) task.hits.shift();
    } else if (isSample || secs - task.lastOutlier >= this.#options.clear_after) {
      task.outlierSince = undefined;
    }
  }

  #suffering(
    task: WatchedTask,
    outlier: Outlier,
    { present, rounds, secs }: ReadRound,
  ): ContentionAnomaly | undefined {
    const { hits, window, report_unattributed } = this.#options;
    const before = task.contention;
    const contenders =
      this.#search.find(task, { tasks: present, rounds, threshold: outlier.threshold }) ?? [];
    if (before === undefined) {
      const [first] = task.hits;
      if (first === undefined || task.hits.length < hits || first < secs - window) return undefined;
      if (contenders.length === 0 && !report_unattributed) return undefined;
    }
    const resource = before?.resource ?? this.#resource(task, outlier.signal);
    task.contention = contentionOf(outlier, { resource, contenders, before });
    return anomalyOf(task.id, task.contention, before === undefined ? "onset" : "ongoing");
  }

  #calm(task: WatchedTask, secs: number): ContentionAnomaly | undefined {
    const { contention } = task;
    if (contention === undefined) return undefined;
    if (secs - task.lastOutlier < this.#options.clear_after) return anomalyOf(task.id, contention, "ongoing");
    task.contention = undefined;
    task.hits = [];
    return anomalyOf(task.id, contention, "clear");
  }

  /** Misses that grew as well speak for the cache; else counters do not tell what was contended for. */
  #resource({ rates, cacheMisses }: WatchedTask, signal: Signal): Resource {
    if (signal === "psi") return "cpus";
    const { sigmas, min_excess, min_samples } = this.#options;
    const { count, mean, deviation } = cacheMisses;
    const grew = rates.mpki > mean + sigmas * deviation && rates.mpki > mean * (1 + min_excess);
    return count >= min_samples && grew ? "cache" : "unknown resource";
  }

  #mustRelearn({ outlierSince }: WatchedTask, secs: number): boolean {
    return outlierSince !== undefined && secs - outlierSince >= this.#options.relearn_after;
  }

  /** Ends what had begun before this round. */
  #relearn(task: WatchedTask, anomaly: ContentionAnomaly | undefined): ContentionAnomaly | undefined {
    const { contention } = task;
    task.relearn();
    task.contention = undefined;
    if (anomaly === undefined || anomaly.state === "onset") return undefined;
    return contention === undefined ? anomaly : anomalyOf(task.id, contention, "clear");
  }
}

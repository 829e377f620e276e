import { REMEMBERED_ROUNDS, type Rounds } from "./rounds.ts";
import type { WatchedTask } from "./watched-task.ts";

/** CPUs that a suspect uses more in bad rounds, on average, from which it can be to blame at all. */
const LEAST_EXTRA_USAGE = 0.05;

/** A task that is thought to slow another one down. */
export interface Contender {
  readonly id: string;
  /** -1 to 1: how far what it used beyond its usual went along with the other's suffering. */
  readonly score: number;
}

interface Suspect extends Contender {
  readonly extraUsage: number;
}

export interface ContenderOptions {
  readonly correlation: number;
  readonly correlation_window: number;
  readonly max_contenders: number;
}

/** Finds out who was busy while a task suffered: the antagonist score of CPI². Its arrays are used again and again. */
export class ContenderSearch {
  readonly #options: ContenderOptions;
  readonly #slots = new Uint16Array(REMEMBERED_ROUNDS);
  readonly #weights = new Float64Array(REMEMBERED_ROUNDS);
  readonly #goodSlots = new Uint16Array(REMEMBERED_ROUNDS);
  readonly #badSlots = new Uint16Array(REMEMBERED_ROUNDS);
  #count = 0;
  #good = 0;
  #bad = 0;

  constructor(options: ContenderOptions) {
    this.#options = options;
  }

  /** The most suspicious first. Nothing when the task has had no good round to compare with. */
  find(
    victim: WatchedTask,
    {
      tasks,
      rounds,
      threshold,
    }: { readonly tasks: readonly WatchedTask[]; readonly rounds: Rounds; readonly threshold: number },
  ): readonly Contender[] | undefined {
    this.#weigh(victim, rounds, threshold);
    if (this.#good === 0) return undefined;
    const suspects: Suspect[] = [];
    for (const task of tasks) {
      const suspect = task === victim ? undefined : this.#suspect(task);
      if (suspect !== undefined && suspect.score >= this.#options.correlation) suspects.push(suspect);
    }
    suspects.sort(
      (a, b) =>
        b.score - a.score ||
        b.extraUsage - a.extraUsage ||
        Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)),
    );
    return suspects.slice(0, this.#options.max_contenders).map(({ id, score }) => ({ id, score }));
  }

  /** How bad each remembered round was for the victim, seen from the threshold of now. */
  #weigh(victim: WatchedTask, rounds: Rounds, threshold: number): void {
    const after = rounds.timeAt(rounds.slot) - this.#options.correlation_window;
    this.#count = 0;
    this.#good = 0;
    this.#bad = 0;
    for (const slot of rounds.slots()) {
      const value = victim.values[slot] ?? Number.NaN;
      if (Number.isNaN(value) || !(rounds.timeAt(slot) > after)) continue;
      const isBad = value > threshold;
      this.#slots[this.#count] = slot;
      this.#weights[this.#count] = isBad ? 1 - threshold / value : threshold > 0 ? value / threshold - 1 : 0;
      this.#count += 1;
      if (isBad) this.#badSlots[this.#bad++] = slot;
      else this.#goodSlots[this.#good++] = slot;
    }
  }

  /**
   * What a task used beyond its own usage in the good rounds: one that is always busy is innocent. Most tasks
   * are, and are left out before all rounds have been looked at.
   */
  #suspect({ id, usages }: WatchedTask): Suspect | undefined {
    if (sumAbove(0, usages, this.#badSlots, this.#bad) / this.#bad < LEAST_EXTRA_USAGE) return undefined;
    const base = sumAbove(0, usages, this.#goodSlots, this.#good) / this.#good;
    const extraUsage = sumAbove(base, usages, this.#badSlots, this.#bad);
    if (extraUsage / this.#bad < LEAST_EXTRA_USAGE) return undefined;
    const all = sumAbove(base, usages, this.#slots, this.#count);
    const score = weighedSum(usages, {
      base,
      all,
      slots: this.#slots,
      weights: this.#weights,
      count: this.#count,
    });
    return { id, score, extraUsage };
  }
}

/** The sum of what the values in the first `count` slots exceed the base by. */
function sumAbove(base: number, values: Float64Array, slots: Uint16Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const extra = (values[slots[i] ?? 0] ?? 0) - base;
    if (extra > 0) sum += extra;
  }
  return sum;
}

interface Weighing {
  readonly base: number;
  /** What all excesses together are: each counts by its share. */
  readonly all: number;
  readonly slots: Uint16Array;
  readonly weights: Float64Array;
  readonly count: number;
}

function weighedSum(values: Float64Array, { base, all, slots, weights, count }: Weighing): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const extra = (values[slots[i] ?? 0] ?? 0) - base;
    if (extra > 0) sum += (extra / all) * (weights[i] ?? 0);
  }
  return sum;
}

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
  readonly #isBad = new Uint8Array(REMEMBERED_ROUNDS);
  #count = 0;
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
    if (this.#bad === this.#count) return undefined;
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
    this.#bad = 0;
    for (const slot of rounds.slots()) {
      const value = victim.values[slot] ?? Number.NaN;
      if (Number.isNaN(value) || !(rounds.timeAt(slot) > after)) continue;
      const isBad = value > threshold;
      this.#slots[this.#count] = slot;
      this.#isBad[this.#count] = isBad ? 1 : 0;
      this.#weights[this.#count] = isBad ? 1 - threshold / value : threshold > 0 ? value / threshold - 1 : 0;
      this.#count += 1;
      if (isBad) this.#bad += 1;
    }
  }

  /** What a task used beyond its own usage in the good rounds: one that is always busy is innocent. */
  #suspect({ id, usages }: WatchedTask): Suspect | undefined {
    let inGood = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#isBad[i] === 0) inGood += usages[this.#slots[i] ?? 0] ?? 0;
    }
    const base = inGood / (this.#count - this.#bad);
    let extraUsage = 0;
    let extraInBad = 0;
    for (let i = 0; i < this.#count; i++) {
      const extra = Math.max(0, (usages[this.#slots[i] ?? 0] ?? 0) - base);
      extraUsage += extra;
      if (this.#isBad[i] === 1) extraInBad += extra;
    }
    if (extraUsage <= 0 || extraInBad / this.#bad < LEAST_EXTRA_USAGE) return undefined;
    let score = 0;
    for (let i = 0; i < this.#count; i++) {
      const extra = Math.max(0, (usages[this.#slots[i] ?? 0] ?? 0) - base);
      score += (extra / extraUsage) * (this.#weights[i] ?? 0);
    }
    return { id, score, extraUsage: extraInBad };
  }
}

import { Options } from "./options";
import { REMEMBERED_ROUNDS, Rounds } from "./rounds";
import { WatchedTask } from "./watched-task";

// CPUs that a suspect uses more in bad rounds, on average, from which it can be to blame at all.
const LEAST_EXTRA_USAGE: f64 = 0.05;

/** A task that is thought to slow another one down. */
export class Contender {
  constructor(
    public id: string,
    public score: f64,
    public extraUsage: f64,
  ) {}
}

/** Slots of rounds, the oldest first. */
class Slots {
  count: i32 = 0;
  private slots: StaticArray<i32> = new StaticArray<i32>(REMEMBERED_ROUNDS);

  add(slot: i32): void {
    this.slots[this.count++] = slot;
  }

  at(index: i32): i32 {
    return unchecked(this.slots[index]);
  }

  /** The sum of what the values exceed the base by. */
  sumAbove(base: f64, values: StaticArray<f64>): f64 {
    let sum: f64 = 0;
    for (let i = 0; i < this.count; i++) {
      const extra = unchecked(values[this.slots[i]]) - base;
      if (extra > 0) sum += extra;
    }
    return sum;
  }
}

/** Finds out who was busy while a task suffered: the antagonist score of CPI2. */
export class ContenderSearch {
  private all: Slots = new Slots();
  private good: Slots = new Slots();
  private bad: Slots = new Slots();
  private weights: StaticArray<f64> = new StaticArray<f64>(REMEMBERED_ROUNDS);

  constructor(private options: Options) {}

  /** The most suspicious first. None also when the task has had no good round to compare with. */
  find(victim: WatchedTask, tasks: WatchedTask[], rounds: Rounds, threshold: f64): Contender[] {
    const suspects: Contender[] = [];
    this.weigh(victim, rounds, threshold);
    if (this.good.count == 0) return suspects;
    for (let i = 0; i < tasks.length; i++) {
      if (tasks[i] == victim) continue;
      const suspect = this.suspect(tasks[i]);
      if (suspect != null && suspect.score >= this.options.correlation) suspects.push(suspect);
    }
    suspects.sort(compareContenders);
    return suspects.slice(0, this.options.maxContenders);
  }

  /** How bad each remembered round was for the victim, seen from the threshold of now. */
  private weigh(victim: WatchedTask, rounds: Rounds, threshold: f64): void {
    const after = rounds.time - this.options.correlationWindow;
    this.all.count = this.good.count = this.bad.count = 0;
    for (let round = rounds.first; round < rounds.count; round++) {
      const slot = round % REMEMBERED_ROUNDS;
      const value = victim.values[slot];
      if (isNaN(value) || !(rounds.timeAt(slot) > after)) continue;
      const isBad = value > threshold;
      this.weights[this.all.count] = isBad ? 1.0 - threshold / value : threshold > 0 ? value / threshold - 1.0 : 0;
      this.all.add(slot);
      if (isBad) this.bad.add(slot);
      else this.good.add(slot);
    }
  }

  /**
   * What a task used beyond its own usage in the good rounds: one that is always busy is innocent. Most tasks
   * are, and are left out before all rounds have been looked at.
   */
  private suspect(task: WatchedTask): Contender | null {
    const usages = task.usages;
    const bad = <f64>this.bad.count;
    if (this.bad.sumAbove(0, usages) / bad < LEAST_EXTRA_USAGE) return null;
    const base = this.good.sumAbove(0, usages) / <f64>this.good.count;
    const extraUsage = this.bad.sumAbove(base, usages);
    if (extraUsage / bad < LEAST_EXTRA_USAGE) return null;
    const all = this.all.sumAbove(base, usages);
    let score: f64 = 0;
    for (let i = 0; i < this.all.count; i++) {
      const extra = unchecked(usages[this.all.at(i)]) - base;
      if (extra > 0) score += (extra / all) * this.weights[i];
    }
    return new Contender(task.id, score, extraUsage);
  }
}

/** By score, then by what was used, then by the bytes of the name. */
function compareContenders(a: Contender, b: Contender): i32 {
  if (a.score != b.score) return a.score > b.score ? -1 : 1;
  if (a.extraUsage != b.extraUsage) return a.extraUsage > b.extraUsage ? -1 : 1;
  const x = Uint8Array.wrap(String.UTF8.encode(a.id));
  const y = Uint8Array.wrap(String.UTF8.encode(b.id));
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return x.length - y.length;
}

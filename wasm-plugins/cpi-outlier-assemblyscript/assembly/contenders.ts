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

/** Finds out who was busy while a task suffered: the antagonist score of CPI2. */
export class ContenderSearch {
  private slots: StaticArray<i32> = new StaticArray<i32>(REMEMBERED_ROUNDS);
  private weights: StaticArray<f64> = new StaticArray<f64>(REMEMBERED_ROUNDS);
  private isBad: StaticArray<bool> = new StaticArray<bool>(REMEMBERED_ROUNDS);
  private count: i32 = 0;
  private bad: i32 = 0;

  constructor(private options: Options) {}

  /** The most suspicious first. None also when the task has had no good round to compare with. */
  find(victim: WatchedTask, tasks: WatchedTask[], rounds: Rounds, threshold: f64): Contender[] {
    const suspects: Contender[] = [];
    this.weigh(victim, rounds, threshold);
    if (this.bad == this.count) return suspects;
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
    this.count = 0;
    this.bad = 0;
    for (let round = rounds.first; round < rounds.count; round++) {
      const slot = round % REMEMBERED_ROUNDS;
      const value = victim.values[slot];
      if (isNaN(value) || !(rounds.timeAt(slot) > after)) continue;
      const isBad = value > threshold;
      this.slots[this.count] = slot;
      this.isBad[this.count] = isBad;
      this.weights[this.count] = isBad ? 1.0 - threshold / value : threshold > 0 ? value / threshold - 1.0 : 0;
      this.count++;
      if (isBad) this.bad++;
    }
  }

  /** What a task used beyond its own usage in the good rounds: one that is always busy is innocent. */
  private suspect(task: WatchedTask): Contender | null {
    const usages = task.usages;
    let inGood: f64 = 0;
    for (let i = 0; i < this.count; i++) if (!this.isBad[i]) inGood += usages[this.slots[i]];
    const base = inGood / <f64>(this.count - this.bad);
    let extraUsage: f64 = 0;
    let extraInBad: f64 = 0;
    for (let i = 0; i < this.count; i++) {
      const extra = usages[this.slots[i]] - base;
      if (!(extra > 0)) continue;
      extraUsage += extra;
      if (this.isBad[i]) extraInBad += extra;
    }
    if (extraUsage <= 0 || extraInBad / <f64>this.bad < LEAST_EXTRA_USAGE) return null;
    let score: f64 = 0;
    for (let i = 0; i < this.count; i++) {
      const extra = usages[this.slots[i]] - base;
      if (extra > 0) score += (extra / extraUsage) * this.weights[i];
    }
    return new Contender(task.id, score, extraInBad);
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

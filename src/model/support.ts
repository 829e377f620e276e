import type { Task } from "./task.ts";

/** One thing this host can or cannot do: a row of `wca doctor`. */
export interface Support {
  /** Who needs it: a collector, a node, a storage. */
  readonly component: string;
  /** What it is for, in a few words: `CPU time per task`. */
  readonly feature: string;
  /** `unknown` when it cannot be told before there is something to look at. */
  readonly supported: boolean | "unknown";
  /** When supported, where it is read; otherwise which file, mount, kernel option or capability is missing. */
  readonly detail: string;
}

/** A component that can tell beforehand what this host supports. Must not change anything. */
export interface Probing {
  /** `tasks`: those that are there now, as far as known. */
  probe(tasks: readonly Task[]): readonly Support[] | Promise<readonly Support[]>;
}

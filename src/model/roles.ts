/*
 * The roles a component can have: one verb each. `open` may touch the world, `close` is safe unopened
 * and twice. A class is recognised by the name in its `role`, not by `instanceof`: a user's file may
 * carry a second copy of these classes.
 */
import type { Metric } from "./metric.ts";
import type { Round } from "./round.ts";
import type { Task } from "./task.ts";

export const ROLES = ["runner", "node", "collector", "storage", "labeler"] as const;
export type Role = (typeof ROLES)[number];

/** What every component may have beside its verb. */
export interface Lifecycle {
  open?(): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** Composes a round and repeats it. Returns the exit code, 0 when it returns nothing. */
export abstract class Runner {
  static readonly role: Role = "runner";
  abstract run(signal: AbortSignal): Promise<number | undefined> | Promise<void>;
}

/** Finds the tasks of this host. */
export abstract class Node {
  static readonly role: Role = "node";
  abstract discover(): readonly Task[] | Promise<readonly Task[]>;
}

/** Measures one kernel source, for the platform or for every task of the round. */
export abstract class Collector {
  static readonly role: Role = "collector";
  abstract measure(round: Round): void;
}

/** Keeps or sends metrics. Throws `FailedDeliveryError` when they did not arrive. */
export abstract class Storage {
  static readonly role: Role = "storage";
  abstract store(metrics: readonly Metric[]): void | Promise<void>;
}

/** Makes the value of one label of a task; nothing leaves the label out. */
export abstract class Labeler {
  static readonly role: Role = "labeler";
  abstract label(task: Task): string | undefined;
}

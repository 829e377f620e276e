import type { Measurement } from "./metric.ts";
import type { Platform } from "./platform.ts";
import type { Task } from "./task.ts";

/** A task while its measurements are being gathered. */
export interface TaskUnderMeasure {
  readonly task: Task;
  /** Holds those of the last round still: a collector writes what it measures and takes out what is absent. */
  readonly measurements: Record<string, Measurement>;
}

/** What collectors fill. One is made for each round. */
export interface Round {
  /** Wall clock at the start of the round, milliseconds since the epoch. */
  readonly timeMs: number;
  /** Absent while the machine cannot be described. */
  readonly platform: Platform | undefined;
  readonly platformMeasurements: Record<string, Measurement>;
  /** Tasks that are still in the round. */
  readonly tasks: readonly TaskUnderMeasure[];
  /** Takes a task out of this round, for instance because its cgroup is gone. The others stay. */
  drop(task: Task, reason: Error): void;
}

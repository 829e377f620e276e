import type { Measurements } from "./metric.ts";
import type { Platform } from "./platform.ts";
import type { Task } from "./task.ts";

/** A task and what was measured of it in one round; the next round replaces it, so copy what has to be kept. */
export interface ObservedTask {
  readonly task: Task;
  readonly measurements: Measurements;
}

/** What was seen in one round. */
export interface Snapshot {
  /** Wall clock at the start of the round, milliseconds since the epoch. */
  readonly timeMs: number;
  /** Seconds between the starts of two rounds as configured. */
  readonly intervalSecs: number;
  /** Absent while the machine cannot be described. */
  readonly platform: Platform | undefined;
  readonly platformMeasurements: Measurements;
  readonly tasks: readonly ObservedTask[];
}

/** Keeps what was seen, for later. */
export interface SnapshotRecorder {
  /** Copies what it needs at once. Never waits, never throws. */
  record(snapshot: Snapshot): void;
  /** Measurements for the agent's own metrics. */
  measurements(): Measurements;
}

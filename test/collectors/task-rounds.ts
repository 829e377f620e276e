import type { Measurement } from "../../src/model/metric.ts";
import type { Collector } from "../../src/model/roles.ts";
import type { Round } from "../../src/model/round.ts";
import type { Task } from "../../src/model/task.ts";

export interface MeasuredTasks {
  /** What was measured, by task id. */
  readonly tasks: Readonly<Record<string, Readonly<Record<string, Measurement>>>>;
  /** Why a task left the round, by task id. */
  readonly dropped: Readonly<Record<string, Error>>;
  /** What the collector threw. */
  readonly failure: unknown;
}

/** Lets a collector measure round after round; a task's record lasts as long as it is the same object. */
export function taskRounds(collector: Collector): (...tasks: readonly Task[]) => MeasuredTasks {
  const records = new WeakMap<Task, Record<string, Measurement>>();
  return (...tasks) => {
    let entries = tasks.map((task) => {
      const measurements = records.get(task) ?? {};
      records.set(task, measurements);
      return { task, measurements };
    });
    const dropped: Record<string, Error> = {};
    const round: Round = {
      timeMs: 0,
      platform: undefined,
      platformMeasurements: {},
      get tasks() {
        return entries;
      },
      drop(task, reason) {
        entries = entries.filter((entry) => entry.task !== task);
        dropped[task.id] = reason;
      },
    };
    let failure: unknown;
    try {
      collector.measure(round);
    } catch (error) {
      failure = error;
    }
    return {
      tasks: Object.fromEntries(
        entries.map(({ task, measurements }) => [task.id, structuredClone(measurements)]),
      ),
      dropped,
      failure,
    };
  };
}

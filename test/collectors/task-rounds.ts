import type { Measurement } from "../../src/model/metric.ts";
import type { Collector } from "../../src/model/roles.ts";
import type { Round } from "../../src/model/round.ts";
import type { Task } from "../../src/model/task.ts";

/** Rounds of tasks, one after the other, as a runner makes them: records of measurements persist. */
export interface TaskRounds {
  /** One round; `before` is what earlier collectors have measured in it, by task id. */
  next(tasks: readonly Task[], before?: Readonly<Record<string, Record<string, Measurement>>>): TaskRound;
}

export interface TaskRound {
  readonly round: Round;
  /** What the tasks that are still in the round have, by task id. */
  readonly measured: () => Readonly<Record<string, Readonly<Record<string, Measurement>>>>;
  readonly dropped: ReadonlyMap<string, Error>;
}

export function taskRounds(now: () => number = () => 0): TaskRounds {
  const records = new Map<Task, Record<string, Measurement>>();
  return {
    next(tasks, before = {}) {
      let entries = tasks.map((task) => {
        const measurements = records.get(task) ?? {};
        records.set(task, Object.assign(measurements, before[task.id]));
        return { task, measurements };
      });
      const dropped = new Map<string, Error>();
      const round: Round = {
        timeMs: now(),
        platform: undefined,
        platformMeasurements: {},
        get tasks() {
          return entries;
        },
        drop(task, reason) {
          entries = entries.filter((entry) => entry.task !== task);
          dropped.set(task.id, reason);
        },
      };
      const measured = () =>
        Object.fromEntries(entries.map(({ task, measurements }) => [task.id, { ...measurements }]));
      return { round, measured, dropped };
    },
  };
}

export interface MeasuredTasks {
  /** What was measured, by task id. */
  readonly tasks: Readonly<Record<string, Readonly<Record<string, Measurement>>>>;
  /** Why a task left the round, by task id. */
  readonly dropped: Readonly<Record<string, Error>>;
  /** What the collector threw. */
  readonly failure: unknown;
}

/** Lets a collector measure round after round. */
export function measuringRounds(collector: Collector): (...tasks: readonly Task[]) => MeasuredTasks {
  const rounds = taskRounds();
  return (...tasks) => {
    const { round, measured, dropped } = rounds.next(tasks);
    let failure: unknown;
    try {
      collector.measure(round);
    } catch (error) {
      failure = error;
    }
    return { tasks: structuredClone(measured()), dropped: Object.fromEntries(dropped), failure };
  };
}

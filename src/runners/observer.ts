import { Unsupported } from "../model/errors.ts";
import type { Log } from "../model/log.ts";
import type { Measurement } from "../model/metric.ts";
import type { Platform } from "../model/platform.ts";
import type { Collector } from "../model/roles.ts";
import type { Round, TaskUnderMeasure } from "../model/round.ts";
import type { Task } from "../model/task.ts";
import type { Watch } from "./watch.ts";

/** A collector that can tell which kernel files it did not find. */
interface Lacking {
  missingFiles(): ReadonlyMap<string, number>;
}

/** Lets every collector measure, one after the other: the kernel is read in sequence on purpose. */
export class Observer {
  readonly #watch: Watch;
  readonly #log: Log;
  #collectors: readonly Collector[];
  #droppedTasks = 0;
  #tasks: readonly Task[] = [];
  #entries: readonly TaskUnderMeasure[] = [];

  constructor(collectors: readonly Collector[], watch: Watch, log: Log) {
    this.#collectors = collectors;
    this.#watch = watch;
    this.#log = log;
  }

  /** Times that a task could not be measured. */
  get droppedTasks(): number {
    return this.#droppedTasks;
  }

  observe(timeMs: number, platform: Platform | undefined, tasks: readonly Task[]): Round {
    const round = new RoundInProgress(timeMs, platform, this.#entriesOf(tasks), (task, reason) => {
      this.#droppedTasks++;
      this.#log.debug(`Task "${task.id}" leaves this round: ${reason.message}`);
    });
    for (const collector of this.#collectors) {
      const { name } = collector.constructor;
      this.#watch.call(name, () => this.#measure(collector, round));
    }
    return round;
  }

  /** file → number of tasks (or 1) that lack it, by collector. */
  missingFiles(): Record<string, Measurement> {
    const missing: Record<string, Measurement> = {};
    for (const collector of this.#collectors) {
      if (!("missingFiles" in collector)) continue;
      const files = (collector as Collector & Lacking).missingFiles();
      if (files.size > 0) missing[collector.constructor.name] = Object.fromEntries(files);
    }
    return missing;
  }

  /** A task's measurements are the same record from round to round, so that a round makes next to no garbage. */
  #entriesOf(tasks: readonly Task[]): readonly TaskUnderMeasure[] {
    if (tasks === this.#tasks) return this.#entries;
    const known = new Map(this.#entries.map((entry) => [entry.task, entry]));
    this.#entries = tasks.map((task) => known.get(task) ?? { task, measurements: {} });
    this.#tasks = tasks;
    return this.#entries;
  }

  #measure(collector: Collector, round: Round): void {
    try {
      collector.measure(round);
    } catch (error) {
      // What this host cannot do it will not be able to do in the next round either.
      if (error instanceof Unsupported)
        this.#collectors = this.#collectors.filter((other) => other !== collector);
      throw error;
    }
  }
}

class RoundInProgress implements Round {
  readonly timeMs: number;
  readonly platform: Platform | undefined;
  readonly platformMeasurements: Record<string, Measurement> = {};
  readonly #onDrop: (task: Task, reason: Error) => void;
  #tasks: readonly TaskUnderMeasure[];

  constructor(
    timeMs: number,
    platform: Platform | undefined,
    tasks: readonly TaskUnderMeasure[],
    onDrop: (task: Task, reason: Error) => void,
  ) {
    this.timeMs = timeMs;
    this.platform = platform;
    this.#tasks = tasks;
    this.#onDrop = onDrop;
  }

  get tasks(): readonly TaskUnderMeasure[] {
    return this.#tasks;
  }

  drop(task: Task, reason: Error): void {
    const left = this.#tasks.filter((entry) => entry.task !== task);
    if (left.length === this.#tasks.length) return;
    this.#tasks = left;
    this.#onDrop(task, reason);
  }
}

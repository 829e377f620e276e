import type { Measurements, Metric } from "../model/metric.ts";
import type { ObservedTask } from "../model/snapshot.ts";
import type { Labels } from "../model/task.ts";
import { Series, type SeriesOptions } from "./series.ts";

const NO_LABELS: Labels = {};

/** What one round has to tell. */
export interface Told {
  /** On every metric, and stronger than the metric's own. */
  readonly commonLabels: Labels;
  readonly internal: Measurements;
  readonly platform: Measurements;
  readonly tasks: readonly ObservedTask[];
  /** The agent's own numbers that come behind those of tasks. */
  readonly agent: Measurements;
}

interface TaskSeries {
  labels: Labels;
  readonly series: Series;
  /** Round in which the task was last seen. */
  round: number;
}

/** All metrics of a round as one array, which stays the same array as long as no series comes or goes. */
export class MetricSet {
  readonly #options: SeriesOptions;
  readonly #tasks = new Map<string, TaskSeries>();
  #commonLabels: Labels = NO_LABELS;
  #internal: Series;
  #platform: Series;
  #agent: Series;
  #order: readonly string[] = [];
  #metrics: readonly Metric[] = [];
  #round = 0;

  constructor(options: SeriesOptions) {
    this.#options = options;
    this.#internal = new Series(NO_LABELS, NO_LABELS, options);
    this.#platform = this.#internal;
    this.#agent = this.#internal;
    this.renew();
  }

  /** Gives every series a new object, so that whoever still holds the old ones sees them unchanged. */
  renew(): void {
    this.#tasks.clear();
    this.#internal = new Series(NO_LABELS, this.#commonLabels, this.#options);
    this.#platform = new Series(NO_LABELS, this.#commonLabels, this.#options);
    this.#agent = new Series(NO_LABELS, this.#commonLabels, this.#options);
    this.#order = [];
    this.#metrics = [];
  }

  update({ commonLabels, internal, platform, tasks, agent }: Told): readonly Metric[] {
    this.#round++;
    if (!sameLabels(commonLabels, this.#commonLabels)) {
      this.#commonLabels = commonLabels;
      this.renew();
    }
    let changed = this.#internal.update(internal);
    if (this.#platform.update(platform)) changed = true;
    if (this.#agent.update(agent)) changed = true;
    if (this.#updateTasks(tasks)) changed = true;
    if (changed) this.#collect(tasks);
    return this.#metrics;
  }

  #updateTasks(tasks: readonly ObservedTask[]): boolean {
    let changed = tasks.length !== this.#order.length;
    for (const [position, { task, measurements }] of tasks.entries()) {
      if (this.#order[position] !== task.id) changed = true;
      let known = this.#tasks.get(task.id);
      if (known === undefined || !hasLabels(known, task.labels)) {
        known = {
          labels: task.labels,
          series: new Series(task.labels, this.#commonLabels, this.#options),
          round: 0,
        };
        this.#tasks.set(task.id, known);
        changed = true;
      }
      known.round = this.#round;
      if (known.series.update(measurements)) changed = true;
    }
    return changed;
  }

  #collect(tasks: readonly ObservedTask[]): void {
    const metrics: Metric[] = [];
    this.#internal.collect(metrics);
    this.#platform.collect(metrics);
    for (const { task } of tasks) this.#tasks.get(task.id)?.series.collect(metrics);
    this.#agent.collect(metrics);
    for (const [id, { round }] of this.#tasks) if (round !== this.#round) this.#tasks.delete(id);
    this.#metrics = metrics;
    this.#order = tasks.map(({ task }) => task.id);
  }
}

/** A node may give the same task as a new object in each round: its series stay. */
function hasLabels(known: TaskSeries, labels: Labels): boolean {
  if (known.labels === labels) return true;
  if (!sameLabels(known.labels, labels)) return false;
  known.labels = labels;
  return true;
}

function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

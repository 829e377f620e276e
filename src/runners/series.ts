import type { Catalogue } from "../model/catalogue.ts";
import type { Measurement, Measurements, Metric } from "../model/metric.ts";
import type { Labels } from "../model/task.ts";

export type MetricNames = "current" | "classic";

export interface SeriesOptions {
  readonly catalogue: Catalogue;
  readonly metricNames: MetricNames;
}

type MutableMetric = { -readonly [Key in keyof Metric]: Metric[Key] };

/** A measurement with levels: its keys in order, and a metric or further levels for each. */
class Branch {
  readonly keys: string[] = [];
  readonly children: (MutableMetric | Branch)[] = [];
}

/**
 * The metrics of one thing (a task, the platform, the agent) from round to round: the same series keeps
 * the same object, and only its value is replaced.
 */
export class Series {
  readonly #options: SeriesOptions;
  readonly #labels: Labels;
  readonly #commonLabels: Labels;
  #root = new Branch();

  /** `labels` are the thing's own; common labels win over them and over those of levels. */
  constructor(labels: Labels, commonLabels: Labels, options: SeriesOptions) {
    this.#labels = { ...labels, ...commonLabels };
    this.#commonLabels = commonLabels;
    this.#options = options;
  }

  /** Takes the values of a round; true when series came or went. */
  update(measurements: Measurements): boolean {
    if (takeValues(this.#root, measurements)) return false;
    this.#root = this.#rebuild(this.#root, measurements, []);
    return true;
  }

  collect(into: Metric[]): void {
    collectBranch(this.#root, into);
  }

  /** A new branch for what was measured, with the metrics that the old one has already. */
  #rebuild(old: Branch, measurements: Measurements, path: readonly string[]): Branch {
    const rebuilt = new Branch();
    for (const [key, measurement] of Object.entries(measurements)) {
      const index = old.keys.indexOf(key);
      const before = index < 0 ? undefined : old.children[index];
      rebuilt.keys.push(key);
      if (typeof measurement === "number") {
        const metric =
          before === undefined || before instanceof Branch ? this.#newMetric([...path, key]) : before;
        metric.value = measurement;
        rebuilt.children.push(metric);
      } else {
        const branch = before instanceof Branch ? before : new Branch();
        rebuilt.children.push(this.#rebuild(branch, measurement, [...path, key]));
      }
    }
    return rebuilt;
  }

  /** `path`: metric name, then the value of each level's label. */
  #newMetric([name = "", ...levels]: readonly string[]): MutableMetric {
    const { catalogue, metricNames } = this.#options;
    const row = catalogue.get(name);
    const labels =
      levels.length === 0
        ? this.#labels
        : {
            ...this.#labels,
            ...Object.fromEntries(
              levels.map((value, depth) => [row?.labels[depth] ?? `level${depth + 1}`, value]),
            ),
            ...this.#commonLabels,
          };
    if (row === undefined) return { name, value: 0, labels };
    const { type, help, unit, classic } = row;
    return { name: metricNames === "classic" ? (classic ?? name) : name, value: 0, labels, type, help, unit };
  }
}

/** False, with some of the values taken, when keys came or went. */
function takeValues({ keys, children }: Branch, measurements: Measurements): boolean {
  let position = 0;
  for (const key in measurements) {
    const child = children[position];
    if (child === undefined || keys[position] !== key) return false;
    const measurement = measurements[key] as Measurement;
    if (child instanceof Branch) {
      if (typeof measurement === "number" || !takeValues(child, measurement)) return false;
    } else {
      if (typeof measurement !== "number") return false;
      child.value = measurement;
    }
    position++;
  }
  return position === keys.length;
}

function collectBranch({ children }: Branch, into: Metric[]): void {
  for (const child of children) {
    if (child instanceof Branch) collectBranch(child, into);
    else into.push(child);
  }
}

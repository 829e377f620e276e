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
interface Branch {
  readonly keys: string[];
  readonly children: (MutableMetric | Branch)[];
}

/**
 * The metrics of one thing (a task, the platform, the agent) from round to round: the same series keeps
 * the same object, and only its value is replaced.
 */
export class Series {
  readonly #options: SeriesOptions;
  readonly #labels: Labels;
  readonly #commonLabels: Labels;
  #root: Branch = { keys: [], children: [] };

  /** `labels` are the thing's own; common labels win over them and over those of levels. */
  constructor(labels: Labels, commonLabels: Labels, options: SeriesOptions) {
    this.#labels = { ...labels, ...commonLabels };
    this.#commonLabels = commonLabels;
    this.#options = options;
  }

  /** Takes the values of a round; true when series came or went. */
  update(measurements: Measurements): boolean {
    const updated = this.#updateBranch(this.#root, measurements, []);
    if (updated === this.#root) return false;
    this.#root = updated;
    return true;
  }

  collect(into: Metric[]): void {
    collectBranch(this.#root, into);
  }

  /** The same branch when its keys and everything below are as before, else a new one that keeps what it can. */
  #updateBranch(branch: Branch, measurements: Measurements, path: readonly string[]): Branch {
    let same = true;
    let position = 0;
    for (const key in measurements) {
      const measurement = measurements[key] as Measurement;
      const child = branch.children[position];
      if (branch.keys[position] !== key || child === undefined) {
        same = false;
        break;
      }
      position++;
      if (typeof measurement === "number") {
        if (isBranch(child)) same = false;
        else child.value = measurement;
      } else if (!isBranch(child)) {
        same = false;
      } else if (this.#updateBranch(child, measurement, [...path, key]) !== child) {
        same = false;
      }
      if (!same) break;
    }
    return same && position === branch.keys.length ? branch : this.#rebuild(branch, measurements, path);
  }

  #rebuild(old: Branch, measurements: Measurements, path: readonly string[]): Branch {
    const rebuilt: Branch = { keys: [], children: [] };
    for (const [key, measurement] of Object.entries(measurements)) {
      const index = old.keys.indexOf(key);
      const before = index < 0 ? undefined : old.children[index];
      rebuilt.keys.push(key);
      if (typeof measurement === "number") {
        const metric = before === undefined || isBranch(before) ? this.#newMetric([...path, key]) : before;
        metric.value = measurement;
        rebuilt.children.push(metric);
      } else {
        const branch = before !== undefined && isBranch(before) ? before : { keys: [], children: [] };
        rebuilt.children.push(this.#updateBranch(branch, measurement, [...path, key]));
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

function isBranch(child: MutableMetric | Branch): child is Branch {
  return "keys" in child;
}

function collectBranch({ children }: Branch, into: Metric[]): void {
  for (const child of children) {
    if (isBranch(child)) collectBranch(child, into);
    else into.push(child);
  }
}

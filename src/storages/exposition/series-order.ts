import type { Metric } from "../../model/metric.ts";
import type { Labels } from "../../model/task.ts";
import { LabelSet } from "./label-set.ts";

/** A metric on its way to a line: its labels are rendered already. */
export interface Series {
  readonly metric: Metric;
  readonly labelsText: string;
}

/** Series of one name, in order. */
export interface Family {
  readonly name: string;
  readonly series: Series[];
}

/**
 * Groups metrics by name and orders them as the exposition wants. Label sets are remembered between
 * batches and kept in order, so that a batch in which a few tasks came or went is not sorted anew.
 */
export class SeriesOrder {
  readonly #keep: ReadonlySet<string> | undefined;
  #known = new Map<Labels, LabelSet>();
  #ordered: readonly LabelSet[] = [];

  constructor(filterLabels: readonly string[] | undefined) {
    this.#keep = filterLabels === undefined ? undefined : new Set(filterLabels);
  }

  families(metrics: readonly Metric[]): readonly Family[] {
    this.#take(metrics);
    const families = new Map<string, Family>();
    for (const labelSet of this.#ordered) {
      for (const metric of labelSet.metrics) {
        let family = families.get(metric.name);
        if (family === undefined) {
          family = { name: metric.name, series: [] };
          families.set(metric.name, family);
        }
        family.series.push({ metric, labelsText: labelSet.text });
      }
      labelSet.release();
    }
    return [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Hands each metric to its label set, forgets sets that no metric carries and sorts in the new ones. */
  #take(metrics: readonly Metric[]): void {
    const present = new Map<Labels, LabelSet>();
    const added: LabelSet[] = [];
    for (const metric of metrics) {
      let labelSet = present.get(metric.labels);
      if (labelSet === undefined) {
        labelSet = this.#known.get(metric.labels);
        if (labelSet === undefined) {
          labelSet = new LabelSet(metric.labels, this.#keep);
          added.push(labelSet);
        }
        labelSet.position = present.size;
        labelSet.metrics = [];
        present.set(metric.labels, labelSet);
      }
      labelSet.metrics.push(metric);
    }
    this.#known = present;
    const kept = this.#ordered.filter(({ metrics: carried }) => carried.length > 0);
    this.#ordered = mergeSorted(sorted(kept), sorted(added));
  }
}

/** Sets with the same labels are in the order of the batch, which decides about the series that is written. */
function compare(a: LabelSet, b: LabelSet): number {
  return a.compare(b) || a.position - b.position;
}

/** Tasks usually come in order already, and stay in it, which costs one pass to see. */
function sorted(labelSets: LabelSet[]): readonly LabelSet[] {
  const inOrder = labelSets.every(
    (labelSet, index) => index === 0 || compare(labelSets[index - 1] as LabelSet, labelSet) <= 0,
  );
  return inOrder ? labelSets : labelSets.sort(compare);
}

function mergeSorted(left: readonly LabelSet[], right: readonly LabelSet[]): readonly LabelSet[] {
  if (right.length === 0) return left;
  const merged: LabelSet[] = [];
  let next = 0;
  for (const labelSet of left) {
    while (next < right.length && compare(right[next] as LabelSet, labelSet) < 0)
      merged.push(right[next++] as LabelSet);
    merged.push(labelSet);
  }
  for (; next < right.length; next++) merged.push(right[next] as LabelSet);
  return merged;
}

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
 * Groups metrics by name and orders them as the exposition wants. Nothing is remembered between batches:
 * a batch is put in order only when series came or went, and at 500 tasks the labels would take megabytes.
 */
export class SeriesOrder {
  readonly #keep: ReadonlySet<string> | undefined;

  constructor(filterLabels: readonly string[] | undefined) {
    this.#keep = filterLabels === undefined ? undefined : new Set(filterLabels);
  }

  families(metrics: readonly Metric[]): readonly Family[] {
    const families = new Map<string, Family>();
    for (const { text, metrics: carried } of sorted(this.#labelSets(metrics))) {
      for (const metric of carried) {
        let family = families.get(metric.name);
        if (family === undefined) {
          family = { name: metric.name, series: [] };
          families.set(metric.name, family);
        }
        family.series.push({ metric, labelsText: text });
      }
    }
    return [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Label sets with their metrics, in the order in which they are first carried. */
  #labelSets(metrics: readonly Metric[]): LabelSet[] {
    const labelSets = new Map<Labels, LabelSet>();
    for (const metric of metrics) {
      let labelSet = labelSets.get(metric.labels);
      if (labelSet === undefined) {
        labelSet = new LabelSet(metric.labels, this.#keep);
        labelSets.set(metric.labels, labelSet);
      }
      labelSet.metrics.push(metric);
    }
    return [...labelSets.values()];
  }
}

/** Tasks usually come in order already, which costs one pass to see. Sets with the same labels stay in their order. */
function sorted(labelSets: LabelSet[]): readonly LabelSet[] {
  const inOrder = labelSets.every(
    (labelSet, index) => index === 0 || compare(labelSets[index - 1] as LabelSet, labelSet) <= 0,
  );
  return inOrder ? labelSets : labelSets.sort(compare);
}

function compare(a: LabelSet, b: LabelSet): number {
  return a.compare(b);
}

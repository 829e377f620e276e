import type { Labels } from "../../model/task.ts";

/** Labels as a receiver has them: in order of their names, none of them empty, in valid Unicode. */
export class LabelSet {
  /** In the order of their bytes. */
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** The same text for the same labels, and only for these. */
  readonly key: string;

  constructor(labels: Labels) {
    // An empty value means no label, prometheus.io/docs/concepts/data_model.
    this.names = Object.keys(labels)
      .filter((name) => labels[name] !== "")
      .sort();
    // UTF-8 cannot carry halves of surrogate pairs.
    this.values = this.names.map((name) => (labels[name] ?? "").toWellFormed());
    this.key = this.names
      .map((name, index) => `${name}=${this.values[index]?.length}:${this.values[index]}`)
      .join();
  }
}

/** Label sets by the objects they were made of, which tasks and rounds share. */
export class LabelSets {
  readonly #bySource = new WeakMap<Labels, LabelSet>();

  of(labels: Labels): LabelSet {
    let set = this.#bySource.get(labels);
    if (set === undefined) {
      set = new LabelSet(labels);
      this.#bySource.set(labels, set);
    }
    return set;
  }
}

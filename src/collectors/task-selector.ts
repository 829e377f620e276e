import { z } from "zod";
import { labelName, pattern, patternToRegExp } from "../config/schema.ts";
import type { Labels, Task } from "../model/task.ts";

/** Label → pattern of its whole value, or several such mappings. */
export type TaskSelection = Readonly<Record<string, string>> | readonly Readonly<Record<string, string>>[];

/** An option that says which tasks a costly collector watches. `what` names the collector's subject. */
export function taskSelection(what: string) {
  const patterns = z.record(labelName(), pattern());
  return z
    .union([patterns, z.array(patterns)])
    .optional()
    .describe(
      `Which tasks ${what}: regular expressions by label, each of which has to match the whole value; of a list of such mappings one has to fit. Labels made by task_label_generators count too. Default: all tasks.`,
    );
}

/** Tells which tasks were selected. A task keeps its answer as long as it has the same labels. */
export class TaskSelector {
  readonly #alternatives: readonly (readonly (readonly [string, RegExp])[])[] | undefined;
  readonly #answers = new WeakMap<Labels, boolean>();

  constructor(selection: TaskSelection | undefined) {
    this.#alternatives =
      selection &&
      (Array.isArray(selection) ? selection : [selection]).map((patterns: Readonly<Record<string, string>>) =>
        Object.entries(patterns).map(([label, text]) => [label, wholePattern(text)] as const),
      );
  }

  selects({ labels }: Pick<Task, "labels">): boolean {
    if (this.#alternatives === undefined) return true;
    const known = this.#answers.get(labels);
    if (known !== undefined) return known;
    const selected = this.#alternatives.some((patterns) =>
      patterns.every(([label, expression]) => {
        const value = Object.hasOwn(labels, label) ? labels[label] : undefined;
        return value !== undefined && expression.test(value);
      }),
    );
    this.#answers.set(labels, selected);
    return selected;
  }
}

function wholePattern(text: string): RegExp {
  return patternToRegExp(`(?:${text})$`);
}

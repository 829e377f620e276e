import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../config/component.ts";
import { Labeler } from "../model/roles.ts";
import type { Task } from "../model/task.ts";
import { translatePattern } from "./python-pattern.ts";
import { compileSubstitution } from "./python-regex.ts";
import { parseReplacement } from "./python-replacement.ts";

/** A text that the function accepts; its SyntaxError becomes the problem's message. */
function accepted(words: string, check: (value: string) => unknown): z.ZodString {
  const text = z.string().superRefine((value, issues) => {
    try {
      check(value);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      issues.addIssue({ code: "custom", message: error.message });
    }
  });
  return text.meta({ words });
}

/** Makes a label from another one with a regular expression. */
export class TaskLabelRegexGenerator extends Labeler {
  static readonly component = defineComponent("labeler", {
    doc: "Makes a label from another label of the task by replacing what a regular expression matches.",
    options: {
      pattern: accepted("a regular expression", translatePattern).describe(
        "Regular expression in Python's syntax. All its matches in the source are replaced; without any the source stays as it is.",
      ),
      repl: accepted("text", parseReplacement).describe(
        "What stands in place of a match: text with references to groups, `\\1` or `\\g<name>`.",
      ),
      source: z.string().min(1).default("task_name").describe("Label that the value is taken from."),
    },
  });

  readonly #source: string;
  readonly #substitute: (text: string) => string;
  readonly #context: Context;
  #saidMissing = false;

  /** Throws SyntaxError when `repl` refers to a group that `pattern` does not have. */
  constructor({ pattern, repl, source }: OptionsOf<typeof TaskLabelRegexGenerator>, context: Context) {
    super();
    this.#source = source;
    this.#substitute = compileSubstitution(pattern, repl);
    this.#context = context;
  }

  label(task: Task): string | undefined {
    const value = task.labels[this.#source];
    if (value !== undefined) return this.#substitute(value);
    if (!this.#saidMissing) {
      this.#context.log.warning(
        `Cannot make a label of task "${task.id}": it has no label "${this.#source}" (said once for all tasks)`,
      );
    }
    this.#saidMissing = true;
    return undefined;
  }
}

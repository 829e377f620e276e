import { z } from "zod";
import { defineComponent, type OptionsOf } from "../config/component.ts";
import { Labeler } from "../model/roles.ts";
import type { Task } from "../model/task.ts";

/** Makes a label of what the task asked for. */
export class TaskLabelResourceGenerator extends Labeler {
  static readonly component = defineComponent("labeler", {
    doc: "Makes a label from a resource that the task asked for; `unknown` if it did not.",
    options: {
      resource_name: z.string().min(1).describe("Resource by the orchestrator's name: `cpus`, `mem`."),
    },
  });

  readonly #resource: string;

  constructor({ resource_name }: OptionsOf<typeof TaskLabelResourceGenerator>) {
    super();
    this.#resource = resource_name;
  }

  label(task: Task): string {
    return String(task.resources[this.#resource] ?? "unknown");
  }
}

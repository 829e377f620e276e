import type { HostContext } from "../../config/component.ts";
import type { MetricName } from "../../model/catalogue.ts";
import { Collector } from "../../model/roles.ts";
import type { Round } from "../../model/round.ts";
import type { Probing, Support } from "../../model/support.ts";
import type { Task } from "../../model/task.ts";
import { type TaskSelection, TaskSelector } from "../task-selector.ts";
import { SelectedTasks, type TaskState } from "./selected-tasks.ts";
import { requireThreadFile, type ThreadFileNeed, threadSupport } from "./thread-support.ts";

/** What makes one collector of this kind. */
export interface ThreadSource {
  readonly need: ThreadFileNeed;
  readonly selection: TaskSelection | undefined;
  readonly metrics: readonly MetricName[];
  readonly stateOf: () => TaskState;
}

/** Reads one file of every thread of the selected tasks. */
export abstract class ThreadCollector extends Collector implements Probing {
  readonly #context: HostContext;
  readonly #need: ThreadFileNeed;
  readonly #selector: TaskSelector;
  readonly #tasks: SelectedTasks;
  #started = false;

  constructor(context: HostContext, { need, selection, metrics, stateOf }: ThreadSource) {
    super();
    this.#context = context;
    this.#need = need;
    this.#selector = new TaskSelector(selection);
    this.#tasks = new SelectedTasks(context.host, { selector: this.#selector, metrics, stateOf });
  }

  measure(round: Round): void {
    if (!this.#started) requireThreadFile(this.#context, this.#need);
    this.#started = true;
    this.#tasks.measure(round);
  }

  probe(tasks: readonly Task[]): readonly Support[] {
    const selected = tasks.filter((task) => this.#selector.selects(task));
    return threadSupport(this.#context.host, this.#need, selected);
  }

  close(): void {
    this.#tasks.close();
  }
}

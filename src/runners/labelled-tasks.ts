import type { Log } from "../model/log.ts";
import type { Labeler } from "../model/roles.ts";
import type { Task } from "../model/task.ts";

const LABEL_NAME = /[^a-zA-Z0-9_]/g;

/** Gives tasks the labels `task_id`, `task_name` and those of the generators. */
export class LabelledTasks {
  readonly #generators: readonly (readonly [string, Labeler])[];
  readonly #log: Log;
  /** What was given last, and what was made of it. */
  #given: readonly Task[] = [];
  #labelled: readonly Task[] = [];
  /** A task that a node hands out again keeps its labels, and so everything derived from them. */
  #known = new Map<Task, Task>();
  readonly #saidDuplicates = new Set<string>();
  /** The last reason by label: a generator that fails does so for many tasks. */
  readonly #saidFailures = new Map<string, string>();

  constructor(generators: Readonly<Record<string, Labeler>>, log: Log) {
    this.#generators = Object.entries(generators);
    this.#log = log;
  }

  /** Of several tasks with one id the first counts. The same array when the tasks are the same objects. */
  label(tasks: readonly Task[]): readonly Task[] {
    if (sameElements(tasks, this.#given)) return this.#labelled;
    const known = new Map<Task, Task>();
    const byId = new Map<string, Task>();
    for (const task of tasks) {
      if (byId.has(task.id)) {
        this.#sayDuplicate(task.id);
        continue;
      }
      const labelled = this.#known.get(task) ?? this.#labelOne(task);
      known.set(task, labelled);
      byId.set(task.id, labelled);
    }
    this.#known = known;
    this.#given = [...tasks];
    this.#labelled = [...byId.values()];
    return this.#labelled;
  }

  #labelOne(task: Task): Task {
    let labelled: Task = { ...task, labels: legalLabels(task) };
    for (const [target, generator] of this.#generators) {
      if (Object.hasOwn(labelled.labels, target)) {
        this.#log.debug(
          `Label "${target}" of task "${task.id}" is there already, its generator is not asked`,
        );
        continue;
      }
      const value = this.#generate(target, generator, labelled);
      if (value !== undefined) labelled = { ...labelled, labels: { ...labelled.labels, [target]: value } };
    }
    return labelled;
  }

  #generate(target: string, generator: Labeler, task: Task): string | undefined {
    try {
      const value: unknown = generator.label(task);
      if (typeof value === "string" || value == null) return value ?? undefined;
      throw new TypeError(`saw ${typeof value} ${String(value)}, wanted text or nothing`);
    } catch (error) {
      this.#sayFailure(target, task, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #sayFailure(target: string, task: Task, reason: string): void {
    if (this.#saidFailures.get(target) === reason) return;
    this.#saidFailures.set(target, reason);
    this.#log.error(`Cannot generate label "${target}" of task "${task.id}": ${reason}`);
  }

  #sayDuplicate(id: string): void {
    if (this.#saidDuplicates.has(id)) return;
    this.#saidDuplicates.add(id);
    this.#log.warning(`Two tasks have the id "${id}": the first one is measured`);
  }
}

/** A label that is legal as it is keeps its name; those that clash are told apart by more underscores. */
function legalLabels({ id, name, labels }: Task): Record<string, string> {
  const legal: Record<string, string> = { task_id: id, task_name: name };
  const changed: (readonly [string, string])[] = [];
  for (const [label, value] of Object.entries(labels)) {
    const wanted = legalLabelName(label);
    if (wanted !== label) changed.push([wanted, value]);
    else if (!Object.hasOwn(legal, label)) legal[label] = value;
  }
  for (const [wanted, value] of changed) {
    let free = wanted;
    while (Object.hasOwn(legal, free)) free += "_";
    legal[free] = value;
  }
  return legal;
}

/** Characters that Prometheus does not allow become underscores. */
function legalLabelName(name: string): string {
  let legal = name.replace(LABEL_NAME, "_");
  if (/^[0-9]/.test(legal) || legal === "") legal = `_${legal}`;
  if (legal.startsWith("__")) legal = legal.replace(/^_+/, "_");
  return legal;
}

function sameElements(a: readonly Task[], b: readonly Task[]): boolean {
  return a.length === b.length && a.every((task, index) => task === b[index]);
}

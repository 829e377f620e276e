import { readLayout } from "../../kernel/cgroup/layout.ts";
import { CgroupMembers } from "../../kernel/cgroup/members.ts";
import type { MetricName } from "../../model/catalogue.ts";
import { TaskGone } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Measurement } from "../../model/metric.ts";
import type { Round, TaskUnderMeasure } from "../../model/round.ts";
import { isSameCgroup, type Task } from "../../model/task.ts";
import type { TaskSelector } from "../task-selector.ts";

/** What a collector knows of one task. */
export interface TaskState {
  /** Writes the measurements of a task with these threads. */
  measure(threads: readonly number[], into: Record<string, Measurement>): void;
  close(): void;
}

export interface SelectedTasksOptions {
  readonly selector: TaskSelector;
  /** What is measured: taken out of tasks that are not selected or could not be measured. */
  readonly metrics: readonly MetricName[];
  /** What is known of a task that was just found. */
  readonly stateOf: () => TaskState;
}

interface Selected {
  readonly task: Task;
  readonly state: TaskState;
}

/**
 * The selected tasks of a round with their threads, for collectors that read a file of each thread. A thread
 * belongs to the innermost task: sub-cgroups that are tasks themselves are left out, selected or not.
 */
export class SelectedTasks {
  readonly #host: Host;
  readonly #options: SelectedTasksOptions;
  /** By task id; pruned by the list of present tasks. */
  readonly #selected = new Map<string, Selected>();
  #members: CgroupMembers | undefined;
  /** Those whose paths are known, and their paths. */
  #entries: readonly TaskUnderMeasure[] = [];
  #paths: ReadonlySet<string> = new Set();
  readonly #isTask = (path: string) => this.#paths.has(path);

  constructor(host: Host, options: SelectedTasksOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Measures each; what went wrong with one task is thrown when the others are done. */
  measure(round: Round): void {
    this.#look(round);
    const members = this.#members ?? this.#start(round);
    let present = 0;
    let failure: unknown;
    for (const { task, measurements } of round.tasks) {
      try {
        if (this.#options.selector.selects(task)) {
          const threads = members.threads(task.cgroupPath, this.#isTask);
          present++;
          this.#stateOf(task).measure(threads, measurements);
          continue;
        }
      } catch (error) {
        if (error instanceof TaskGone) round.drop(task, error);
        else failure ??= error;
      }
      for (const metric of this.#options.metrics) delete measurements[metric];
    }
    if (this.#selected.size > present) this.#prune(round);
    if (failure !== undefined) throw failure;
  }

  close(): void {
    for (const id of [...this.#selected.keys()]) this.#forget(id);
  }

  #look({ tasks }: Round): void {
    if (tasks === this.#entries) return;
    this.#entries = tasks;
    this.#paths = new Set(tasks.map(({ task }) => task.cgroupPath));
  }

  /** Makes room for a descriptor of every thread in one step. */
  #start({ tasks }: Round): CgroupMembers {
    const members = new CgroupMembers(this.#host, readLayout(this.#host));
    let threads = 0;
    for (const { task } of tasks) {
      if (this.#options.selector.selects(task)) threads += countThreads(members, task.cgroupPath);
    }
    this.#host.expect(threads);
    this.#members = members;
    return members;
  }

  #stateOf(task: Task): TaskState {
    const known = this.#selected.get(task.id);
    if (known !== undefined) {
      if (isSameCgroup(task, known.task)) return known.state;
      this.#forget(task.id);
    }
    const state = this.#options.stateOf();
    this.#selected.set(task.id, { task, state });
    return state;
  }

  #forget(id: string): void {
    const known = this.#selected.get(id);
    if (known === undefined) return;
    known.state.close();
    this.#members?.forget(known.task.cgroupPath);
    this.#selected.delete(id);
  }

  #prune({ tasks }: Round): void {
    const present = new Map(tasks.map(({ task }) => [task.id, task]));
    for (const id of [...this.#selected.keys()]) {
      const task = present.get(id);
      if (task === undefined || !this.#options.selector.selects(task)) this.#forget(id);
    }
  }
}

function countThreads(members: CgroupMembers, cgroupPath: string): number {
  try {
    return members.threads(cgroupPath).length;
  } catch (error) {
    if (error instanceof TaskGone) return 0;
    throw error;
  }
}

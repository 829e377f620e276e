import { defineComponent, type HostContext } from "../../config/component.ts";
import { CgroupReading } from "../../kernel/cgroup/reader.ts";
import { TaskGone } from "../../model/errors.ts";
import { Collector } from "../../model/roles.ts";
import type { Round } from "../../model/round.ts";
import type { Support } from "../../model/support.ts";
import type { Task } from "../../model/task.ts";
import { probeCgroups } from "./probe.ts";
import { TaskCgroups } from "./task-cgroups.ts";

/** CPU, memory, pids and pressure of every task, from the control files of its cgroups. */
export class CgroupCollector extends Collector {
  static readonly component = defineComponent("collector", {
    doc: "Measures CPU time, throttling, memory, processes and pressure of every task from its cgroup, v1 or v2.",
    options: {},
  });

  readonly #context: HostContext;
  #reading: CgroupReading | undefined;
  /** By task id; pruned by the list of present tasks. */
  readonly #tasks = new Map<string, TaskCgroups>();

  constructor(_options: object, context: HostContext) {
    super();
    this.#context = context;
  }

  measure(round: Round): void {
    this.#reading ??= this.#start(round);
    let failure: unknown;
    for (const { task, measurements } of round.tasks) {
      try {
        this.#cgroupsOf(task, this.#reading).measure(measurements);
      } catch (error) {
        if (!(error instanceof TaskGone)) failure ??= error;
        this.#forget(task.id);
        round.drop(task, error as Error);
      }
    }
    if (this.#tasks.size > round.tasks.length) this.#prune(round);
    // What went wrong with one task is told when the others are done.
    if (failure !== undefined) throw failure;
  }

  /** How many tasks lack which control file. */
  missingFiles(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const cgroups of this.#tasks.values()) {
      for (const file of cgroups.missing) counts.set(file, (counts.get(file) ?? 0) + 1);
    }
    return counts;
  }

  probe(): readonly Support[] {
    return probeCgroups(this.#context.host);
  }

  close(): void {
    for (const id of [...this.#tasks.keys()]) this.#forget(id);
  }

  #start({ tasks }: Round): CgroupReading {
    const { host } = this.#context;
    const reading = new CgroupReading(host);
    const cgroups = tasks.reduce((sum, { task }) => sum + Math.max(1, task.subcgroupPaths.length), 0);
    host.expect(cgroups * reading.files.length);
    return reading;
  }

  #cgroupsOf(task: Task, reading: CgroupReading): TaskCgroups {
    const known = this.#tasks.get(task.id);
    if (known !== undefined && known.task === task) return known;
    if (known?.isFor(task)) {
      known.task = task;
      return known;
    }
    known?.close();
    const cgroups = new TaskCgroups(task, reading, this.#context.catalogue);
    this.#tasks.set(task.id, cgroups);
    return cgroups;
  }

  #forget(id: string): void {
    this.#tasks.get(id)?.close();
    this.#tasks.delete(id);
  }

  #prune(round: Round): void {
    const present = new Set(round.tasks.map(({ task }) => task.id));
    for (const id of [...this.#tasks.keys()]) if (!present.has(id)) this.#forget(id);
  }
}

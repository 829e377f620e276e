import type { OpeningResult } from "../../kernel/perf/cgroup-events.ts";
import { explainFailure, explainUncountable, isForAll } from "../../kernel/perf/explain.ts";
import { KernelError, Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Log } from "../../model/log.ts";
import type { TaskUnderMeasure } from "../../model/round.ts";
import { isSameCgroup, type Task } from "../../model/task.ts";
import { TaskEvents, type TaskEventsOptions } from "./task-events.ts";

/** Rounds between attempts to open the events of a task: 1, 2, 4, … */
const LONGEST_WAIT = 64;

/** A task whose events could not be opened. */
interface Waiting {
  readonly task: Task;
  readonly result: Exclude<OpeningResult, "open"> | "failed";
  /** With what it has counted so far; absent when it never counted. */
  readonly events?: TaskEvents;
  /** Rounds until the next attempt, and how many it was this time. */
  rounds: number;
  readonly wait: number;
}

/** What {@link PerfWatch.measure} is told of a round. */
export interface PerfRound {
  readonly tasks: readonly TaskUnderMeasure[];
  readonly cpus: readonly number[];
  /** True when CPUs came or went since the last round. */
  readonly cpusChanged: boolean;
  /** Of the CPUs those that were away in between: events that were opened before stand still. */
  readonly returned: readonly number[];
  /** Of a clock that never jumps. */
  readonly nowMs: () => number;
}

/** Keeps perf events open for the tasks that are there, as many as descriptors allow. */
export class PerfWatch {
  readonly #options: TaskEventsOptions;
  readonly #host: Host;
  readonly #log: Log;
  /** By task id; pruned by the list of present tasks. */
  readonly #tasks = new Map<string, TaskEvents>();
  readonly #waiting = new Map<string, Waiting>();
  /** What the log has been told already. */
  readonly #said = new Set<string>();
  #crowded = 0;

  constructor(options: TaskEventsOptions, log: Log) {
    this.#options = options;
    this.#host = options.source.host;
    this.#log = log;
  }

  /** Throws {@link Unsupported} when nothing can be opened for any task. */
  measure(round: PerfRound): void {
    this.#prune(round.tasks);
    this.#expect(round);
    this.#crowded = 0;
    for (const entry of round.tasks) this.#measureTask(entry, round);
    this.#tell(round);
  }

  /** How many tasks are without events, by what is missing. */
  missing(): ReadonlyMap<string, number> {
    const counts = [
      ["cgroup of perf_event", this.#without("absent") + this.#without("uncountable")],
      ["descriptors for perf events", this.#crowded],
    ] as const;
    return new Map(counts.filter(([, count]) => count > 0));
  }

  /** Closes the events of a task that is not to be watched any more. */
  release({ task, measurements }: TaskUnderMeasure): void {
    this.#waiting.delete(task.id);
    const known = this.#tasks.get(task.id);
    if (known === undefined) return;
    known.forget(measurements);
    this.#close(task.id, known);
  }

  close(): void {
    for (const [id, events] of this.#tasks) this.#close(id, events);
    this.#waiting.clear();
  }

  #measureTask(entry: TaskUnderMeasure, round: PerfRound): void {
    const { task, measurements } = entry;
    const known = this.#tasks.get(task.id);
    if (known?.isFor(task) === false) this.release(entry);
    const events = this.#tasks.get(task.id);
    try {
      if (events === undefined) {
        this.#start(entry, round);
        return;
      }
      // First what has been counted so far: it is lost with the descriptors of a CPU that went away.
      events.measure(round.nowMs(), measurements);
      const stale = round.cpusChanged || round.returned.length > 0 || events.dissolved || events.looksAgain();
      if (events.update(task) || stale) this.#follow(entry, events, round);
    } catch (error) {
      this.#fail(entry, error);
    }
  }

  #start(entry: TaskUnderMeasure, round: PerfRound): void {
    const { cpus, nowMs } = round;
    const { task, measurements } = entry;
    if (this.#isWaiting(task)) return;
    // Looking for the cgroup costs more than this.
    if (this.#host.freeDescriptors < this.#options.source.plan.descriptors(cpus)) {
      this.#crowded++;
      return;
    }
    const events = this.#waiting.get(task.id)?.events ?? new TaskEvents(task, this.#options);
    events.update(task);
    this.#tasks.set(task.id, events);
    if (this.#follow(entry, events, round)) events.measure(nowMs(), measurements);
  }

  /** False when the task is not watched now. */
  #follow(entry: TaskUnderMeasure, events: TaskEvents, { cpus, returned }: PerfRound): boolean {
    const result = events.follow(cpus, returned);
    if (result === "open") {
      this.#waiting.delete(entry.task.id);
      return true;
    }
    const { directory } = events;
    events.forget(entry.measurements);
    this.#close(entry.task.id, events);
    if (result === "crowded") this.#crowded++;
    else this.#wait(entry.task, result, events);
    if (result === "uncountable" && this.#without(result) > 0) {
      this.#say(result, explainUncountable(directory, this.#options.hierarchy));
    }
    return false;
  }

  #fail(entry: TaskUnderMeasure, error: unknown): void {
    const { task } = entry;
    const events = this.#tasks.get(task.id);
    events?.forget(entry.measurements);
    this.#close(task.id, events);
    if (!(error instanceof KernelError)) throw error;
    const message = explainFailure(error, `perf events of task "${task.id}"`, this.#host);
    if (isForAll(error)) throw new Unsupported(message, { cause: error });
    this.#wait(task, "failed", events);
    this.#say(error.code, `${message}; the task has no perf metrics, it is tried again`);
  }

  #isWaiting(task: Task): boolean {
    const waiting = this.#waiting.get(task.id);
    if (waiting === undefined) return false;
    const same = isSameCgroup(task, waiting.task);
    if (!same) this.#waiting.delete(task.id);
    return same && --waiting.rounds > 0;
  }

  #wait(task: Task, result: Waiting["result"], events?: TaskEvents): void {
    const before = this.#waiting.get(task.id)?.wait ?? 0.5;
    const wait = Math.min(LONGEST_WAIT, before * 2);
    this.#waiting.set(task.id, { task, result, ...(events && { events }), rounds: wait, wait });
  }

  /** Tasks that were without in at least two attempts: cgroups are made in one hierarchy after the other, and go. */
  #without(result: Waiting["result"]): number {
    let count = 0;
    for (const waiting of this.#waiting.values()) {
      if (waiting.result === result && waiting.wait > 1) count++;
    }
    return count;
  }

  #tell({ tasks, cpus }: PerfRound): void {
    const absent = this.#without("absent");
    if (absent > 0) {
      const { mount } = this.#options.hierarchy;
      this.#say(
        "absent",
        `Cannot count perf events of ${absent} of ${tasks.length} tasks: they have no cgroup of their own in the hierarchy of perf_event, ${mount}`,
      );
    }
    if (this.#crowded > 0) this.#say("crowded", this.#crowdedMessage(tasks.length, cpus));
  }

  #crowdedMessage(tasks: number, cpus: readonly number[]): string {
    const { plan } = this.#options.source;
    const each = plan.descriptors(cpus);
    const left = this.#host.freeDescriptors + this.#tasks.size * each;
    return `Cannot count perf events of ${this.#crowded} of ${tasks} tasks: ${plan.descriptorsInWords(cpus)}, ${tasks * each} in all, and ${left} are left of the limit less a reserve of 512; raise LimitNOFILE, name fewer events or choose tasks with perf_tasks`;
  }

  #expect({ tasks, cpus }: PerfRound): void {
    const added = tasks.length - this.#tasks.size - this.#waiting.size;
    if (added > 0) this.#host.expect(added * this.#options.source.plan.descriptors(cpus));
  }

  #prune(tasks: readonly TaskUnderMeasure[]): void {
    let known = 0;
    for (const { task } of tasks) if (this.#tasks.has(task.id) || this.#waiting.has(task.id)) known++;
    if (known === this.#tasks.size + this.#waiting.size) return;
    const present = new Set(tasks.map(({ task }) => task.id));
    for (const [id, events] of this.#tasks) if (!present.has(id)) this.#close(id, events);
    for (const id of this.#waiting.keys()) if (!present.has(id)) this.#waiting.delete(id);
  }

  #close(id: string, events: TaskEvents | undefined): void {
    events?.close();
    this.#tasks.delete(id);
  }

  #say(what: string, message: string): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    this.#log.warning(message);
  }
}

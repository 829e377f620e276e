import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Measurement } from "../../model/metric.ts";
import { isSameCgroup, type Task } from "../../model/task.ts";
import type { IsOther } from "../cgroup/member-branch.ts";
import type { CgroupMembers } from "../cgroup/members.ts";
import type { ControlGroups } from "./control-groups.ts";
import { addThread, isLimit } from "./group.ts";
import type { GroupStore } from "./group-store.ts";
import { MonSums } from "./mon-sums.ts";
import { StrayThreads } from "./stray-threads.ts";
import { TaskGroups } from "./task-groups.ts";

/** Rounds after which a task's groups are compared with its threads though nothing seems to have changed. */
const CHECK_ROUNDS = 8;
/** Looks at the threads of one task in one round: a process may start some as fast as they are moved. */
const LOOKS = 5;
/** New threads of a task that are moved without asking who is in its groups, for which the kernel walks all threads. */
const FEW_THREADS = 8;

/** Why threads of a task are not watched. */
export interface MonitorProblem {
  /** `limit`: no RMID is free. `foreign`: they are in somebody else's monitoring group. Otherwise an errno. */
  readonly kind: string;
  readonly message: string;
}

/** What the monitors of all tasks share. */
export interface Monitoring {
  readonly host: Host;
  readonly members: CgroupMembers;
  readonly control: ControlGroups;
  readonly store: GroupStore;
}

/** Control group → those of a task's threads that are in it. */
type Placement = ReadonlyMap<string, readonly number[]>;

/**
 * Watches one task: a monitoring group in every control group that the task has threads in, into which those
 * are moved. Only monitoring groups are written to, so that no thread ever changes its control group.
 */
export class TaskMonitor {
  task: Task;
  /** Why it is not, or not wholly, watched. */
  problem: MonitorProblem | undefined;
  /** Somebody else has removed a group of it. */
  lost = false;
  readonly #monitoring: Monitoring;
  readonly #groups: TaskGroups;
  readonly #sums = new MonSums();
  readonly #strays: StrayThreads;
  /** Threads and the control groups they were in when all was done that could be; nothing when they have to be looked at. */
  #settled: ReadonlyMap<number, string> | undefined;
  #version = -1;
  #roundsToCheck = 0;
  /** A thread was not in the control group that it was last seen in. */
  #misplaced = false;

  constructor(task: Task, monitoring: Monitoring) {
    const { host, store } = monitoring;
    this.task = task;
    this.#monitoring = monitoring;
    this.#groups = new TaskGroups(host, store, task.id);
    this.#strays = new StrayThreads(host, store);
  }

  /** Whether it is the same cgroup still: labels may have changed, the directory has not. */
  isFor(task: Task): boolean {
    return isSameCgroup(task, this.task);
  }

  /** A counter of bandwidth was not assigned to a group in this round. */
  get unassigned(): boolean {
    return this.#sums.unassigned;
  }

  /** Gets the task's threads into its groups. Throws TaskGone. */
  place(isOther: IsOther): void {
    const { members } = this.#monitoring;
    const list = () => members.threads(this.task.cgroupPath, isOther);
    const threads = list();
    this.lost = false;
    if (!this.#catchUp(threads, list)) this.#placeAll(threads, list);
  }

  read(into: Record<string, Measurement>): void {
    this.#sums.begin();
    if (!this.#groups.read(this.#sums)) this.#lose();
    this.#sums.emit(into);
  }

  close(): void {
    this.#groups.close();
  }

  /** Deals with a few new threads since the last round; false when everything has to be looked at. */
  #catchUp(threads: readonly number[], list: () => readonly number[]): boolean {
    let present = threads;
    for (let look = 0; look < LOOKS; look++) {
      if (this.#settled === undefined || (look === 0 && --this.#roundsToCheck <= 0)) return false;
      const fresh = this.#newAmong(present, this.#settled);
      if (fresh === undefined || !fresh.every((tid) => this.#follow(tid))) return false;
      if (fresh.length > 0 || present.length < this.#settled.size) this.#settle(present);
      this.#version = this.#monitoring.control.version;
      if (fresh.length === 0) return true;
      present = list();
    }
    return true;
  }

  /** Threads that were not there before; nothing when they are many, or one that was is in another control group. */
  #newAmong(threads: readonly number[], settled: ReadonlyMap<number, string>): readonly number[] | undefined {
    const { control } = this.#monitoring;
    const haveMoved = this.#version !== control.version;
    const fresh: number[] = [];
    for (const tid of threads) {
      const before = settled.get(tid);
      if (before === undefined) fresh.push(tid);
      else if (haveMoved && before !== control.of(tid)) return undefined;
    }
    return fresh.length > FEW_THREADS ? undefined : fresh;
  }

  /** Watches one thread more, where it is not already since its parent is; false when that goes wrong. */
  #follow(tid: number): boolean {
    const control = this.#monitoring.control.of(tid);
    const group = this.#groups.path(control);
    if (group === undefined) return false;
    const { problem } = this;
    this.#move(control, group, tid);
    return this.problem === problem;
  }

  #placeAll(threads: readonly number[], list: () => readonly number[]): void {
    const { store } = this.#monitoring;
    // The checks of all tasks are spread over the rounds.
    this.#roundsToCheck = this.#version < 0 ? 1 + (store.size % CHECK_ROUNDS) : CHECK_ROUNDS;
    this.#groups.relist();
    if (this.#sums.unassigned) this.#groups.assignCounters();
    let present = threads;
    let placement = this.#placementOf(present);
    for (let look = 1; this.#arrange(placement) && look < LOOKS; look++) {
      present = list();
      placement = this.#placementOf(present);
    }
    this.#removeDeserted(placement);
    this.#settled = undefined;
    if (this.problem?.kind !== "limit" && this.#strays.size === 0) this.#settle(present);
  }

  #settle(threads: readonly number[]): void {
    const { control } = this.#monitoring;
    this.#settled = new Map(threads.map((tid) => [tid, control.of(tid)]));
    this.#version = control.version;
  }

  #placementOf(threads: readonly number[]): Placement {
    const { control: controlGroups } = this.#monitoring;
    // Once for all threads that have moved.
    if (this.#misplaced) controlGroups.refresh();
    this.#misplaced = false;
    const placement = new Map<string, number[]>();
    for (const tid of threads) {
      const control = controlGroups.of(tid);
      const there = placement.get(control);
      if (there === undefined) placement.set(control, [tid]);
      else there.push(tid);
    }
    return placement;
  }

  /** True when it changed something, after which there may be more threads to move. */
  #arrange(placement: Placement): boolean {
    this.problem = undefined;
    let changed = false;
    for (const [control, threads] of placement) {
      const inside = this.#open(control, placement);
      const group = this.#groups.path(control);
      if (inside === undefined || group === undefined) continue;
      for (const tid of threads) if (!inside.has(tid) && this.#move(control, group, tid)) changed = true;
      this.#strays.look(control, inside, threads);
    }
    return changed;
  }

  /** Threads in the task's group there, which is made if need be; nothing when it cannot be made. */
  #open(control: string, placement: Placement): ReadonlySet<number> | undefined {
    const isMade = this.#groups.path(control) !== undefined;
    const inside = this.#groups.threads(control);
    if (inside !== undefined) return inside;
    if (isMade) this.#lose();
    try {
      for (const other of this.#groups.controlGroups) {
        if (!placement.has(other) && this.#groups.take(other, control)) return new Set();
      }
      this.#groups.make(control);
      return new Set();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.problem = { kind: isLimit(error) ? "limit" : error.code, message: error.message };
      return undefined;
    }
  }

  /** True when the thread's place may be another one now. */
  #move(control: string, group: string, tid: number): boolean {
    const foreign = this.#monitoring.control.foreign(control).get(tid);
    if (foreign !== undefined) {
      this.problem = {
        kind: "foreign",
        message: `thread ${tid} is in the monitoring group "${foreign}", which is not this agent's: it stays there and is not counted. Remove that group if nobody needs it, or leave the task out with rdt_tasks`,
      };
      return false;
    }
    try {
      addThread(this.#monitoring.host, group, tid);
      return true;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      // It has ended.
      if (error.code === "ESRCH") return false;
      this.problem = { kind: error.code, message: error.message };
      // Somebody has just moved it to another control group, or removed ours.
      if (error.code === "EINVAL") this.#misplaced = true;
      return this.#misplaced || error.code === "ENOENT" || error.code === "ENODEV";
    }
  }

  /** A task without threads keeps its groups: it may start again. */
  #removeDeserted(placement: Placement): void {
    if (placement.size === 0) return;
    for (const control of this.#groups.controlGroups) {
      if (placement.has(control)) continue;
      this.#groups.remove(control, this.#sums);
      this.#strays.forget(control);
    }
  }

  #lose(): void {
    this.lost = true;
    this.#settled = undefined;
  }
}

import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { assignCounter, readThreads } from "./group.ts";
import type { GroupStore } from "./group-store.ts";
import { MonData } from "./mon-data.ts";
import { MONITORING_EVENTS } from "./mon-events.ts";
import type { MonSums } from "./mon-sums.ts";

interface Group {
  path: string;
  readonly data: MonData;
}

/** The monitoring groups of one task, at most one in each control group. */
export class TaskGroups {
  readonly #host: Host;
  readonly #store: GroupStore;
  readonly #taskId: string;
  /** By control group. */
  readonly #groups = new Map<string, Group>();

  constructor(host: Host, store: GroupStore, taskId: string) {
    this.#host = host;
    this.#store = store;
    this.#taskId = taskId;
  }

  get controlGroups(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** Threads in the group there; nothing when there is none, or somebody else has removed it. */
  threads(control: string): ReadonlySet<number> | undefined {
    const group = this.#groups.get(control);
    if (group === undefined) return undefined;
    try {
      return new Set(readThreads(this.#host, group.path));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#lose(control);
      return undefined;
    }
  }

  path(control: string): string | undefined {
    return this.#groups.get(control)?.path;
  }

  /** Makes a group in a control group. Throws ResctrlError. */
  make(control: string): string {
    const path = this.#store.make(control, this.#taskId);
    this.#groups.set(control, { path, data: new MonData(this.#host, path) });
    return path;
  }

  /**
   * Takes the group along to another control group, counts and RMID included. Only for a group without threads:
   * those in it would change their control group with it. False where the kernel cannot.
   */
  take(from: string, to: string): boolean {
    const group = this.#groups.get(from);
    if (group === undefined || this.threads(from)?.size !== 0) return false;
    const moved = this.#store.move(group.path, to);
    if (moved === undefined) return false;
    group.path = moved;
    group.data.moved(moved);
    this.#groups.delete(from);
    this.#groups.set(to, group);
    return true;
  }

  /** Removes the group there, whose counts are added before. */
  remove(control: string, sums: MonSums): void {
    const group = this.#groups.get(control);
    if (group === undefined) return;
    group.data.read(sums);
    this.#forget(control, group);
    this.#store.remove(group.path);
  }

  /** Looks for domains that came or went. */
  relist(): void {
    for (const { data } of this.#groups.values()) data.relist();
  }

  /** Asks for the assignable counters that groups lack: others may have given theirs back. */
  assignCounters(): void {
    for (const { path } of this.#groups.values()) {
      for (const { file, kind } of MONITORING_EVENTS) if (kind === "counter") this.#assign(path, file);
    }
  }

  /** Adds what all groups say. False when one of them is gone. */
  read(sums: MonSums): boolean {
    let complete = true;
    for (const [control, { data }] of this.#groups) {
      if (data.read(sums)) continue;
      complete = false;
      this.#lose(control);
    }
    return complete;
  }

  close(): void {
    for (const [control, group] of this.#groups) {
      this.#forget(control, group);
      this.#store.remove(group.path);
    }
  }

  #assign(path: string, event: string): void {
    try {
      assignCounter(this.#host, path, event);
    } catch (error) {
      // None is free, which the readings tell as well.
      if (!(error instanceof KernelError)) throw error;
    }
  }

  #lose(control: string): void {
    const group = this.#groups.get(control);
    if (group === undefined) return;
    this.#forget(control, group);
    this.#store.lose(group.path);
  }

  #forget(control: string, { data }: Group): void {
    data.close();
    this.#groups.delete(control);
  }
}

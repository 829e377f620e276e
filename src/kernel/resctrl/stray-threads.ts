import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { addThread } from "./group.ts";
import type { GroupStore } from "./group-store.ts";
import { readLife } from "./process-life.ts";

/** Name part of the groups through which strays leave. */
const EXIT = "exit";
const NONE: ReadonlySet<number> = new Set();

/**
 * Threads that are in a task's group but not the task's any more: they began there and then went to another
 * cgroup, as containers do that a service starts. A thread can be put back among those of its control group
 * only by naming that control group, which would undo an allocation that somebody makes at that moment; so
 * strays go to a monitoring group of their own, and with its removal the kernel puts them where they belong.
 */
export class StrayThreads {
  readonly #host: Host;
  readonly #store: GroupStore;
  /** Those of the last look, by control group. */
  readonly #seen = new Map<string, ReadonlySet<number>>();

  constructor(host: Host, store: GroupStore) {
    this.#host = host;
    this.#store = store;
  }

  /** How many there were at the last look: they have to be looked at again. */
  get size(): number {
    let size = 0;
    for (const strays of this.#seen.values()) size += strays.size;
    return size;
  }

  /** Sends away who is a stray for the second time: a thread may have been listed too early to be known. */
  look(control: string, inside: ReadonlySet<number>, threads: readonly number[]): void {
    const before = this.#seen.get(control) ?? NONE;
    const strays = new Set(inside);
    for (const tid of threads) strays.delete(tid);
    const known = [...strays].filter((tid) => before.has(tid));
    for (const tid of known) strays.delete(tid);
    this.#seen.set(control, strays);
    // A zombie stays in its group until its parent knows, and does no harm there.
    const alive = known.filter((tid) => readLife(this.#host, tid)?.hasEnded === false);
    if (alive.length > 0) this.#sendAway(control, alive);
  }

  forget(control: string): void {
    this.#seen.delete(control);
  }

  #sendAway(control: string, threads: readonly number[]): void {
    try {
      const exit = this.#store.make(control, EXIT);
      for (const tid of threads) this.#add(exit, tid);
      this.#store.remove(exit);
    } catch (error) {
      // Without an RMID for it they stay until they end.
      if (!(error instanceof KernelError)) throw error;
    }
  }

  #add(group: string, tid: number): void {
    try {
      addThread(this.#host, group, tid);
    } catch (error) {
      // It has ended, or is in another control group already.
      if (!(error instanceof KernelError)) throw error;
    }
  }
}

import { KernelError } from "../../model/errors.ts";
import type { Host, KernelFile } from "../../model/host.ts";

/** Errnos of a thread that has ended: by path, and through a kept descriptor. */
const ENDED: ReadonlySet<string> = new Set(["ENOENT", "ESRCH"]);
/** What is wrong when threads of other users cannot be seen. */
export const NEEDED_TO_SEE_THREADS =
  "/proc is mounted with hidepid or a security module forbids it; needs CAP_SYS_PTRACE, or the group that the mount option gid= of /proc names";
/**
 * How many readings in a row may lack a thread before it is another one. A thread that moves between cgroups
 * which are listed one after the other is in neither list, and would count with all it ever did afterwards.
 */
const LACKED_READINGS = 3;
const FORBIDDEN: ReadonlySet<string> = new Set(["EACCES", "EPERM"]);

interface Thread<State> {
  /** Kept open; nothing where descriptors are scarce. */
  file: KernelFile | undefined;
  readonly state: State;
  /** Number of the reading in which it was seen last. */
  seen: number;
}

/**
 * One file of `/proc/TID` of the threads of a task, each with what is known of the thread. A kept
 * descriptor is read 2 to 8 times faster than a path, and belongs to the thread rather than to its id:
 * when the id is given to another thread, reading fails with ESRCH. Threads take no more than half of the
 * descriptors, since cgroups and perf events cannot do without.
 */
export class ThreadFiles<State> {
  readonly #host: Host;
  readonly #name: string;
  readonly #stateOf: () => State;
  readonly #threads = new Map<number, Thread<State>>();
  #reading = 0;

  constructor(host: Host, name: string, stateOf: () => State) {
    this.#host = host;
    this.#name = name;
    this.#stateOf = stateOf;
  }

  /**
   * Reads the file of each of these threads; `visit` finds it in the host's buffer. A thread that has ended
   * is left out. One that is not in the list has its file closed, and is forgotten when it stays away.
   * Returns how many were read.
   */
  read(threads: readonly number[], visit: (length: number, state: State) => void): number {
    this.#reading++;
    let found = 0;
    for (const id of threads) {
      const thread = this.#threads.get(id) ?? this.#add(id);
      thread.seen = this.#reading;
      const length = this.#readOne(id, thread);
      if (length === undefined) continue;
      found++;
      visit(length, thread.state);
    }
    if (this.#threads.size > found) this.#prune();
    return found;
  }

  close(): void {
    for (const { file } of this.#threads.values()) file?.close();
    this.#threads.clear();
  }

  #add(id: number): Thread<State> {
    const thread: Thread<State> = { file: undefined, state: this.#stateOf(), seen: 0 };
    this.#threads.set(id, thread);
    return thread;
  }

  /** Nothing, and the thread forgotten, when it has ended. If the id is there the next time, another has it. */
  #readOne(id: number, thread: Thread<State>): number | undefined {
    try {
      return thread.file === undefined ? this.#readByPath(id, thread) : thread.file.read();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (FORBIDDEN.has(error.code)) throw this.#forbidden(error);
      if (!ENDED.has(error.code)) throw error;
      this.#forget(id, thread);
      return undefined;
    }
  }

  #readByPath(id: number, thread: Thread<State>): number {
    const { freeDescriptors, keptFilesLimit } = this.#host;
    const file = this.#host.open(`/proc/${id}/${this.#name}`);
    thread.file = file;
    const length = file.read();
    if (freeDescriptors * 2 > keptFilesLimit) return length;
    file.close();
    thread.file = undefined;
    return length;
  }

  #prune(): void {
    for (const [id, thread] of this.#threads) {
      const lacked = this.#reading - thread.seen;
      if (lacked === 0) continue;
      thread.file?.close();
      thread.file = undefined;
      if (lacked > LACKED_READINGS) this.#threads.delete(id);
    }
  }

  #forget(id: number, thread: Thread<State>): void {
    thread.file?.close();
    this.#threads.delete(id);
  }

  /** Names no thread, so that the same failure of many is told once. */
  #forbidden(cause: KernelError): Error {
    return new Error(
      `Cannot read "/proc/TID/${this.#name}" of the threads of tasks: ${cause.code}, ${NEEDED_TO_SEE_THREADS}`,
      { cause },
    );
  }
}

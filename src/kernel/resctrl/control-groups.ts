import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { listControlGroups, listMonitoringGroups } from "./census.ts";
import { parseThreads, readThreads } from "./group.ts";
import { type GroupOwner, isSameOwner, ownerOf } from "./group-name.ts";
import { nameOf, RESCTRL } from "./paths.ts";

/**
 * Which control group each thread is in, by the `tasks` of the control groups: one reading for each of the few
 * groups tells it for all threads, and none is needed while there is only the root.
 */
export class ControlGroups {
  readonly #host: Host;
  readonly #self: GroupOwner;
  /** `tasks` of the control groups beside the root, as last read. */
  #tasks = new Map<string, string>();
  #byThread = new Map<number, string>();
  #foreign = new Map<string, ReadonlyMap<number, string>>();
  #version = 0;

  constructor(host: Host, self: GroupOwner) {
    this.#host = host;
    this.#self = self;
  }

  /** Another number whenever a thread may have changed its control group. */
  get version(): number {
    return this.#version;
  }

  /** Looks again. Throws KernelError when resctrl is not mounted any more. */
  refresh(): void {
    const tasks = new Map<string, string>();
    for (const path of listControlGroups(this.#host)) {
      const text = path === RESCTRL ? undefined : this.#read(path);
      if (text !== undefined) tasks.set(path, text);
    }
    this.#foreign.clear();
    if (sameTexts(tasks, this.#tasks)) return;
    this.#tasks = tasks;
    this.#byThread = new Map();
    for (const [path, text] of tasks) for (const tid of parseThreads(text)) this.#byThread.set(tid, path);
    this.#version++;
  }

  /** Path of the control group. */
  of(tid: number): string {
    return this.#byThread.get(tid) ?? RESCTRL;
  }

  /** Thread → monitoring group that somebody else has put it in, below this control group. */
  foreign(control: string): ReadonlyMap<number, string> {
    const known = this.#foreign.get(control);
    if (known !== undefined) return known;
    const found = new Map<number, string>();
    for (const path of listMonitoringGroups(this.#host, control)) {
      const owner = ownerOf(nameOf(path));
      if (owner !== undefined && isSameOwner(owner, this.#self)) continue;
      for (const tid of this.#threadsOf(path)) found.set(tid, path);
    }
    this.#foreign.set(control, found);
    return found;
  }

  /** Nothing when the group has gone meanwhile. */
  #read(path: string): string | undefined {
    try {
      return this.#host.read(`${path}/tasks`);
    } catch (error) {
      if (error instanceof KernelError) return undefined;
      throw error;
    }
  }

  #threadsOf(group: string): readonly number[] {
    try {
      return readThreads(this.#host, group);
    } catch (error) {
      if (error instanceof KernelError) return [];
      throw error;
    }
  }
}

function sameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [path, text] of a) if (b.get(path) !== text) return false;
  return true;
}

import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { isLimit, makeMonitoringGroup, removeMonitoringGroup, renameMonitoringGroup } from "./group.ts";
import { type GroupOwner, groupName } from "./group-name.ts";
import { removeOrphans } from "./orphans.ts";

/** Rounds between attempts while RMIDs are missing: 1, 2, 4, and so on up to this. */
const LONGEST_PAUSE = 64;
/** Names that may be taken by a group of this agent that could not be removed. */
const TURNS = 10;

/** Makes and removes the monitoring groups of one agent, and keeps it from asking in vain all the time. */
export class GroupStore {
  readonly #host: Host;
  readonly #self: GroupOwner;
  readonly #made = new Set<string>();
  /** Groups that could not be removed yet, and why. */
  readonly #stuck = new Map<string, Error>();
  #limit: Error | undefined;
  #pause = 0;
  #waits = 0;
  #canRename = true;

  constructor(host: Host, self: GroupOwner) {
    this.#host = host;
    this.#self = self;
  }

  /** How many groups there are. */
  get size(): number {
    return this.#made.size;
  }

  /** Why a group could not be removed; nothing when all could. */
  get stuck(): Error | undefined {
    return this.#stuck.values().next().value;
  }

  beginRound(): void {
    if (this.#waits > 0) this.#waits--;
    for (const path of [...this.#stuck.keys()]) this.remove(path);
  }

  /**
   * Path of a new group for a task. Throws ResctrlError; for want of an RMID the same one again, without asking
   * the kernel, until a group of ours was removed or some rounds have passed.
   */
  make(control: string, taskId: string): string {
    if (this.#limit !== undefined && this.#waits > 0) throw this.#limit;
    try {
      const path = this.#makeOrSweep(control, taskId);
      this.#made.add(path);
      this.#limit = undefined;
      this.#pause = 0;
      return path;
    } catch (error) {
      if (isLimit(error)) {
        this.#limit = error as Error;
        this.#pause = Math.min(LONGEST_PAUSE, Math.max(1, this.#pause * 2));
        this.#waits = this.#pause;
      }
      throw error;
    }
  }

  remove(path: string): void {
    this.#made.delete(path);
    try {
      removeMonitoringGroup(this.#host, path);
      this.#stuck.delete(path);
      this.#waits = 0;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#stuck.set(path, error);
    }
  }

  /** A group that somebody else has removed. */
  lose(path: string): void {
    this.#made.delete(path);
  }

  /** The new path of a group moved below another control group; nothing where the kernel cannot (before 6.5). */
  move(path: string, control: string): string | undefined {
    if (!this.#canRename) return undefined;
    try {
      const moved = renameMonitoringGroup(this.#host, path, control);
      this.#made.delete(path);
      this.#made.add(moved);
      return moved;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      // Gone, or its name is taken there: that says nothing about the kernel.
      if (error.code !== "ENOENT" && error.code !== "EEXIST") this.#canRename = false;
      return undefined;
    }
  }

  /** What could not be removed is left to the next agent. */
  close(): void {
    for (const path of [...this.#made, ...this.#stuck.keys()]) this.remove(path);
  }

  #makeOrSweep(control: string, taskId: string): string {
    try {
      return this.#makeNamed(control, taskId);
    } catch (error) {
      // Another agent may have crashed since the start of this one.
      if (!isLimit(error) || removeOrphans(this.#host) === 0) throw error;
      return this.#makeNamed(control, taskId);
    }
  }

  #makeNamed(control: string, taskId: string): string {
    for (let turn = 0; ; turn++) {
      const name = groupName(this.#self, taskId, turn);
      try {
        return makeMonitoringGroup(this.#host, control, name);
      } catch (error) {
        if (!(error instanceof KernelError && error.code === "EEXIST") || turn === TURNS) throw error;
      }
    }
  }
}

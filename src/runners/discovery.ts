import type { Node } from "../model/roles.ts";
import type { Task } from "../model/task.ts";
import { withDeadline } from "./deadline.ts";

/** Asks one node for tasks, one question at a time, and never waits longer than the deadline. */
export class Discovery {
  readonly #node: Node;
  readonly #deadlineSecs: number;
  /** The question under way, or its answer that came too late for the round that asked. */
  #pending: Promise<readonly Task[]> | undefined;

  constructor(node: Node, deadlineSecs: number) {
    this.#node = node;
    this.#deadlineSecs = deadlineSecs;
  }

  /** A node that hangs is waited for once; later rounds go on without it until it answers. */
  async tasks(): Promise<readonly Task[]> {
    const waitSecs = this.#pending === undefined ? this.#deadlineSecs : 0;
    this.#pending ??= ask(this.#node);
    const pending = this.#pending;
    let late = false;
    try {
      return await withDeadline(pending, waitSecs * 1000, () => {
        late = true;
        return new Error(`Cannot discover tasks: not done within ${this.#deadlineSecs} s`);
      });
    } finally {
      if (!late) this.#pending = undefined;
      // Who asks next is told.
      else pending.catch(() => undefined);
    }
  }
}

/** A node that throws at once and one whose promise rejects are the same to the caller. */
async function ask(node: Node): Promise<readonly Task[]> {
  const found: unknown = await node.discover();
  if (Array.isArray(found)) return found;
  throw new TypeError(`Cannot discover tasks: saw ${String(found)}, wanted a list`);
}

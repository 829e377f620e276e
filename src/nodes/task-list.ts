import type { Task } from "../model/task.ts";

/**
 * The tasks of a round, put together one by one. As long as they are those of the round before, the result
 * is the same array, and nothing is allocated.
 */
export class TaskList {
  #previous: readonly Task[] = [];
  #next: Task[] | undefined;
  #count = 0;

  add(task: Task): void {
    if (this.#next === undefined && this.#previous[this.#count] !== task) {
      this.#next = this.#previous.slice(0, this.#count);
    }
    this.#next?.push(task);
    this.#count++;
  }

  /** Ends the round. */
  finish(): readonly Task[] {
    if (this.#next !== undefined) this.#previous = this.#next;
    else if (this.#count !== this.#previous.length) this.#previous = this.#previous.slice(0, this.#count);
    this.#next = undefined;
    this.#count = 0;
    return this.#previous;
  }
}

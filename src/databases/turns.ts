/** Work in progress: on the same key one after the other, in the order in which it was asked for. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #running = new Set<Promise<unknown>>();

  /** Work that waits for earlier work on the same key. */
  async take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const turn = this.beside((this.#last.get(key) ?? Promise.resolve()).then(work));
    // The next one waits for this turn whether it succeeds or not.
    const settled = turn.catch(() => undefined);
    this.#last.set(key, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }

  /** Work that waits for nothing. */
  async beside<Result>(work: Promise<Result>): Promise<Result> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Settles when all work asked for so far is done, or when the time is up. */
  async idle(limitMs = 5000): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, limitMs);
    await Promise.race([Promise.allSettled(this.#running), limit.promise]);
    clearTimeout(timer);
  }
}

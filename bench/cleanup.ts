const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Undoes what the benchmark did to the machine, last thing first, however it ends: at its end, after an
 * error, by a signal. The actions must be synchronous, since nothing else runs in the handler of `exit`.
 */
export class Cleanup {
  readonly #actions: (() => void)[] = [];

  constructor() {
    process.on("exit", () => this.run());
    for (const [signal, code] of Object.entries(EXIT_CODES)) process.on(signal, () => process.exit(code));
  }

  /** Returns a function that does the action now instead. */
  add(action: () => void): () => void {
    this.#actions.push(action);
    return () => {
      const index = this.#actions.indexOf(action);
      if (index < 0) return;
      this.#actions.splice(index, 1);
      action();
    };
  }

  /** An action that fails is told and does not keep the others from being done. */
  run(): void {
    for (let action = this.#actions.pop(); action !== undefined; action = this.#actions.pop()) {
      try {
        action();
      } catch (error) {
        process.exitCode = 1;
        console.error(`Cannot clean up: ${(error as Error).message}`);
      }
    }
  }
}

import type { Log } from "../model/log.ts";
import { GuestProcess } from "./guest-process.ts";
import { DEFAULT_LIMITS, type SandboxLimits } from "./limits.ts";

export interface SandboxGroupOptions {
  /** Of the process: address space, descriptors, resident memory. */
  readonly limits?: Partial<SandboxLimits>;
  /** Another program in place of the guest; for tests. */
  readonly command?: readonly string[];
}

/** Who starts a process. */
export interface ProcessWatcher {
  readonly log: Log;
  readonly onStart: () => void;
  /** It ended while nobody waited for an answer. */
  readonly onUnasked: (reason: string) => void;
}

/** Modules that trust each other and share one process. Their calls wait for each other. */
export class SandboxGroup {
  readonly #limits: SandboxLimits;
  readonly #command: readonly string[] | undefined;
  #process: GuestProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #members = 0;
  #modules = 0;

  constructor({ limits = {}, command }: SandboxGroupOptions = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#command = command;
  }

  get pid(): number | undefined {
    return this.#process?.hasEnded === false ? this.#process.pid : undefined;
  }

  /** The number of a new module. */
  join(): number {
    this.#members++;
    return this.#modules++;
  }

  /** Does the work when all that was asked for before is done. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** The process, started unless it is there. `onStart` is called when it has to be. */
  async process(limitSecs: number, { log, onStart, onUnasked }: ProcessWatcher): Promise<GuestProcess> {
    if (this.#process?.hasEnded === false) return this.#process;
    onStart();
    const { addressSpaceBytes, descriptors, residentBytes } = this.#limits;
    const started = new GuestProcess({
      addressSpaceBytes,
      descriptors,
      residentBytes,
      ...(this.#command === undefined ? {} : { command: this.#command }),
      onUnasked,
    });
    this.#process = started;
    const { measures } = await started.ready(limitSecs);
    const lacking = measures.filter((measure) => measure.lacking !== undefined);
    const words = lacking.map((measure) => `${measure.name} (${measure.lacking})`).join(", ");
    log.debug(`Started a sandbox, process ${started.pid}${words === "" ? "" : `; without ${words}`}`);
    return started;
  }

  /** Ends the process when the last of its modules has left. */
  async leave(): Promise<void> {
    this.#members--;
    if (this.#members > 0) return;
    const process = this.#process;
    this.#process = undefined;
    await process?.close();
  }
}

import type { PluginFailure } from "../model/errors.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
const MOST_FAILURES = 5;
const WITHIN_MS = 600_000;
/** While it is off. */
const RETRY_MS = 600_000;
/** After these the process is still there, and one of them is not worth a pause. */
const CHEAP: ReadonlySet<PluginFailure> = new Set(["trap", "error", "output"]);

/** When something that failed may be tried again. */
export class BackOff {
  readonly #now: () => number;
  /** Of failures in a row. */
  #failures: number[] = [];
  #notBefore = 0;
  #isOff = false;
  #isFinal = false;

  /** Milliseconds of a clock that is never set back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether it failed too often in a row, or for good. */
  get isOff(): boolean {
    return this.#isOff;
  }

  /** Milliseconds until the next try; 0 for at once. */
  get pauseMs(): number {
    return this.#isFinal ? Number.POSITIVE_INFINITY : Math.max(0, this.#notBefore - this.#now());
  }

  /** True when it is off from now on. */
  failed(failure: PluginFailure): boolean {
    const now = this.#now();
    const wasOff = this.#isOff;
    this.#failures = [...this.#failures.filter((at) => now - at < WITHIN_MS), now];
    if (failure === "load") this.#isFinal = true;
    this.#isOff ||= this.#isFinal || this.#failures.length >= MOST_FAILURES;
    this.#notBefore = now + (this.#isOff ? RETRY_MS : this.#pauseAfter(failure));
    return this.#isOff && !wasOff;
  }

  /** True when it was off until now. */
  succeeded(): boolean {
    const wasOff = this.#isOff;
    this.#failures = [];
    this.#notBefore = 0;
    this.#isOff = false;
    return wasOff;
  }

  #pauseAfter(failure: PluginFailure): number {
    const inRow = this.#failures.length - (CHEAP.has(failure) ? 1 : 0);
    return inRow < 1 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (inRow - 1));
  }
}

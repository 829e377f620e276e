import type { Log } from "../model/log.ts";
import type { Refusal } from "./exposition/exposition.ts";

/** Counts the metrics that a storage leaves out, and says each reason once until another one comes. */
export class Refusals {
  readonly #log: Log;
  #count = 0;
  #lastReason: string | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** So far. */
  get count(): number {
    return this.#count;
  }

  /** Notes those of one batch. */
  note(refusals: readonly Refusal[]): void {
    this.#count += refusals.length;
    const [first] = refusals;
    if (first !== undefined && first.reason !== this.#lastReason) {
      const more = refusals.length === 1 ? "" : ` (and ${refusals.length - 1} more)`;
      this.#log.warning(`Dropped a metric that cannot be written: ${first.reason}${more}`);
    }
    this.#lastReason = first?.reason;
  }
}

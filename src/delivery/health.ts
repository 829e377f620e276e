import type { Log } from "../model/log.ts";

/** How the deliveries of one storage fare: numbers for metrics, and each change said once. */
export class DeliveryHealth {
  readonly name: string;
  readonly #log: Log;
  /** Metrics handed to the queue. */
  offered = 0;
  #delivered = 0;
  #dropped = 0;
  #failures = 0;
  #lastSeconds: number | undefined;
  /** What is wrong now; nothing while all is well. */
  #failing: string | undefined;
  #failingSince = 0;
  #droppedBefore = 0;
  #overflowSaid = false;

  constructor(name: string, log: Log) {
    this.name = name;
    this.#log = log;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get failures(): number {
    return this.#failures;
  }

  get failing(): boolean {
    return this.#failing !== undefined;
  }

  /** How long the last call took; absent before the first. */
  get lastSeconds(): number | undefined {
    return this.#lastSeconds;
  }

  succeeded(delivered: number, seconds: number): void {
    this.#delivered += delivered;
    this.#lastSeconds = seconds;
    if (this.#failing === undefined) return;
    const lasted = Math.round((performance.now() - this.#failingSince) / 1000);
    const lost = this.#dropped - this.#droppedBefore;
    this.#log.info(
      `${this.name} works again after ${lasted} s, ${lost === 0 ? "nothing was lost" : `${lost} metrics were dropped`}`,
    );
    this.#failing = undefined;
    this.#overflowSaid = false;
  }

  failed(
    error: unknown,
    {
      arrived,
      lost,
      seconds,
      retried,
    }: {
      readonly arrived: number;
      readonly lost: number;
      readonly seconds: number;
      readonly retried: boolean;
    },
  ): void {
    this.#fail(
      error instanceof Error ? error.message : String(error),
      retried
        ? "it is tried again, newer metrics wait; others go on, repetitions are counted"
        : "these metrics are dropped; others go on, repetitions are counted",
    );
    if (error instanceof Error && error.stack !== undefined) this.#log.debug(error.stack);
    this.#lastSeconds = seconds;
    this.#delivered += arrived;
    this.#dropped += lost;
  }

  /** The storage has not settled for a while. */
  hanging(seconds: number): void {
    if (this.#failing === undefined)
      this.#fail(`not done within ${seconds} s`, "newer metrics wait, others go on");
  }

  /** Metrics that found no place any more. */
  overflowed(metrics: number, most: number): void {
    this.#dropped += metrics;
    if (this.#overflowSaid) return;
    this.#overflowSaid = true;
    this.#log.error(
      `${this.name}: ${most} batches wait already, the oldest are dropped and counted in wca_metrics_dropped_total`,
    );
  }

  /** The end: what is still queued is lost. `refused`: what the storage left out by itself. */
  closed(queued: number, refused: number): void {
    this.#dropped += queued;
    if (this.offered === 0) return;
    const lost = this.#dropped + refused;
    const sum = `${this.name}: ${this.offered} metrics taken, ${this.#delivered} delivered, ${lost} dropped`;
    if (lost === 0) this.#log.info(sum);
    else if (queued === 0) this.#log.warning(sum);
    else this.#log.warning(`${sum}, of them ${queued} that still waited at the end`);
  }

  #fail(message: string, consequence: string): void {
    this.#failures++;
    if (this.#failing === undefined) {
      this.#failingSince = performance.now();
      this.#droppedBefore = this.#dropped;
    }
    if (this.#failing !== message) this.#log.error(`${this.name} failed: ${message}; ${consequence}`);
    this.#failing = message;
  }
}

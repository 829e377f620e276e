import type { Log } from "../model/log.ts";
import type { Failure } from "./failure.ts";

/** What became of the metrics of one call. */
export interface Fates {
  readonly arrived: number;
  /** The storage cannot write them. */
  readonly refused: number;
  readonly seconds: number;
}

/** Reasons of one failure that are said at once; each further one only after {@link MINUTE_MS}. */
const REASONS_AT_ONCE = 5;
const MINUTE_MS = 60_000;

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
  #reasons = 0;
  #reasonSaidAt = 0;
  #overflowSaid = false;
  #hangingSaid = false;
  #strangeSaid = false;

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

  succeeded(fates: Fates): void {
    this.#add(fates);
    if (this.#failing === undefined) return;
    const lasted = Math.round((performance.now() - this.#failingSince) / 1000);
    const lost = this.#dropped - this.#droppedBefore;
    this.#log.info(
      `${this.name} works again after ${lasted} s, ${lost === 0 ? "nothing was lost" : `${lost} metrics were dropped`}`,
    );
    this.#failing = undefined;
    this.#reasons = 0;
    this.#overflowSaid = false;
    this.#hangingSaid = false;
  }

  failed(
    { message, stack }: Failure,
    { lost, retried, ...fates }: Fates & { readonly lost: number; readonly retried: boolean },
  ): void {
    const isNew = this.#fail(
      message,
      retried
        ? "it is tried again, newer metrics wait; others go on, repetitions are counted"
        : "these metrics are dropped; others go on, repetitions are counted",
    );
    if (isNew && stack !== undefined) this.#log.debug(stack);
    this.#dropped += lost;
    this.#add(fates);
  }

  /** Details for who asks for them: what is said once says nothing of how it goes on. */
  triedAgain({
    attempt,
    pauseMs,
    queued,
  }: {
    readonly attempt: number;
    readonly pauseMs: number;
    readonly queued: number;
  }): void {
    const pause = (pauseMs / 1000).toFixed(1);
    this.#log.debug(
      `${this.name}: attempt ${attempt} failed: ${this.#failing}; again in ${pause} s, ${queued} metrics wait`,
    );
  }

  /** The agent stops, but for the storage it has to wait. */
  finishing(queued: number, seconds: number): void {
    if (this.#failing === undefined) return;
    this.#log.info(`${this.name}: ${queued} metrics still wait, they are given ${seconds} s`);
  }

  /** The storage has not settled for a while. */
  hanging(seconds: number): void {
    if (this.#hangingSaid) return;
    this.#hangingSaid = true;
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

  /** Metrics of which the storage said after it had taken them that it cannot write them. */
  refusedLater(metrics: number): void {
    const refused = Math.min(metrics, this.#delivered);
    this.#delivered -= refused;
    this.#dropped += refused;
  }

  /** The storage wants metrics to be tried again that it was not given: a fault in its code. */
  strange(metrics: number): void {
    if (this.#strangeSaid) return;
    this.#strangeSaid = true;
    this.#log.error(
      `${this.name}: ${metrics} undelivered metrics are none of the objects that it was given, as many are dropped`,
    );
  }

  /** Metrics that came after the end. */
  tooLate(metrics: number): void {
    this.#dropped += metrics;
    if (metrics > 0) this.#log.warning(`${this.name}: metrics came after the end, they are dropped`);
  }

  /** The end: what is still queued is lost. With `handsOn` others tell what became of the metrics. */
  closed(queued: number, handsOn: boolean): void {
    this.#dropped += queued;
    if (this.offered === 0) return;
    const lost = this.#dropped;
    const sum = `${this.name}: ${this.offered} metrics taken, ${this.#delivered} delivered, ${lost} dropped`;
    if (lost === 0) this.#log[handsOn ? "debug" : "info"](sum);
    else if (queued === 0) this.#log.warning(sum);
    else this.#log.warning(`${sum}, of them ${queued} that still waited at the end`);
  }

  #add({ arrived, refused, seconds }: Fates): void {
    this.#delivered += arrived;
    this.#dropped += refused;
    this.#lastSeconds = seconds;
  }

  /** Whether it was said: it is when it is new, and not for ever when each reason differs from the one before. */
  #fail(message: string, consequence: string): boolean {
    const now = performance.now();
    this.#failures++;
    if (this.#failing === undefined) {
      this.#failingSince = now;
      this.#droppedBefore = this.#dropped;
    }
    if (this.#failing === message) return false;
    this.#failing = message;
    if (this.#reasons >= REASONS_AT_ONCE && now - this.#reasonSaidAt < MINUTE_MS) return false;
    this.#reasons++;
    this.#reasonSaidAt = now;
    this.#log.error(`${this.name} failed: ${message}; ${consequence}`);
    return true;
  }
}

import type { Batch, Outlet, StorageTraits } from "../model/delivery.ts";
import { FailedDeliveryError } from "../model/errors.ts";
import type { Log } from "../model/log.ts";
import type { Metric } from "../model/metric.ts";
import type { Storage } from "../model/roles.ts";
import { MetricCopies } from "./copies.ts";
import { DeliveryHealth } from "./health.ts";
import { pauseMs } from "./pause.ts";

/** A minute of rounds at the usual interval: long enough for a server that is restarted. */
const DEFAULT_QUEUED_BATCHES = 60;
/** After this a storage that has not settled is said to hang. */
const PATIENCE_MS = 5_000;

export interface QueueOptions {
  readonly storage: Storage;
  /** What the storage is called in logs and metrics. */
  readonly name: string;
  readonly log: Log;
}

/** Values of a batch that waits. The metrics themselves may have other values by now. */
interface Waiting {
  readonly source: readonly Metric[];
  readonly values: readonly unknown[] | Float64Array;
  readonly timeMs: number;
}

/** What the storage holds, or will be given again. */
interface Head extends Batch {
  readonly metrics: readonly Metric[];
}

/** A call of `store` under way. */
interface Call {
  readonly head: Head;
  readonly calledAt: number;
  /** Metrics that the storage had left out before. */
  readonly refusedBefore: number;
}

/** How a call ended. */
interface Outcome {
  /** Metrics that the storage left out. */
  readonly refused: number;
  readonly seconds: number;
}

/**
 * The queue before one storage: one batch at a time, in order. A batch that the storage wants to try again
 * stays at the head, newer ones wait behind it; when too many wait the oldest of these are dropped.
 */
export class DeliveryQueue implements Outlet {
  readonly #storage: Storage & StorageTraits;
  readonly #health: DeliveryHealth;
  readonly #copies = new MetricCopies();
  readonly #waiting: Waiting[] = [];
  #head: Head | undefined;
  /** When the call under way began, on the monotonic clock in milliseconds. */
  #calledAt: number | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failuresInARow = 0;
  #pumping = false;
  #closed = false;
  #onIdle: (() => void) | undefined;

  constructor({ storage, name, log }: QueueOptions) {
    this.#storage = storage;
    this.#health = new DeliveryHealth(name, log);
  }

  get health(): DeliveryHealth {
    return this.#health;
  }

  /** Metrics that neither arrived nor are lost. */
  get queued(): number {
    return this.#waiting.reduce((sum, { source }) => sum + source.length, this.#head?.metrics.length ?? 0);
  }

  /** Metrics lost, those included that the storage left out. */
  get dropped(): number {
    return this.#health.dropped + this.#refused;
  }

  offer(metrics: readonly Metric[], timeMs: number): void {
    if (this.#closed) return;
    this.#health.offered += metrics.length;
    if (this.#head === undefined && this.#waiting.length === 0) {
      this.#head = { metrics: this.#copies.take(metrics), timeMs, attempt: 1 };
    } else {
      this.#waiting.push({ source: metrics, values: valuesOf(metrics), timeMs });
      this.#dropOldest();
      this.#noteHanging();
    }
    this.#pump();
  }

  /** Waits until nothing is left or the time is over; then what is left is dropped, and nothing taken any more. */
  async close(milliseconds: number): Promise<void> {
    if (this.#head !== undefined) {
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      this.#retryNow();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, milliseconds);
      });
      await Promise.race([idle, late]);
      clearTimeout(timer);
    }
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#health.closed(this.queued, this.#refused);
    this.#waiting.length = 0;
    this.#head = undefined;
  }

  get #refused(): number {
    return Number(this.#storage.droppedMetrics ?? 0);
  }

  /** Hands over as long as the storage is done at once; what is under way goes on by itself. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#calledAt === undefined && this.#retry === undefined && !this.#closed) {
      this.#head ??= this.#takeWaiting();
      if (this.#head === undefined) break;
      this.#call(this.#head);
    }
    this.#pumping = false;
    if (this.#head === undefined) this.#onIdle?.();
  }

  #takeWaiting(): Head | undefined {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return undefined;
    const { source, values, timeMs } = waiting;
    return { metrics: this.#copies.take(source, values), timeMs, attempt: 1 };
  }

  #call(head: Head): void {
    const { metrics, timeMs, attempt } = head;
    const call = { head, calledAt: performance.now(), refusedBefore: this.#refused };
    this.#calledAt = call.calledAt;
    try {
      const stored: void | PromiseLike<void> = this.#storage.store(metrics, { timeMs, attempt });
      // By its `then`: a user's library may have promises of its own.
      if (typeof stored?.then !== "function") {
        this.#settled(call);
        return;
      }
      stored.then(
        () => {
          this.#settled(call);
          this.#pump();
        },
        (error: unknown) => {
          this.#settled(call, { error });
          this.#pump();
        },
      );
    } catch (error) {
      this.#settled(call, { error });
    }
  }

  #settled({ head, calledAt, refusedBefore }: Call, failure?: { readonly error: unknown }): void {
    // A late answer after the end: its metrics are counted as dropped already.
    if (this.#closed) return;
    this.#calledAt = undefined;
    const outcome = {
      refused: this.#refused - refusedBefore,
      seconds: (performance.now() - calledAt) / 1000,
    };
    if (failure === undefined) this.#delivered(head, outcome);
    else this.#failed(head, { ...outcome, ...failure });
  }

  #delivered({ metrics }: Head, { refused, seconds }: Outcome): void {
    this.#failuresInARow = 0;
    this.#head = undefined;
    this.#health.succeeded(metrics.length - refused, seconds);
  }

  #failed(
    { metrics, timeMs, attempt }: Head,
    { error, refused, seconds }: Outcome & { readonly error: unknown },
  ): void {
    const { undelivered = [], dropped, retryAfterSecs } = error instanceof FailedDeliveryError ? error : {};
    const rest = metrics.length - undelivered.length - refused;
    const lost = Math.min(rest, dropped ?? (undelivered.length === 0 ? rest : 0));
    this.#health.failed(error, { arrived: rest - lost, lost, seconds, retried: undelivered.length > 0 });
    if (undelivered.length === 0) {
      this.#head = undefined;
      return;
    }
    this.#head = { metrics: undelivered, timeMs, attempt: attempt + 1 };
    this.#failuresInARow++;
    this.#retry = setTimeout(() => this.#retryNow(), pauseMs(this.#failuresInARow, retryAfterSecs));
    this.#retry.unref?.();
  }

  #retryNow(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#pump();
  }

  /** The head stays: the storage may hold it at this moment. */
  #dropOldest(): void {
    const most = this.#storage.maxQueuedBatches ?? DEFAULT_QUEUED_BATCHES;
    while (this.#waiting.length > most)
      this.#health.overflowed(this.#waiting.shift()?.source.length ?? 0, most);
  }

  #noteHanging(): void {
    if (this.#calledAt === undefined || performance.now() - this.#calledAt < PATIENCE_MS) return;
    this.#health.hanging(PATIENCE_MS / 1000);
  }
}

/** Numbers are kept in eight bytes each; what a component gives instead of a number is for the storage to refuse. */
function valuesOf(metrics: readonly Metric[]): Waiting["values"] {
  const numbers = new Float64Array(metrics.length);
  for (let i = 0; i < numbers.length; i++) {
    const value: unknown = metrics[i]?.value;
    if (typeof value !== "number") return metrics.map((metric) => metric.value);
    numbers[i] = value;
  }
  return numbers;
}

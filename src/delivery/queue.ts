import type { Batch, Outlet, StorageTraits } from "../model/delivery.ts";
import type { Log } from "../model/log.ts";
import type { Metric } from "../model/metric.ts";
import type { Storage } from "../model/roles.ts";
import { MetricCopies, type OwnMetrics } from "./copies.ts";
import { failureOf } from "./failure.ts";
import { DeliveryHealth } from "./health.ts";
import { countFrom } from "./numbers.ts";
import { Pace } from "./pace.ts";
import { pauseMs } from "./pause.ts";
import { Refused } from "./refused.ts";

/** A minute of rounds at the usual interval: long enough for a server that is restarted. */
const DEFAULT_QUEUED_BATCHES = 60;
/** As many as options allow: more would be memory without end. */
const MOST_QUEUED_BATCHES = 100_000;
/** After this a storage that has not settled is said to hang. */
const PATIENCE_MS = 5_000;

export interface QueueOptions {
  readonly storage: Storage;
  /** What the storage is called in logs and metrics. */
  readonly name: string;
  readonly log: Log;
  /** Shared by the queues of an agent. Default: of its own, which knows of no rounds. */
  readonly pace?: Pace;
}

/** Values of a batch that waits. The metrics themselves may have other values by now. */
interface Waiting {
  readonly metrics: OwnMetrics;
  readonly values: readonly unknown[] | Float64Array;
  readonly timeMs: number;
}

/** What the storage holds, or will be given again. */
interface Head extends Batch {
  readonly metrics: OwnMetrics;
  /** Metrics that the storage left out of it at earlier attempts. */
  readonly refused: number;
}

/** A call of `store` under way. */
interface Call {
  readonly head: Head;
  /** On the monotonic clock in milliseconds. */
  readonly calledAt: number;
}

/**
 * The queue before one storage: one batch at a time, in order. A batch that the storage wants to try again
 * stays at the head, newer ones wait behind it; when too many wait the oldest of these are dropped. The storage
 * may be anybody's: whatever it does and tells, what was offered is delivered, dropped or queued.
 */
export class DeliveryQueue implements Outlet {
  readonly #storage: Storage & StorageTraits;
  readonly #health: DeliveryHealth;
  readonly #pace: Pace;
  readonly #refused: Refused;
  readonly #handsOn: boolean;
  readonly #copies = new MetricCopies();
  readonly #waiting: Waiting[] = [];
  #head: Head | undefined;
  #call: Call | undefined;
  /** Until the head is tried again, or what waits is worked off. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** How long the storage last kept the thread before it returned. */
  #workMs = 0;
  #failuresInARow = 0;
  #state: "open" | "closing" | "closed" = "open";
  readonly #onIdle: (() => void)[] = [];

  constructor({ storage, name, log, pace = new Pace() }: QueueOptions) {
    this.#storage = storage;
    this.#health = new DeliveryHealth(name, log);
    this.#refused = new Refused(this.#storage);
    this.#handsOn = this.#storage.handsOn === true;
    this.#pace = pace;
  }

  get name(): string {
    return this.#health.name;
  }

  get health(): DeliveryHealth {
    this.#noteRefused();
    return this.#health;
  }

  /** Metrics that neither arrived nor are lost. */
  get queued(): number {
    return this.#waiting.reduce((sum, { metrics }) => sum + metrics.length, this.#head?.metrics.length ?? 0);
  }

  get isIdle(): boolean {
    return this.#head === undefined && this.#waiting.length === 0;
  }

  offer(metrics: readonly Metric[], timeMs: number): void {
    this.#health.offered += metrics.length;
    if (this.#state === "closed") {
      this.#health.tooLate(metrics.length);
      return;
    }
    const own = this.#copies.of(metrics);
    const values = valuesOf(metrics);
    if (this.isIdle) {
      own.setValues(values);
      this.#hand({ metrics: own, timeMs, attempt: 1, refused: 0 });
      return;
    }
    this.#waiting.push({ metrics: own, values, timeMs });
    this.#dropOldest();
    this.#noteHanging();
  }

  /** From now on nothing waits for the right moment. Settles as soon as nothing is left; `seconds` is only told. */
  finish(seconds: number): Promise<void> {
    if (this.#state === "open") {
      this.#state = "closing";
      if (!this.isIdle) this.#health.finishing(this.queued, seconds);
      this.#failuresInARow = 0;
      if (this.#timer !== undefined) this.#later(0);
    }
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** What is left is dropped, and what comes from now on too. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#timer);
    this.#noteRefused();
    this.#health.closed(this.queued, this.#handsOn);
    this.#waiting.length = 0;
    this.#head = undefined;
    this.#call = undefined;
    this.#goOn();
  }

  /** What a storage left out of batches that it has taken long since. */
  #noteRefused(): void {
    if (this.#call === undefined) this.#health.refusedLater(this.#refused.take());
  }

  /** The next step of what is queued, not at once: rounds and other storages come first. */
  #goOn(): void {
    if (this.isIdle) for (const tell of this.#onIdle.splice(0)) tell();
    else if (this.#head === undefined) this.#later(0);
  }

  #later(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#step(), milliseconds);
    this.#timer.unref?.();
  }

  #step(): void {
    this.#timer = undefined;
    const waitMs = this.#state === "closing" ? 0 : this.#pace.waitMs(this.#workMs);
    if (waitMs > 0) {
      this.#later(waitMs);
      return;
    }
    const head = this.#head ?? this.#takeWaiting();
    if (head !== undefined) this.#hand(head);
  }

  #takeWaiting(): Head | undefined {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return undefined;
    const { metrics, values, timeMs } = waiting;
    metrics.setValues(values);
    return { metrics, timeMs, attempt: 1, refused: 0 };
  }

  #hand(head: Head): void {
    this.#head = head;
    this.#noteRefused();
    const { metrics, timeMs, attempt } = head;
    const call: Call = { head, calledAt: performance.now() };
    this.#call = call;
    try {
      const stored: void | PromiseLike<void> = this.#storage.store(metrics.give(), { timeMs, attempt });
      this.#workMs = performance.now() - call.calledAt;
      // By its `then`: a user's library may have promises of its own.
      if (typeof stored?.then !== "function") {
        this.#settled(call);
        return;
      }
      stored.then(
        () => this.#settled(call),
        (error: unknown) => this.#settled(call, { error }),
      );
    } catch (error) {
      this.#settled(call, { error });
    }
  }

  #settled(call: Call, failure?: { readonly error: unknown }): void {
    // A late answer after the end, whose metrics are counted as dropped already, or a second one.
    if (this.#call !== call) return;
    this.#call = undefined;
    const seconds = (performance.now() - call.calledAt) / 1000;
    if (failure === undefined) this.#delivered(call.head, seconds);
    else this.#failed(call.head, seconds, failure.error);
    this.#goOn();
  }

  #delivered({ metrics, refused }: Head, seconds: number): void {
    this.#failuresInARow = 0;
    this.#head = undefined;
    const leftOut = Math.min(metrics.length, Math.max(refused, this.#refused.take()));
    this.#health.succeeded({ arrived: metrics.length - leftOut, refused: leftOut, seconds });
  }

  #failed({ metrics, timeMs, attempt, refused }: Head, seconds: number, thrown: unknown): void {
    const failure = failureOf(thrown);
    const { undelivered, dropped, retryAfterSecs } = failure;
    const again = undelivered.length === 0 ? undefined : metrics.part(undelivered);
    const kept = again?.length ?? 0;
    const rest = metrics.length - kept;
    // One that is not of this batch stands for one that is, and cannot be tried again.
    const strange = kept === undelivered.length ? 0 : new Set(undelivered).size - kept;
    const leftOutNow = Math.max(refused, this.#refused.take());
    const leftOut = Math.min(rest, leftOutNow);
    const lost = Math.min(rest - leftOut, strange + (dropped ?? (kept === 0 && strange === 0 ? rest : 0)));
    this.#health.failed(failure, {
      arrived: rest - leftOut - lost,
      refused: leftOut,
      lost,
      seconds,
      retried: kept > 0,
    });
    if (strange > 0) this.#health.strange(strange);
    if (again === undefined || kept === 0) {
      this.#head = undefined;
      return;
    }
    this.#head = { metrics: again, timeMs, attempt: attempt + 1, refused: leftOutNow - leftOut };
    this.#failuresInARow++;
    const pause = pauseMs(this.#failuresInARow, retryAfterSecs);
    this.#health.triedAgain({ attempt, pauseMs: pause, queued: this.queued });
    this.#later(pause);
  }

  /** The head stays: the storage may hold it at this moment. */
  #dropOldest(): void {
    const most = Math.min(
      MOST_QUEUED_BATCHES,
      countFrom(() => this.#storage.maxQueuedBatches) ?? DEFAULT_QUEUED_BATCHES,
    );
    while (this.#waiting.length > most) {
      this.#health.overflowed(this.#waiting.shift()?.metrics.length ?? 0, most);
    }
  }

  #noteHanging(): void {
    if (this.#call === undefined || performance.now() - this.#call.calledAt < PATIENCE_MS) return;
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

import { FailedDeliveryError } from "../model/errors.ts";
import type { Metric } from "../model/metric.ts";
import type { Storage } from "../model/roles.ts";
import { withDeadline } from "./deadline.ts";

/** Hands metrics to one storage, one batch at a time, and never waits longer than the deadline. */
export class Delivery {
  readonly #storage: Storage;
  readonly #deadlineSecs: number;
  #pending: Promise<void> | undefined;

  constructor(storage: Storage, deadlineSecs: number) {
    this.#storage = storage;
    this.#deadlineSecs = deadlineSecs;
  }

  /** Whether the storage still holds an earlier batch. */
  get busy(): boolean {
    return this.#pending !== undefined;
  }

  /** Throws `FailedDeliveryError` when the batch is late, or when the storage is not done with an earlier one. */
  async deliver(metrics: readonly Metric[]): Promise<void> {
    if (this.#pending !== undefined) {
      throw new FailedDeliveryError("Cannot store metrics: the storage is still busy with an earlier batch");
    }
    const stored: void | PromiseLike<void> = this.#storage.store(metrics);
    // By its `then`: a user's library may have promises of its own.
    if (typeof stored?.then !== "function") return;
    const pending = Promise.resolve(stored).finally(() => {
      this.#pending = undefined;
    });
    this.#pending = pending;
    await this.#within(pending);
  }

  /** Waits for what is under way, at most until the deadline. */
  async settle(): Promise<void> {
    if (this.#pending !== undefined) await this.#within(this.#pending);
  }

  #within(pending: Promise<void>): Promise<void> {
    return withDeadline(
      pending,
      this.#deadlineSecs * 1000,
      () => new FailedDeliveryError(`Cannot store metrics: not done within ${this.#deadlineSecs} s`),
    );
  }
}

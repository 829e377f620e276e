import type { Measurement, Metric } from "./metric.ts";
import type { Storage } from "./roles.ts";

/** What a storage is told beside the metrics. */
export interface Batch {
  /** Wall clock when the values were taken, milliseconds since the epoch: the time of every sample. */
  readonly timeMs: number;
  /** 1 when these metrics are handed over for the first time. */
  readonly attempt: number;
}

/**
 * The way to one storage: a bounded queue. Metrics are copied, so the caller may change them at once; what
 * does not fit is dropped and counted. Never waits, never throws.
 */
export interface Outlet {
  offer(metrics: readonly Metric[], timeMs: number): void;
}

/** The ways to all storages of one agent. A storage that is used in several places has one way, in order. */
export interface Deliveries {
  to(storage: Storage): Outlet;
  /**
   * Tells when the next round begins, on the clock of `performance.now` in milliseconds: what waits is handed
   * over when that does not make the round late. Without, it is handed over as soon as can be.
   */
  nextRound(atMs: number): void;
  /** Waits until everything was delivered or dropped, at most so long; the rest is dropped and counted. */
  settle(seconds: number): Promise<void>;
  /** Measurements for the agent's own metrics, by metric name. */
  measurements(): Record<string, Measurement>;
}

/**
 * What a storage may tell of itself; each is read whenever it matters, so getters will do. What is no number at
 * least 0 is as good as absent.
 */
export interface StorageTraits {
  /** Batches that may wait while the storage is slow or away; beyond that the oldest are dropped. Default: 60. */
  readonly maxQueuedBatches?: number;
  /** Metrics left out so far, because the storage cannot write them; those of a batch that is tried again count once. */
  readonly droppedMetrics?: number;
  /** The storage does nothing but offer its metrics to others, which tell what became of them. Default: false. */
  readonly handsOn?: boolean;
}

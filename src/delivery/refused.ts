import type { StorageTraits } from "../model/delivery.ts";
import { countFrom } from "./numbers.ts";

/** Follows `droppedMetrics` of a storage, which may start anew when the storage is opened again. */
export class Refused {
  readonly #storage: StorageTraits;
  #seen = 0;

  constructor(storage: StorageTraits) {
    this.#storage = storage;
    this.#seen = this.#now();
  }

  /** How many came since the last call. */
  take(): number {
    const now = this.#now();
    const more = Math.max(0, now - this.#seen);
    this.#seen = now;
    return more;
  }

  #now(): number {
    return countFrom(() => this.#storage.droppedMetrics ?? 0) ?? this.#seen;
  }
}

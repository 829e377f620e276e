import type { Log } from "../../model/log.ts";
import type { Version } from "./protocol.ts";

/** A receiver may have been replaced by a later one. */
const ASK_AGAIN_AFTER_MS = 3_600_000;

/** Which version the receiver understands: 2.0 is tried first, and again after each hour of 1.0. */
export class Negotiation {
  readonly #fixed: Version | undefined;
  readonly #log: Log;
  readonly #now: () => number;
  /** Until then 1.0 is sent; absent: 2.0 is. */
  #olderUntil: number | undefined;
  #lastSaid: Version = "2.0";

  /** `fixed`: the user has decided. */
  constructor(fixed: Version | undefined, log: Log, now: () => number) {
    this.#fixed = fixed;
    this.#log = log;
    this.#now = now;
  }

  /** To begin with. */
  get version(): Version {
    if (this.#fixed !== undefined) return this.#fixed;
    return this.#olderUntil !== undefined && this.#now() < this.#olderUntil ? "1.0" : "2.0";
  }

  /** 2.0 was not understood. The version to send the same by, if any. */
  get fallback(): Version | undefined {
    return this.#fixed === undefined ? "1.0" : undefined;
  }

  /** The receiver has written something of this version: only this tells that another one was not understood. */
  worked(version: Version): void {
    if (this.#fixed !== undefined) return;
    if (version === "2.0") this.#olderUntil = undefined;
    else if (this.version === "2.0") this.#olderUntil = this.#now() + ASK_AGAIN_AFTER_MS;
    if (version === this.#lastSaid) return;
    this.#lastSaid = version;
    this.#log.info(
      version === "1.0"
        ? "The receiver does not understand remote write 2.0: sending 1.0"
        : "The receiver understands remote write 2.0: sending it",
    );
  }
}

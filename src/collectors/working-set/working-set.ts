export interface WorkingSetOptions {
  /** Clear every so many cycles; 0: not by the number of cycles. */
  readonly resetCycles: number;
  /**
   * So many stable cycles in a row make a working set; 0: none is estimated. Positive without `resetCycles`:
   * clear after each such period. Negative: never clear because of stability.
   */
  readonly stableCycles: number;
  /** Growth is stable below this fraction of the transferred bytes; absent: nothing is estimated. */
  readonly membwThreshold?: number | undefined;
}

export interface WorkingSetCycle {
  /** Memory referenced since the bits were last cleared. */
  readonly referencedBytes: number;
  /** Bytes transferred from and to memory so far; absent where nothing counts them. */
  readonly bandwidthBytes?: number | undefined;
}

export interface WorkingSetStep {
  /** Stays until a later stable period gives another one. */
  readonly workingSetBytes?: number | undefined;
  /** The referenced bits have to be cleared now. */
  readonly reset: boolean;
}

/** Referenced bytes may fall by this fraction within a stable period: pages are given back. */
const TOLERATED_FALL = 1 / 50;

/**
 * Estimates the working set of one task from what it referenced. After a clearing the referenced bytes grow
 * as the task comes by its pages again. As long as it transfers much more than it newly references, it works
 * on what it has: the cycle is stable, and so many of them in a row are a stable period, whose first and
 * last referenced bytes are averaged.
 */
export class WorkingSet {
  readonly #resetCycles: number;
  readonly #stableCycles: number;
  readonly #clearsWhenStable: boolean;
  readonly #membwThreshold: number | undefined;
  #cycle = 0;
  /** Stable cycles in a row; one more than are needed once the period is over and nothing was cleared yet. */
  #stable = 0;
  #firstStable = 0;
  /** Nothing after a clearing: growth cannot be told over it. */
  #referenced: number | undefined;
  #bandwidth: number | undefined;
  #workingSet: number | undefined;

  constructor({ resetCycles, stableCycles, membwThreshold }: WorkingSetOptions) {
    this.#resetCycles = resetCycles;
    this.#stableCycles = Math.abs(stableCycles);
    this.#clearsWhenStable = resetCycles === 0 && stableCycles > 0;
    this.#membwThreshold = membwThreshold;
  }

  step(cycle: WorkingSetCycle): WorkingSetStep {
    this.#cycle++;
    let stabilised = false;
    let workingSetBytes: number | undefined;
    if (this.#membwThreshold !== undefined && this.#stableCycles > 0) {
      const { referencedBytes, bandwidthBytes } = cycle;
      if (bandwidthBytes === undefined) return { reset: false };
      this.#count(referencedBytes, bandwidthBytes * this.#membwThreshold);
      stabilised = this.#stable === this.#stableCycles;
      if (stabilised) this.#finish(referencedBytes);
      workingSetBytes = this.#workingSet;
    }
    const cyclic = this.#resetCycles > 0 && this.#cycle % this.#resetCycles === 0;
    const reset = cyclic || (stabilised && this.#clearsWhenStable);
    if (reset) this.#forget();
    return { workingSetBytes, reset };
  }

  /** `allowed`: bytes transferred so far, times the threshold. */
  #count(referenced: number, allowed: number): void {
    const [before, allowedBefore] = [this.#referenced, this.#bandwidth];
    [this.#referenced, this.#bandwidth] = [referenced, allowed];
    if (this.#stable > this.#stableCycles) return;
    if (before === undefined || allowedBefore === undefined) return;
    const growth = referenced - before;
    const keeps = growth >= 0 || -growth < referenced * TOLERATED_FALL;
    if (!keeps || Math.max(0, growth) >= allowed - allowedBefore) {
      this.#stable = 0;
      return;
    }
    if (this.#stable === 0) this.#firstStable = referenced;
    this.#stable++;
  }

  #finish(referenced: number): void {
    this.#workingSet = (this.#firstStable + referenced) / 2;
    // Where nothing will ever be cleared the next period starts at once, so that growth shows.
    const willBeCleared = this.#clearsWhenStable || this.#resetCycles > 0;
    this.#stable = willBeCleared ? this.#stableCycles + 1 : 0;
  }

  #forget(): void {
    this.#stable = 0;
    this.#referenced = undefined;
  }
}

/** What is known of a metric: it is counted somewhere, was ever wanted, did ever count; the same since the last round. */
const OPEN = 1;
const WANTED = 2;
const COUNTED = 4;
const WANTED_NOW = 8;
const COUNTED_NOW = 16;

/** What was counted of one thing (a task, or a task on one CPU), by index of the metric. */
export class EventCounts {
  readonly #sums: Float64Array;
  readonly #increases: Float64Array;
  readonly #states: Uint8Array;

  constructor(metrics: number) {
    this.#sums = new Float64Array(metrics);
    this.#increases = new Float64Array(metrics);
    this.#states = new Uint8Array(metrics);
  }

  /** Starts a round. */
  begin(): void {
    this.#increases.fill(0);
    const states = this.#states;
    for (let index = 0; index < states.length; index++) {
      states[index] = (states[index] as number) & (WANTED | COUNTED);
    }
  }

  /** Adds what an event counted in this round while its group was wanted and running for so long. */
  add(
    index: number,
    increase: number,
    time: { readonly enabledNs: number; readonly runningNs: number },
  ): void {
    (this.#sums[index] as number) += increase;
    (this.#increases[index] as number) += increase;
    let state = (this.#states[index] as number) | OPEN;
    if (time.enabledNs > 0) state |= WANTED | WANTED_NOW;
    if (time.runningNs > 0) state |= COUNTED | COUNTED_NOW;
    this.#states[index] = state;
  }

  /** Sum since the start: 0 of what never ran on a CPU; nothing when it ran and was never counted. */
  sum(index: number): number | undefined {
    const state = this.#states[index] as number;
    if ((state & OPEN) === 0 || (state & (WANTED | COUNTED)) === WANTED) return undefined;
    return this.#sums[index];
  }

  /** True when it ran and was never counted. */
  starved(index: number): boolean {
    return ((this.#states[index] as number) & (OPEN | WANTED | COUNTED)) === (OPEN | WANTED);
  }

  /** Increase of this round; nothing when it ran and was not counted in it. */
  increase(index: number): number | undefined {
    const state = this.#states[index] as number;
    if ((state & OPEN) === 0 || (state & (WANTED_NOW | COUNTED_NOW)) === WANTED_NOW) return undefined;
    return this.#increases[index];
  }
}

/** A sum as it leaves the program: in the unit of its metric, or else whole, as events are. */
export function exportedCount(sum: number, scale: number): number {
  if (scale === 1) return roundHalfEven(sum);
  // Dividing by 1e9 is more exact than multiplying with 1e-9.
  const divisor = Math.round(1 / scale);
  return Math.abs(divisor * scale - 1) < 1e-12 ? sum / divisor : sum * scale;
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

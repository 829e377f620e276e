import type { PerfEvent } from "../../kernel/perf/event.ts";
import type { UncoreCounters } from "./derived.ts";

/** Where a sum belongs: a unit, by the number of its PMU, of a socket. */
export interface UnitPlace {
  readonly socket: string;
  readonly unit: string;
}

/** What one metric counted in one unit of one socket. */
export interface UncoreSum extends UnitPlace {
  readonly metric: string;
  readonly scale: number;
  /** Counted since the agent's start, before the scale, and what it was in the round before. */
  total: number;
  before: number;
  /** Events whose sum it is. */
  parts: number;
  /** How many of them in this round had a known count, were counting, and have ever been. */
  known: number;
  counting: number;
  started: number;
  /** All parts have counted once. */
  complete: boolean;
}

/** What a sum wants to know of the group that an event counts in. */
interface Timing {
  readonly enabledNs: number;
  readonly runningNs: number;
  readonly everEnabled: boolean;
  readonly everRunning: boolean;
}

/** Adds what one part counted. A group that nobody wanted to run, as it was opened just now, has counted 0. */
export function addTo(sum: UncoreSum, increase: number, timing: Timing): void {
  sum.total += increase;
  if (timing.everRunning) sum.started++;
  if (timing.everRunning || !timing.everEnabled || sum.complete) sum.known++;
  if (timing.runningNs > 0 || timing.enabledNs === 0) sum.counting++;
}

/** The sums of all metrics; they outlive the events that are opened and closed. */
export class UncoreSums {
  readonly #sums = new Map<string, UncoreSum>();

  of({ metric, scale }: PerfEvent, { socket, unit }: UnitPlace): UncoreSum {
    const key = `${metric}/${socket}/${unit}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      const nothing = { total: 0, parts: 0, known: 0, counting: 0, started: 0 };
      sum = { metric, socket, unit, scale, ...nothing, before: Number.NaN, complete: false };
      this.#sums.set(key, sum);
    }
    return sum;
  }

  /** Takes over what the sums consist of from now on. A sum of nothing has no value. */
  consistOf(parts: Iterable<readonly [PerfEvent, UnitPlace]>): void {
    for (const sum of this.#sums.values()) sum.parts = 0;
    for (const [event, place] of parts) this.of(event, place).parts++;
  }

  /** Starts the readings of a round. */
  begin(): void {
    for (const sum of this.#sums.values()) {
      sum.known = 0;
      sum.counting = 0;
      sum.started = 0;
    }
  }

  /** Ends the readings of a round. */
  end(): void {
    for (const sum of this.#sums.values())
      if (sum.parts > 0 && sum.started === sum.parts) sum.complete = true;
  }

  /** What is known in this round: every part was read, and each has counted at least once. */
  values(): UncoreCounters {
    return this.#tree((sum) => (isWhole(sum) ? Math.round(sum.total) * sum.scale : Number.NaN));
  }

  /** How much was counted since the last call, where all parts were counting then and now. */
  increases(): UncoreCounters {
    return this.#tree((sum) => {
      const { total, before, scale } = sum;
      const counting = isWhole(sum) && sum.counting === sum.parts;
      sum.before = counting ? total : Number.NaN;
      return counting ? (total - before) * scale : Number.NaN;
    });
  }

  /** NaN leaves the sum out. */
  #tree(numberOf: (sum: UncoreSum) => number): UncoreCounters {
    const tree: Record<string, Record<string, Record<string, number>>> = {};
    for (const sum of this.#sums.values()) {
      const value = numberOf(sum);
      if (Number.isNaN(value)) continue;
      const { metric, socket, unit } = sum;
      tree[metric] ??= {};
      tree[metric][socket] ??= {};
      tree[metric][socket][unit] = value;
    }
    return tree;
  }
}

function isWhole({ parts, known }: UncoreSum): boolean {
  return parts > 0 && known === parts;
}

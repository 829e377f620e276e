import type { Measurement, Measurements } from "../../model/metric.ts";

/** What has been counted of a task so far. NaN: not known, which makes every comparison false. */
export interface Readings {
  usage: number;
  cycles: number;
  instructions: number;
  cacheMisses: number;
  /** Seconds in which some of the task waited for a CPU. */
  pressure: number;
  /** Seconds that the task's own quota held it back. */
  throttled: number;
}

/** What happened between two rounds; NaN: not known. */
export interface Rates {
  /** CPUs used. */
  readonly usage: number;
  /** Cycles per instruction. */
  readonly cpi: number;
  /** Cache misses per 1000 instructions. */
  readonly mpki: number;
  /** Share of time. */
  readonly pressure: number;
  /** Share of time, 0 when not known. */
  readonly throttled: number;
}

export function readingsOf(measurements: Measurements): Readings {
  return {
    usage: sumOfLeaves(measurements["task_cpu_usage_seconds"]),
    cycles: sumOfLeaves(measurements["task_cycles"]),
    instructions: sumOfLeaves(measurements["task_instructions"]),
    cacheMisses: sumOfLeaves(measurements["task_cache_misses"]),
    pressure: someCpu(measurements["task_pressure_seconds_total"]),
    throttled: sumOfLeaves(measurements["task_cpu_throttled_seconds_total"]),
  };
}

/** Counters that fell have started anew: nothing is known of the time between. */
export function ratesBetween(before: Readings, now: Readings, secs: number): Rates {
  const instructions = now.instructions - before.instructions;
  const counted = instructions > 0;
  return {
    usage: now.usage >= before.usage ? (now.usage - before.usage) / secs : Number.NaN,
    cpi: counted && now.cycles >= before.cycles ? (now.cycles - before.cycles) / instructions : Number.NaN,
    mpki:
      counted && now.cacheMisses >= before.cacheMisses
        ? (1000 * (now.cacheMisses - before.cacheMisses)) / instructions
        : Number.NaN,
    pressure: now.pressure >= before.pressure ? (now.pressure - before.pressure) / secs : Number.NaN,
    throttled: now.throttled >= before.throttled ? (now.throttled - before.throttled) / secs : 0,
  };
}

/** The rates of a task that was not there in the round before. */
export const NO_RATES: Rates = {
  usage: Number.NaN,
  cpi: Number.NaN,
  mpki: Number.NaN,
  pressure: Number.NaN,
  throttled: 0,
};

/** Counters by CPU are as good as their sum. */
function sumOfLeaves(measurement: Measurement | undefined): number {
  if (typeof measurement === "number") return measurement;
  let sum = Number.NaN;
  for (const level in measurement) {
    const leaf = sumOfLeaves(measurement[level]);
    if (Number.isNaN(leaf)) continue;
    sum = Number.isNaN(sum) ? leaf : sum + leaf;
  }
  return sum;
}

function someCpu(pressure: Measurement | undefined): number {
  const cpu = typeof pressure === "object" ? pressure["cpu"] : undefined;
  const some = typeof cpu === "object" ? cpu["some"] : undefined;
  return typeof some === "number" ? some : Number.NaN;
}

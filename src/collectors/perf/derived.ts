import type { MetricName } from "../../model/catalogue.ts";
import type { EventCounts } from "./event-counts.ts";

/** What the formulas need of one round. */
type Increases = (metric: MetricName) => number | undefined;

/** Ratios of increases, of what all cgroups of a task counted together. `secs`: since the reading before. */
const FORMULAS = {
  task_ips: (of: Increases, secs: number) => quotient(of("task_instructions"), secs),
  task_ipc: (of: Increases) => quotient(of("task_instructions"), of("task_cycles")),
  task_cache_hit_ratio: (of: Increases) => {
    const references = of("task_cache_references");
    return quotient(difference(references, of("task_cache_misses")), references);
  },
  task_cache_misses_per_kilo_instructions: (of: Increases) =>
    quotient(thousandfold(of("task_cache_misses")), of("task_instructions")),
} as const satisfies Partial<Record<MetricName, (of: Increases, secs: number) => number | undefined>>;

export const DERIVED_METRICS = Object.keys(FORMULAS) as readonly (keyof typeof FORMULAS)[];

/** The formulas on the counts of a plan's metrics. */
export class PerfFormulas {
  readonly #indexes: ReadonlyMap<string, number>;
  #counts: EventCounts | undefined;
  readonly #increase: Increases = (metric) => {
    const index = this.#indexes.get(metric);
    return index === undefined ? undefined : this.#counts?.increase(index);
  };

  constructor(metrics: readonly string[]) {
    this.#indexes = new Map(metrics.map((metric, index) => [metric, index]));
  }

  /** Nothing where an input was not counted or the divisor is 0. */
  value(metric: keyof typeof FORMULAS, counts: EventCounts, secs: number): number | undefined {
    this.#counts = counts;
    return FORMULAS[metric](this.#increase, secs);
  }
}

function quotient(dividend: number | undefined, divisor: number | undefined): number | undefined {
  if (dividend === undefined || divisor === undefined || !(divisor > 0)) return undefined;
  return dividend / divisor;
}

function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

function thousandfold(value: number | undefined): number | undefined {
  return value === undefined ? undefined : 1000 * value;
}

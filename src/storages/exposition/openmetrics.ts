import type { Metric } from "../../model/metric.ts";
import { escapeValue } from "./label-set.ts";
import type { Family } from "./series-order.ts";
import type { Syntax } from "./syntax.ts";

const TOTAL = "_total";
const CREATED = "_created";
const UNIT = /^[a-zA-Z0-9_:]+$/;

/** Counters of one name, and whether one of them had a value that no counter may have. */
interface CounterFamily {
  readonly metrics: readonly Metric[];
  readonly odd: boolean;
}

/**
 * OpenMetrics 1.0, github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md.
 *
 * A series has the same name as in the text format, or queries would depend on which of them a server
 * asks for. So a counter is called one only if the specification allows it with this name: its family is
 * the name without `_total`. It is of type `unknown` when the name does not end so (`task_cycles`), when the
 * family's name, or that with `_created`, is taken, or as long as a value is negative or no number.
 */
export class OpenMetricsSyntax implements Syntax {
  readonly end = "# EOF\n";
  /** By sample name. */
  readonly #counters = new Map<string, CounterFamily>();

  begin(families: readonly Family[]): void {
    this.#counters.clear();
    const taken = new Set(families.map(({ name }) => name));
    for (const { name, series } of families) {
      const metrics = series.map(({ metric }) => metric).filter(({ type }) => type === "counter");
      const base = name.slice(0, -TOTAL.length);
      const created = `${base}${CREATED}`;
      if (metrics.length === 0 || !name.endsWith(TOTAL) || base === "") continue;
      if (taken.has(base) || taken.has(created)) continue;
      taken.add(base).add(created);
      this.#counters.set(name, { metrics, odd: metrics.some(isOdd) });
    }
  }

  header({ name }: Family, described: Metric | undefined): string {
    const isCounter = described?.type === "counter" && this.#counters.get(name)?.odd === false;
    const family = isCounter ? name.slice(0, -TOTAL.length) : name;
    const type = described?.type === "counter" && !isCounter ? "unknown" : (described?.type ?? "unknown");
    const { unit, help } = described ?? {};
    const unitLine = isUnitOf(family, unit) ? `# UNIT ${family} ${unit}\n` : "";
    const helpLine = help === undefined ? "" : `# HELP ${family} ${escapeValue(help)}\n`;
    return `# TYPE ${family} ${type}\n${unitLine}${helpLine}`;
  }

  /** Seconds since the epoch, to the millisecond. */
  timestamp(timeMs: number): string {
    return (Math.trunc(timeMs) / 1000).toFixed(3);
  }

  fits(): boolean {
    for (const { metrics, odd } of this.#counters.values()) if (metrics.some(isOdd) !== odd) return false;
    return true;
  }
}

/** A counter must be neither negative nor NaN. */
function isOdd({ value }: Metric): boolean {
  return !(value >= 0);
}

/** The name of a family that has a unit must end with it. */
function isUnitOf(family: string, unit: unknown): boolean {
  return typeof unit === "string" && UNIT.test(unit) && family.endsWith(`_${unit}`);
}

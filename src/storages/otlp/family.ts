import type { Metric } from "../../model/metric.ts";
import { CounterStart } from "./counter-start.ts";
import { jsonNanoseconds, jsonString } from "./json-text.ts";

/** Units of the catalogue in UCUM, ucum.org. `none` stands for counts, ratios and indexes alike, so it has none here. */
const UCUM: ReadonlyMap<unknown, string> = new Map([
  ["bytes", "By"],
  ["bytes_per_second", "By/s"],
  ["seconds", "s"],
  ["timestamp", "s"],
  ["watts", "W"],
  ["pages", "{page}"],
  ["ticks", "{tick}"],
  ["none", ""],
]);

/** What the points of one OTLP metric share. */
export class Family {
  readonly #series = new Map<string, Series>();
  readonly #isCounter: boolean;
  /** The text before and behind the points. */
  readonly opening: string;
  readonly closing = "]}}";

  constructor({ name, type, unit, help }: Metric) {
    const described = help === undefined ? "" : `,"description":${jsonString(help)}`;
    const ucum = UCUM.get(unit) ?? (typeof unit === "string" ? unit : "");
    const measured = ucum === "" ? "" : `,"unit":${jsonString(ucum)}`;
    this.#isCounter = type === "counter";
    // 2: AGGREGATION_TEMPORALITY_CUMULATIVE
    const data = this.#isCounter ? '"sum":{"aggregationTemporality":2,"isMonotonic":true,' : '"gauge":{';
    this.opening = `{"name":${jsonString(name)}${described}${measured},${data}"dataPoints":[`;
  }

  /** Series that are remembered. */
  get size(): number {
    return this.#series.size;
  }

  /** The series with these attributes, the same one at each call. */
  series(attributes: string): Series {
    let series = this.#series.get(attributes);
    if (series === undefined) {
      series = new Series(this, attributes, this.#isCounter ? new CounterStart() : undefined);
      this.#series.set(attributes, series);
    }
    return series;
  }

  /** Forgets series that were last seen before this time. */
  forget(beforeMs: number): void {
    for (const [attributes, series] of this.#series) {
      if (series.seenMs >= beforeMs) continue;
      series.isForgotten = true;
      this.#series.delete(attributes);
    }
  }
}

/** Two metrics are of one family when this is the same. */
export function familyKey({ name, type, unit, help }: Metric): string {
  return JSON.stringify([name, type, unit, help]);
}

/** One series, with the parts of its JSON text that do not change. */
export class Series {
  readonly family: Family;
  readonly #attributes: string;
  readonly #counterStart: CounterStart | undefined;
  #startMs: number | undefined;
  #opening: string;
  /** Time of the last batch that had it. */
  seenMs = 0;
  /** Its family knows it no more: when it comes back it is another one. */
  isForgotten = false;

  constructor(family: Family, attributes: string, counterStart: CounterStart | undefined) {
    this.family = family;
    this.#attributes = attributes;
    this.#counterStart = counterStart;
    this.#opening = `{"attributes":${attributes},`;
  }

  /** The text of a point up to its time. */
  opening(value: number, timeMs: number): string {
    if (this.#counterStart === undefined) return this.#opening;
    const startMs = this.#counterStart.of(value, timeMs);
    if (startMs !== this.#startMs) {
      this.#startMs = startMs;
      this.#opening = `{"attributes":${this.#attributes},"startTimeUnixNano":${jsonNanoseconds(startMs)},`;
    }
    return this.#opening;
  }
}

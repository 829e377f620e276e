import type { Metric } from "../../model/metric.ts";
import type { Labels } from "../../model/task.ts";
import type { Refusal } from "../exposition/exposition.ts";
import { Validity } from "../exposition/validity.ts";
import { Family, familyKey, type Series } from "./family.ts";
import { jsonAttributes, jsonDouble, jsonNanoseconds, jsonString } from "./json-text.ts";

/** A counter that was away for longer counts as a new one when it comes back. */
const REMEMBERED_MS = 600_000;
/** And for less long while there are too many: all series may be new in each batch. */
const SHORTER_MS = [60_000, 6_000, 600];
/** So many series are never too many, nor are those of a few batches. */
const FEW_SERIES = 100_000;
const FEW_BATCHES = 4;

export interface MetricsRequestsOptions {
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Of the agent. */
  readonly version: string;
  /** In one request. */
  readonly maxDataPoints: number;
}

/** Points of one family that go into the same request. */
interface Part {
  readonly family: Family;
  readonly metrics: Metric[];
  readonly series: Series[];
}

/** What becomes one ExportMetricsServiceRequest. */
export interface MetricsRequest {
  readonly metrics: readonly Metric[];
  /** The text, made only when it is its turn: no round waits for the texts of all. */
  text(timeMs: number): string;
}

/**
 * Batches as OTLP's JSON requests, opentelemetry.io/docs/specs/otlp: points grouped by metric, no more of
 * them in one request than allowed. What is derived from names and labels is kept with the metric objects,
 * and the grouping for as long as batches consist of the same ones.
 */
export class MetricsRequests {
  readonly #maxDataPoints: number;
  readonly #opening: string;
  readonly #families = new Map<string, Family>();
  readonly #seriesOf = new WeakMap<Metric, Series>();
  readonly #attributesOf = new WeakMap<Labels, string>();
  #batch: readonly Metric[] = [];
  #batchSeries: ReadonlySet<Series> = new Set();
  #largestBatch = 0;
  #requests: readonly MetricsRequest[] = [];
  #refusals: readonly Refusal[] = [];
  /** A metric was left out because its value is no number, which the next value may be. */
  #unsettled = false;

  constructor({ resourceAttributes, version, maxDataPoints }: MetricsRequestsOptions) {
    this.#maxDataPoints = maxDataPoints;
    const resource = `{"attributes":${jsonAttributes(resourceAttributes)}}`;
    const scope = `{"name":"wca","version":${jsonString(version)}}`;
    this.#opening = `{"resourceMetrics":[{"resource":${resource},"scopeMetrics":[{"scope":${scope},"metrics":[`;
  }

  /** Metrics of the last batch that are in none of its requests. */
  get refusals(): readonly Refusal[] {
    return this.#refusals;
  }

  of(metrics: readonly Metric[], timeMs: number): readonly MetricsRequest[] {
    if (!this.#isLaidOut(metrics)) this.#layOut(metrics, timeMs);
    return this.#requests;
  }

  #isLaidOut(metrics: readonly Metric[]): boolean {
    if (this.#unsettled || metrics.length !== this.#batch.length) return false;
    return metrics.every((metric, i) => metric === this.#batch[i] && typeof metric.value === "number");
  }

  #layOut(metrics: readonly Metric[], timeMs: number): void {
    this.#forget(timeMs);
    const validity = new Validity();
    const refusals: Refusal[] = [];
    const seen = new Set<Series>();
    const parts = new Map<Family, Part>();
    for (const metric of metrics) {
      const known = this.#known(metric);
      const isKnown = known !== undefined && typeof metric.value === "number";
      const fault = isKnown ? undefined : validity.fault(metric);
      const series = fault === undefined ? (known ?? this.#newSeries(metric)) : undefined;
      if (series === undefined || seen.has(series)) {
        refusals.push({ metric, reason: fault ?? `series ${describe(metric)} is there already` });
        continue;
      }
      seen.add(series);
      series.seenMs = timeMs;
      const part = parts.get(series.family) ?? { family: series.family, metrics: [], series: [] };
      parts.set(series.family, part);
      part.metrics.push(metric);
      part.series.push(series);
    }
    this.#unsettled = metrics.some(({ value }) => typeof value !== "number");
    this.#refusals = refusals;
    this.#requests = this.#divide([...parts.values()]);
    this.#batch = metrics.slice();
    this.#batchSeries = seen;
    this.#largestBatch = Math.max(this.#largestBatch, seen.size);
  }

  #newSeries(metric: Metric): Series {
    const key = familyKey(metric);
    const family = this.#families.get(key) ?? new Family(metric);
    this.#families.set(key, family);
    const attributes = this.#attributesOf.get(metric.labels) ?? jsonAttributes(metric.labels);
    this.#attributesOf.set(metric.labels, attributes);
    const series = family.series(attributes);
    this.#seriesOf.set(metric, series);
    return series;
  }

  /** Puts the parts one behind the other into requests, and cuts those that do not fit into one. */
  #divide(parts: readonly Part[]): MetricsRequest[] {
    const requests: Part[][] = [];
    let room = 0;
    for (const { family, metrics, series } of parts) {
      for (let start = 0; start < metrics.length; ) {
        if (room === 0) {
          requests.push([]);
          room = this.#maxDataPoints;
        }
        const end = Math.min(metrics.length, start + room);
        requests.at(-1)?.push({
          family,
          metrics: metrics.slice(start, end),
          series: series.slice(start, end),
        });
        room -= end - start;
        start = end;
      }
    }
    return requests.map((inside) => ({
      metrics: inside.flatMap(({ metrics }) => metrics),
      text: (timeMs) => `${this.#opening}${metricsText(inside, timeMs)}]}]}]}`,
    }));
  }

  /** Series that went are remembered for a while: a retry brings a part of a batch, and a task may miss a round. */
  #forget(timeMs: number): void {
    // While the same batch comes again and again nobody notes the time.
    for (const series of this.#batchSeries) series.seenMs = timeMs;
    this.#forgetBefore(timeMs - REMEMBERED_MS);
    const most = Math.max(FEW_SERIES, FEW_BATCHES * this.#largestBatch);
    if (this.#size <= most) return;
    // To the half, so that it need not be done for each batch.
    for (const rememberedMs of SHORTER_MS)
      if (this.#size > most / 2) this.#forgetBefore(timeMs - rememberedMs);
  }

  #forgetBefore(beforeMs: number): void {
    for (const [key, family] of this.#families) {
      family.forget(beforeMs);
      if (family.size === 0) this.#families.delete(key);
    }
  }

  /** Series that are remembered. */
  get #size(): number {
    let size = 0;
    for (const family of this.#families.values()) size += family.size;
    return size;
  }

  /** Its series, unless that was forgotten. */
  #known(metric: Metric): Series | undefined {
    const series = this.#seriesOf.get(metric);
    return series?.isForgotten === true ? undefined : series;
  }
}

function metricsText(parts: readonly Part[], timeMs: number): string {
  const time = `"timeUnixNano":${jsonNanoseconds(timeMs)},"asDouble":`;
  let text = "";
  for (const { family, metrics, series } of parts) {
    text += `${text === "" ? "" : ","}${family.opening}`;
    for (let i = 0; i < metrics.length; i++) {
      const { value } = metrics[i] as Metric;
      const opening = (series[i] as Series).opening(value, timeMs);
      text += `${i === 0 ? "" : ","}${opening}${time}${jsonDouble(value)}}`;
    }
    text += family.closing;
  }
  return text;
}

function describe({ name, labels }: Metric): string {
  const written = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${written.join(",")}}`;
}

import type { Metric } from "../../model/metric.ts";
import type { Refusal } from "../exposition/exposition.ts";
import { Validity } from "../exposition/validity.ts";
import { type Codec, encodeTime } from "./codec.ts";
import type { LabelSets } from "./label-set.ts";
import { type Draft, type LaidOut, PROTOCOLS, type Version } from "./protocol.ts";
import { writeStaleMarker, writeTime, writeValue } from "./sample-bytes.ts";
import { type Series, SeriesSet } from "./series-set.ts";

/** A request ends with the series that takes it beyond this, before compression: below the limits of all known receivers. */
const MOST_BYTES = 1024 * 1024;

/** How requests are laid out. */
export interface RequestOptions {
  readonly codec: Codec;
  readonly version: Version;
  readonly maxSamples: number;
  /** For the length of the times. */
  readonly timeMs: number;
}

/** One request: laid out once, then only values and times are written for each batch. */
export class Request {
  readonly metrics: readonly Metric[];
  /** How many metrics of the batch are in requests before it. */
  readonly start: number;
  readonly #laidOut: LaidOut;
  readonly #view: DataView;

  constructor(
    metrics: readonly Metric[],
    { start, laidOut }: { readonly start: number; readonly laidOut: LaidOut },
  ) {
    this.metrics = metrics;
    this.start = start;
    this.#laidOut = laidOut;
    this.#view = new DataView(laidOut.bytes.buffer, laidOut.bytes.byteOffset, laidOut.bytes.length);
  }

  /** With the present values. The bytes are valid until the next call. */
  samples(time: Uint8Array): Uint8Array<ArrayBuffer> {
    const { bytes, valueOffsets } = this.#laidOut;
    for (let i = 0; i < valueOffsets.length; i++) {
      const at = valueOffsets[i] as number;
      writeValue(this.#view, at, (this.metrics[i] as Metric).value);
      writeTime(bytes, at, time);
    }
    return bytes;
  }

  /** With the marker by which each of its series ends. */
  staleMarkers(time: Uint8Array): Uint8Array<ArrayBuffer> {
    const { bytes, valueOffsets } = this.#laidOut;
    for (const at of valueOffsets) {
      writeStaleMarker(this.#view, at);
      writeTime(bytes, at, time);
    }
    return bytes;
  }
}

/** The requests of a batch. */
export interface Layout {
  /** The batch, as it was given. */
  readonly metrics: readonly Metric[];
  readonly requests: Requests;
  readonly series: SeriesSet;
  readonly refusals: readonly Refusal[];
  /** A metric was left out because its value is no number, which the next value may be. */
  readonly unsettled: boolean;
}

/**
 * Series split into requests, in their order. Each is laid out when it is first asked for, since all of a large
 * batch at once would keep the agent from its other work for too long.
 */
export class Requests {
  readonly version: Version;
  readonly timeLength: number;
  readonly #series: readonly Series[];
  readonly #options: RequestOptions;
  readonly #made: Request[] = [];

  constructor(series: readonly Series[], options: RequestOptions) {
    this.version = options.version;
    this.timeLength = encodeTime(options.codec, options.timeMs).length;
    this.#series = series;
    this.#options = options;
  }

  /** Nothing behind the last one. */
  at(index: number): Request | undefined {
    while (index >= this.#made.length) {
      const last = this.#made.at(-1);
      const start = last === undefined ? 0 : last.start + last.metrics.length;
      if (start === this.#series.length) return undefined;
      this.#made.push(this.#layOut(start));
    }
    return this.#made[index];
  }

  metrics(): Metric[] {
    return this.#series.map(({ metric }) => metric);
  }

  /** That one and all behind it. */
  seriesFrom({ start }: Request): readonly Series[] {
    return this.#series.slice(start);
  }

  #layOut(start: number): Request {
    const { codec, version, maxSamples } = this.#options;
    const draft: Draft = PROTOCOLS[version].newDraft(codec, this.timeLength);
    const metrics: Metric[] = [];
    for (let i = start; i < this.#series.length; i++) {
      const series = this.#series[i] as Series;
      draft.add(series);
      metrics.push(series.metric);
      if (metrics.length >= maxSamples || draft.size > MOST_BYTES) break;
    }
    return new Request(metrics, { start, laidOut: draft.finish() });
  }
}

/** Leaves out what cannot be sent, and series that are there twice. */
export function layOut(
  metrics: readonly Metric[],
  { labelSets, ...options }: RequestOptions & { readonly labelSets: LabelSets },
): Layout {
  const refusals: Refusal[] = [];
  const validity = new Validity();
  const set = new SeriesSet();
  const kept: Series[] = [];
  for (const metric of metrics) {
    const reason = validity.fault(metric);
    if (reason !== undefined) {
      refusals.push({ metric, reason });
      continue;
    }
    const series = { labels: labelSets.of(metric.labels), metric };
    if (set.add(series)) kept.push(series);
    else refusals.push({ metric, reason: `metric "${metric.name}" with the same labels came before` });
  }
  return {
    metrics: metrics.slice(),
    requests: new Requests(kept, options),
    series: set,
    refusals,
    unsettled: refusals.some(({ metric }) => typeof metric.value !== "number"),
  };
}

/** Whether the layout is that of a batch of the same metric objects. */
export function fits(layout: Layout, metrics: readonly Metric[]): boolean {
  if (layout.unsettled || layout.metrics.length !== metrics.length) return false;
  for (let i = 0; i < metrics.length; i++) {
    const metric = metrics[i] as Metric;
    if (metric !== layout.metrics[i] || typeof metric.value !== "number") return false;
  }
  return true;
}

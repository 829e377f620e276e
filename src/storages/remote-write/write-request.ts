import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import { type Codec, fieldLength, LENGTH_DELIMITED } from "./codec.ts";
import type { LabelSet } from "./label-set.ts";
import type { Draft, LaidOut } from "./protocol.ts";
import { emptySample, VALUE_OFFSET } from "./sample-bytes.ts";
import type { Series } from "./series-set.ts";

const NAME_LABEL = "__name__";

/** Numbers of MetricMetadata.MetricType. */
const TYPES = { counter: 1, gauge: 2 } as const;

/** Labels below and above `__name__`, as fields of a TimeSeries. */
interface LabelBytes {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/**
 * Lays out `prometheus.WriteRequest` of remote write 1.0:
 * timeseries = 1 { labels = 1 { name = 1, value = 2 }, samples = 2 }, metadata = 3.
 */
export class WriteRequestDraft implements Draft {
  readonly #writer: BinaryWriter;
  readonly #body: BinaryWriter;
  readonly #sample: Uint8Array;
  readonly #valueOffsets: number[] = [];
  readonly #labelBytes = new Map<LabelSet, LabelBytes>();
  readonly #nameBytes = new Map<string, Uint8Array>();
  #size = 0;

  constructor({ newWriter }: Codec, timeLength: number) {
    this.#writer = newWriter();
    this.#body = newWriter();
    this.#sample = emptySample(timeLength);
  }

  get size(): number {
    return this.#size;
  }

  add({ labels, metric }: Series): void {
    const { before, after } = this.#bytesOf(labels);
    const name = this.#bytesOfName(metric.name);
    const length = before.length + name.length + after.length + fieldLength(this.#sample.length);
    this.#body.tag(1, LENGTH_DELIMITED).uint32(length);
    this.#body.raw(before).raw(name).raw(after).tag(2, LENGTH_DELIMITED).bytes(this.#sample);
    this.#size += fieldLength(length);
    this.#valueOffsets.push(this.#size - this.#sample.length + VALUE_OFFSET);
  }

  finish(): LaidOut {
    return { bytes: this.#body.finish(), valueOffsets: Int32Array.from(this.#valueOffsets) };
  }

  #bytesOf(labels: LabelSet): LabelBytes {
    let bytes = this.#labelBytes.get(labels);
    if (bytes === undefined) {
      const split = labels.names.filter((name) => name < NAME_LABEL).length;
      bytes = { before: this.#range(labels, 0, split), after: this.#range(labels, split) };
      this.#labelBytes.set(labels, bytes);
    }
    return bytes;
  }

  #range({ names, values }: LabelSet, start: number, end = names.length): Uint8Array {
    for (let i = start; i < end; i++) writeLabel(this.#writer, names[i] ?? "", values[i] ?? "");
    return this.#writer.finish();
  }

  #bytesOfName(name: string): Uint8Array {
    let bytes = this.#nameBytes.get(name);
    if (bytes === undefined) {
      bytes = writeLabel(this.#writer, NAME_LABEL, name).finish();
      this.#nameBytes.set(name, bytes);
    }
    return bytes;
  }
}

function writeLabel(writer: BinaryWriter, name: string, value: string): BinaryWriter {
  return writer
    .tag(1, LENGTH_DELIMITED)
    .fork()
    .tag(1, LENGTH_DELIMITED)
    .string(name)
    .tag(2, LENGTH_DELIMITED)
    .string(value)
    .join();
}

/**
 * A request with types, helps and units only, which 1.0 sends apart from the samples.
 * MetricMetadata: type = 1, metric_family_name = 2, help = 4, unit = 5.
 */
export function encodeMetadata({ newWriter }: Codec, series: Iterable<Series>): Uint8Array<ArrayBuffer> {
  const writer = newWriter();
  const said = new Set<string>();
  for (const { metric } of series) {
    const { name, type, help = "", unit } = metric;
    if (type === undefined || said.has(name)) continue;
    said.add(name);
    writer.tag(3, LENGTH_DELIMITED).fork();
    writer.tag(1, 0).int32(TYPES[type]);
    writer.tag(2, LENGTH_DELIMITED).string(name);
    writer.tag(4, LENGTH_DELIMITED).string(help.toWellFormed());
    writer.tag(5, LENGTH_DELIMITED).string(unitOf(unit));
    writer.join();
  }
  return writer.finish();
}

/** The catalogue says `none` of counts and ratios. */
export function unitOf(unit: string | undefined): string {
  return unit === undefined || unit === "none" ? "" : unit;
}

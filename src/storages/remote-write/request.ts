import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Metric } from "../../model/metric.ts";
import { type Codec, fieldLength, LENGTH_DELIMITED, VARINT } from "./codec.ts";
import type { LabelSet } from "./label-set.ts";
import type { Draft, LaidOut } from "./protocol.ts";
import { emptySample, VALUE_OFFSET } from "./sample-bytes.ts";
import type { Series } from "./series-set.ts";
import { unitOf } from "./write-request.ts";

const NAME_LABEL = "__name__";

/** Numbers of Metadata.MetricType; 0 says nothing. */
const TYPES = { counter: 1, gauge: 2 } as const;

/** References to labels below and above `__name__`, packed. */
interface RefBytes {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/**
 * Lays out `io.prometheus.write.v2.Request` of remote write 2.0: symbols = 4, timeseries = 5 { labels_refs = 1,
 * samples = 2, metadata = 5 { type = 1, help_ref = 3, unit_ref = 4 } }. Texts are in a table, named by their index.
 */
export class RequestDraft implements Draft {
  readonly #newWriter: Codec["newWriter"];
  readonly #writer: BinaryWriter;
  readonly #series: BinaryWriter;
  readonly #symbols: BinaryWriter;
  readonly #refs = new Map<string, number>();
  readonly #labelBytes = new Map<LabelSet, RefBytes>();
  readonly #nameBytes = new Map<string, Uint8Array>();
  readonly #metadata = new Map<string, Uint8Array>();
  readonly #sample: Uint8Array;
  readonly #valueOffsets: number[] = [];
  #seriesSize = 0;
  #symbolsSize = 0;

  constructor({ newWriter }: Codec, timeLength: number) {
    this.#newWriter = newWriter;
    this.#writer = newWriter();
    this.#series = newWriter();
    this.#symbols = newWriter();
    this.#sample = emptySample(timeLength);
    // The first has to be the empty text.
    this.#ref("");
  }

  get size(): number {
    return this.#symbolsSize + this.#seriesSize;
  }

  add({ labels, metric }: Series): void {
    const metadata = this.#metadataOf(metric);
    const { before, after } = this.#bytesOf(labels);
    const name = this.#bytesOfName(metric.name);
    const refsLength = before.length + name.length + after.length;
    const behindSample = fieldLength(metadata.length);
    const length = fieldLength(refsLength) + fieldLength(this.#sample.length) + behindSample;
    this.#series.tag(5, LENGTH_DELIMITED).uint32(length);
    this.#series.tag(1, LENGTH_DELIMITED).uint32(refsLength).raw(before).raw(name).raw(after);
    this.#series.tag(2, LENGTH_DELIMITED).bytes(this.#sample).tag(5, LENGTH_DELIMITED).bytes(metadata);
    this.#seriesSize += fieldLength(length);
    this.#valueOffsets.push(this.#seriesSize - behindSample - this.#sample.length + VALUE_OFFSET);
  }

  finish(): LaidOut {
    const bytes = this.#newWriter().raw(this.#symbols.finish()).raw(this.#series.finish()).finish();
    return { bytes, valueOffsets: Int32Array.from(this.#valueOffsets, (at) => this.#symbolsSize + at) };
  }

  #bytesOf(labels: LabelSet): RefBytes {
    let bytes = this.#labelBytes.get(labels);
    if (bytes === undefined) {
      const split = labels.names.filter((name) => name < NAME_LABEL).length;
      const refs = labels.names.flatMap((name, index) => [
        this.#ref(name),
        this.#ref(labels.values[index] ?? ""),
      ]);
      bytes = { before: this.#pack(refs.slice(0, 2 * split)), after: this.#pack(refs.slice(2 * split)) };
      this.#labelBytes.set(labels, bytes);
    }
    return bytes;
  }

  #bytesOfName(name: string): Uint8Array {
    let bytes = this.#nameBytes.get(name);
    if (bytes === undefined) {
      bytes = this.#pack([this.#ref(NAME_LABEL), this.#ref(name)]);
      this.#nameBytes.set(name, bytes);
    }
    return bytes;
  }

  #pack(refs: readonly number[]): Uint8Array {
    for (const ref of refs) this.#writer.uint32(ref);
    return this.#writer.finish();
  }

  #metadataOf({ type, help = "", unit }: Metric): Uint8Array {
    const refs = [type === undefined ? 0 : TYPES[type], this.#ref(help), this.#ref(unitOf(unit))] as const;
    const key = refs.join();
    let bytes = this.#metadata.get(key);
    if (bytes === undefined) {
      const [typeNumber, helpRef, unitRef] = refs;
      this.#writer.tag(1, VARINT).int32(typeNumber).tag(3, VARINT).uint32(helpRef);
      bytes = this.#writer.tag(4, VARINT).uint32(unitRef).finish();
      this.#metadata.set(key, bytes);
    }
    return bytes;
  }

  #ref(text: string): number {
    // What UTF-8 makes the same has to be one symbol.
    const symbol = text.toWellFormed();
    let ref = this.#refs.get(symbol);
    if (ref === undefined) {
      ref = this.#refs.size;
      this.#refs.set(symbol, ref);
      const length = Buffer.byteLength(symbol);
      this.#symbols.tag(4, LENGTH_DELIMITED).string(symbol);
      this.#symbolsSize += fieldLength(length);
    }
    return ref;
  }
}

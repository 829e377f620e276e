import type { Metric } from "../../model/metric.ts";
import { LONGEST_NUMBER, writeNumber } from "./number.ts";
import { sameMetrics } from "./same-metrics.ts";
import { SeriesOrder } from "./series-order.ts";
import { type Syntax, TextSyntax } from "./syntax.ts";
import { type Move, TextBuffer } from "./text-buffer.ts";
import { Validity } from "./validity.ts";

export interface ExpositionOptions {
  /** Write the time of the batch behind every sample. */
  readonly timestamps: boolean;
  /** Write only these labels. Default: all. */
  readonly filterLabels?: readonly string[];
  /** Default: the Prometheus text format 0.0.4. */
  readonly syntax?: Syntax;
}

/** A metric that was left out, and why. */
export interface Refusal {
  readonly metric: Metric;
  readonly reason: string;
}

/**
 * Metrics in the Prometheus text format, or a format whose samples look the same.
 *
 * The text of the last batch is kept. As long as the batch consists of the same metric objects only the
 * bytes of changed values are written anew; when one of them needs more or fewer bytes the stretches
 * between such values are moved. A batch with other metrics is laid out from the start.
 */
export class Exposition {
  readonly #timestamps: boolean;
  readonly #syntax: Syntax;
  readonly #order: SeriesOrder;
  #batch: readonly Metric[] | undefined;
  readonly #text = new TextBuffer();
  /** Values that did not fit their old place, one behind the other. */
  #resized = new Uint8Array(LONGEST_NUMBER);
  // By line: its metric, the value written, and where its value starts and ends in the text.
  #metrics: Metric[] = [];
  #values = new Float64Array(0);
  #starts = new Int32Array(0);
  #ends = new Int32Array(0);
  #timestamp = "";
  #refusals: readonly Refusal[] = [];
  /** A metric was left out because its value is no number, which the next value may be. */
  #unsettled = false;

  constructor({ timestamps, filterLabels, syntax = new TextSyntax() }: ExpositionOptions) {
    this.#timestamps = timestamps;
    this.#syntax = syntax;
    this.#order = new SeriesOrder(filterLabels);
  }

  /** Metrics of the last batch that are not in its text. */
  get refusals(): readonly Refusal[] {
    return this.#refusals;
  }

  /** The bytes are valid until the next call. `timeMs`: milliseconds since the epoch, for timestamps. */
  render(metrics: readonly Metric[], timeMs: number): Uint8Array {
    const timestamp = this.#timestamps ? this.#syntax.timestamp(timeMs) : "";
    const sameLines =
      !this.#unsettled &&
      !someWithoutNumber(this.#refusals) &&
      timestamp.length === this.#timestamp.length &&
      sameMetrics(metrics, this.#batch) &&
      this.#syntax.fits();
    if (sameLines && this.#updateValues()) this.#updateTimestamps(timestamp);
    else this.#layOut(metrics, timestamp);
    return this.#text.content();
  }

  #layOut(metrics: readonly Metric[], timestamp: string): void {
    const refusals: Refusal[] = [];
    const validity = new Validity();
    const valid = metrics.filter((metric) => {
      const reason = validity.fault(metric);
      if (reason !== undefined) refusals.push({ metric, reason });
      return reason === undefined;
    });
    this.#batch = metrics.slice();
    this.#timestamp = timestamp;
    this.#metrics = [];
    this.#text.clear();
    const values: number[] = [];
    const starts: number[] = [];
    const ends: number[] = [];
    const families = this.#order.families(valid);
    this.#syntax.begin(families);
    for (const family of families) {
      const described = family.series.find(({ metric }) => isDescribed(metric))?.metric;
      this.#text.add(this.#syntax.header(family, described, this.#text.length === 0));
      const seen = new Set<string>();
      for (const { metric, labelsText } of family.series) {
        const reason = misfit(metric, described, seen, labelsText);
        if (reason !== undefined) {
          refusals.push({ metric, reason });
          continue;
        }
        seen.add(labelsText);
        this.#text.add(family.name);
        this.#text.add(labelsText);
        this.#text.add(" ");
        this.#metrics.push(metric);
        values.push(metric.value);
        starts.push(this.#text.length);
        this.#text.addNumber(metric.value);
        ends.push(this.#text.length);
        this.#text.add(timestamp === "" ? "\n" : ` ${timestamp}\n`);
      }
    }
    this.#text.add(this.#syntax.end);
    this.#values = Float64Array.from(values);
    this.#starts = Int32Array.from(starts);
    this.#ends = Int32Array.from(ends);
    this.#refusals = refusals;
    this.#unsettled = someWithoutNumber(refusals);
  }

  /** False when a value is no number any more: its line has to go. */
  #updateValues(): boolean {
    const bytes = this.#text.bytes;
    let resizedLength = 0;
    const resizedLines: number[] = [];
    for (let line = 0; line < this.#metrics.length; line++) {
      const { value } = this.#metrics[line] as Metric;
      if (value === this.#values[line]) continue;
      if (typeof value !== "number") return false;
      this.#values[line] = value;
      if (resizedLength + LONGEST_NUMBER > this.#resized.length) this.#growResized();
      const end = writeNumber(value, this.#resized, resizedLength);
      const start = this.#starts[line] as number;
      if (end - resizedLength === (this.#ends[line] as number) - start) {
        for (let at = resizedLength; at < end; at++)
          bytes[start + at - resizedLength] = this.#resized[at] as number;
      } else {
        resizedLines.push(line, resizedLength, end);
        resizedLength = end;
      }
    }
    if (resizedLines.length > 0) this.#moveText(resizedLines);
    return true;
  }

  /**
   * Moves the stretches between values that need more or fewer bytes, then puts these values between them.
   * `resized`: triples of line, and where its value starts and ends in `#resized`.
   */
  #moveText(resized: readonly number[]): void {
    const moves: Move[] = [];
    let shift = 0;
    for (let next = 0; next < resized.length; next += 3) {
      const line = resized[next] as number;
      const following = resized[next + 3];
      const start = this.#ends[line] as number;
      const end = following === undefined ? this.#text.length : (this.#starts[following] as number);
      shift +=
        (resized[next + 2] as number) -
        (resized[next + 1] as number) -
        (start - (this.#starts[line] as number));
      moves.push({ start, end, shift });
      this.#shiftLines(line, following ?? this.#metrics.length, {
        behind: shift,
        before: moves.at(-2)?.shift ?? 0,
      });
    }
    this.#text.move(moves);
    for (let next = 0; next < resized.length; next += 3) {
      const start = this.#starts[resized[next] as number] as number;
      this.#text.bytes.set(this.#resized.subarray(resized[next + 1], resized[next + 2]), start);
    }
  }

  /** `before`, `behind`: how far the text before and behind the resized value of the line moves. */
  #shiftLines(
    line: number,
    following: number,
    { behind, before }: { readonly behind: number; readonly before: number },
  ): void {
    this.#starts[line] = (this.#starts[line] as number) + before;
    this.#ends[line] = (this.#ends[line] as number) + behind;
    for (let other = line + 1; other < following; other++) {
      this.#starts[other] = (this.#starts[other] as number) + behind;
      this.#ends[other] = (this.#ends[other] as number) + behind;
    }
  }

  #updateTimestamps(timestamp: string): void {
    if (timestamp === this.#timestamp) return;
    let same = 0;
    while (timestamp[same] === this.#timestamp[same]) same++;
    const bytes = this.#text.bytes;
    const tail = new TextEncoder().encode(timestamp.slice(same));
    for (let line = 0; line < this.#ends.length; line++) {
      const at = (this.#ends[line] as number) + 1 + same;
      for (let i = 0; i < tail.length; i++) bytes[at + i] = tail[i] as number;
    }
    this.#timestamp = timestamp;
  }

  #growResized(): void {
    const larger = new Uint8Array(this.#resized.length * 2);
    larger.set(this.#resized);
    this.#resized = larger;
  }
}

function isDescribed({ type, help }: Metric): boolean {
  return type !== undefined || help !== undefined;
}

function someWithoutNumber(refusals: readonly Refusal[]): boolean {
  return refusals.some(({ metric }) => typeof metric.value !== "number");
}

/** Why a valid metric cannot join its family: another type, or a series that is there already. */
function misfit(
  metric: Metric,
  described: Metric | undefined,
  seen: ReadonlySet<string>,
  labelsText: string,
): string | undefined {
  if (metric.type !== described?.type) {
    const family = described?.type === undefined ? "no type" : `the type ${described.type}`;
    return `type of metric "${metric.name}" is ${metric.type ?? "missing"}, its family has ${family}`;
  }
  if (seen.has(labelsText)) return `series ${metric.name}${labelsText} is there already`;
  return undefined;
}

import type { Metric } from "../../model/metric.ts";
import type { Refusal } from "../exposition/exposition.ts";
import { formatNumber, LONGEST_NUMBER } from "../exposition/number.ts";
import type { Draft, Format } from "./draft.ts";

/** `,"timestamp":` with milliseconds, `,"value":` with quotes, `}`, and the comma or newline behind. */
const TAIL_BYTES = 13 + 16 + 9 + 2 + LONGEST_NUMBER + 1 + 2;

/**
 * Each message is one JSON array of samples:
 * `{"name":"up","labels":{"host":"a"},"type":"gauge","timestamp":1531729598000,"value":1}`. Numbers that JSON
 * has not are the texts "NaN", "+Inf" and "-Inf"; whole numbers have all their digits.
 */
export const JSON_FORMAT: Format = {
  frameBytes: "[]\n".length,
  draft: (metrics) => new JsonDraft(metrics),
  familyBytes: () => 0,
  metricBytes: (metric) => Buffer.byteLength(head(metric)) + TAIL_BYTES,
};

class JsonDraft implements Draft {
  readonly metrics: readonly Metric[];
  readonly #heads: readonly string[];
  #refusals: readonly Refusal[] = [];

  constructor(metrics: readonly Metric[]) {
    this.metrics = metrics;
    this.#heads = metrics.map(head);
  }

  get refusals(): readonly Refusal[] {
    return this.#refusals;
  }

  text(timeMs: number): Uint8Array {
    const refusals: Refusal[] = [];
    const lines: string[] = [];
    const time = `,"timestamp":${Math.trunc(timeMs)},"value":`;
    for (let i = 0; i < this.metrics.length; i++) {
      const metric = this.metrics[i] as Metric;
      const { name, value } = metric;
      if (typeof value === "number") lines.push(`${this.#heads[i]}${time}${jsonNumber(value)}}`);
      else
        refusals.push({ metric, reason: `value of metric "${name}" is ${String(value)}, wanted a number` });
    }
    this.#refusals = refusals;
    return new TextEncoder().encode(`[${lines.join(",\n")}]\n`);
  }
}

/** What does not change from batch to batch. */
function head({ name, labels, type }: Metric): string {
  const sorted = Object.fromEntries(
    Object.keys(labels)
      .sort()
      .map((label) => [label, labels[label]?.toWellFormed()]),
  );
  return JSON.stringify({ name, labels: sorted, ...(type === undefined ? {} : { type }) }).slice(0, -1);
}

function jsonNumber(value: number): string {
  return Number.isFinite(value) ? formatNumber(value) : `"${formatNumber(value)}"`;
}

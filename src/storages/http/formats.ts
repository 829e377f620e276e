import type { Metric } from "../../model/metric.ts";
import { Exposition, type Refusal } from "../exposition/exposition.ts";
import { Validity } from "../exposition/validity.ts";

export const FORMATS = ["json", "ndjson", "prometheus"] as const;

/** A batch as bytes, valid until the next one is written, and what is not in it. */
export interface Written {
  readonly text: Uint8Array<ArrayBuffer>;
  readonly refusals: readonly Refusal[];
}

/** One way to write a batch. */
export interface BodyFormat {
  readonly contentType: string;
  write(metrics: readonly Metric[], timeMs: number): Written;
}

/** A writer of its own for each storage, as it may remember what it wrote last. */
export function bodyFormat(format: (typeof FORMATS)[number]): BodyFormat {
  if (format === "json") return { contentType: "application/json", write: writeObject };
  if (format === "ndjson") return { contentType: "application/x-ndjson", write: writeLines };
  const exposition = new Exposition({ timestamps: true });
  return {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    write: (metrics, timeMs) => {
      const text = exposition.render(metrics, timeMs) as Uint8Array<ArrayBuffer>;
      return { text, refusals: exposition.refusals };
    },
  };
}

function writeObject(metrics: readonly Metric[]): Written {
  const { valid, refusals } = checked(metrics);
  // A Map keeps the order of names that look like numbers too; JSON has no NaN, which becomes null.
  const values = new Map(valid.map(({ name, value }) => [name, value]));
  const members = [...values].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return { text: encode(`{${members.join(",")}}`), refusals };
}

function writeLines(metrics: readonly Metric[], timeMs: number): Written {
  const { valid, refusals } = checked(metrics);
  const timestamp = Math.trunc(timeMs);
  const lines = valid.map(({ name, value, labels, type }) => {
    const number = Number.isFinite(value) ? value : String(value);
    return `${JSON.stringify({ name, value: number, timestamp, type, labels })}\n`;
  });
  return { text: encode(lines.join("")), refusals };
}

function checked(metrics: readonly Metric[]): {
  readonly valid: readonly Metric[];
  readonly refusals: readonly Refusal[];
} {
  const validity = new Validity();
  const refusals: Refusal[] = [];
  const valid = metrics.filter((metric) => {
    const reason = validity.fault(metric);
    if (reason !== undefined) refusals.push({ metric, reason });
    return reason === undefined;
  });
  return { valid, refusals };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

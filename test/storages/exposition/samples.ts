import * as fc from "fast-check";
import type { Metric } from "../../../src/model/metric.ts";

/** A metric whose value a test changes, as the runner does from round to round. */
export type MutableMetric = { -readonly [Key in keyof Metric]: Metric[Key] };

export function metric(name: string, value: number, rest: Partial<Metric> = {}): MutableMetric {
  return { name, value, labels: {}, ...rest };
}

/** What a component of a user's own may hand over although the types forbid it. */
export function unchecked(parts: Record<string, unknown>): MutableMetric {
  return { ...metric("m", 1), ...parts } as MutableMetric;
}

/** Values with few and many digits, and every odd one. */
export function anyValue(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 0, max: 1200 }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 0n, max: 2n ** 70n }).map(Number),
    fc.constantFrom(
      0,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      2 ** 53,
      1e21,
      5e-324,
    ),
  );
}

/** Label values: digits, text, everything that is escaped, and more than ASCII. */
export function anyLabelValue(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(
      "",
      "1",
      "01",
      "2",
      "10",
      "20",
      "b",
      "ü",
      "数",
      "\u{1f600}",
      'a"b',
      "a\\b",
      "a\nb",
      "\r",
      "\t",
      "{}",
      "a,b=c",
    ),
    fc.string({ maxLength: 6 }),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An independent reader of the format, character by character. */
export function parse(text: string): readonly Sample[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      let at = 0;
      function upTo(...stops: string[]): string {
        const start = at;
        while (at < line.length && !stops.includes(line.charAt(at))) at++;
        return line.slice(start, at);
      }
      const name = upTo("{", " ");
      const found: Record<string, string> = {};
      while (line.charAt(at) === "{" || line.charAt(at) === ",") {
        at++;
        const label = upTo("=");
        let value = "";
        for (at += 2; line.charAt(at) !== '"'; at++) {
          if (line.charAt(at) === "\\") {
            at++;
            value += line.charAt(at) === "n" ? "\n" : line.charAt(at);
          } else value += line.charAt(at);
        }
        at++;
        found[label] = value;
      }
      if (line.charAt(at) === "}") at++;
      return { name, labels: found, value: Number(line.slice(at).replace("Inf", "Infinity")) };
    });
}

export function seriesKey({ name, labels }: Pick<Metric, "name" | "labels">): string {
  return JSON.stringify([name, Object.entries(labels).sort()]);
}

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Metric } from "../../../src/model/metric.ts";
import type { Format } from "../../../src/storages/kafka/draft.ts";
import { Drafts, type Plan } from "../../../src/storages/kafka/drafts.ts";
import { JSON_FORMAT } from "../../../src/storages/kafka/json-format.ts";
import { PROMETHEUS_FORMAT } from "../../../src/storages/kafka/prometheus-format.ts";
import { checkMetrics, preparePrometheus } from "../../support/prometheus.ts";
import { requirement } from "../../support/requirement.ts";
import { series } from "./support.ts";

const TIME_MS = 1_700_000_000_123;
const FORMATS: Readonly<Record<string, Format>> = { prometheus: PROMETHEUS_FORMAT, json: JSON_FORMAT };
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Few names and labels, so that families are large and some series are there twice. */
const metric: fc.Arbitrary<Metric> = fc.record(
  {
    name: fc.constantFrom("up", "used_total", "used", "no-name"),
    value: fc.oneof(fc.double(), fc.maxSafeInteger(), fc.constantFrom(2 ** 63, "text" as unknown as number)),
    labels: fc.dictionary(
      fc.constantFrom("a", "b", "task_id"),
      fc.string({ unit: "grapheme", maxLength: 12 }),
      {
        maxKeys: 3,
      },
    ),
    type: fc.constantFrom("gauge", "counter"),
    help: fc.string({ unit: "grapheme", maxLength: 30 }),
  },
  { requiredKeys: ["name", "value", "labels"] },
);
const batch = fc.array(metric, { maxLength: 60 });
const limit = fc.integer({ min: 200, max: 3000 });

for (const [name, format] of Object.entries(FORMATS)) {
  test(`Drafts puts each metric in one message or refuses it (${name})`, () => {
    fc.assert(
      fc.property(batch, limit, (metrics, limitBytes) => {
        const { drafts, refusals } = new Drafts(format).plan(metrics, limitBytes);
        const placed = [
          ...drafts.flatMap((draft) => draft.metrics),
          ...refusals.map((refusal) => refusal.metric),
        ];
        expect(countOf(placed)).toEqual(countOf(metrics));
      }),
    );
  });

  test(`Drafts keeps messages of several metrics below the limit, whatever values come later (${name})`, () => {
    fc.assert(
      fc.property(batch, limit, fc.double(), (metrics, limitBytes, later) => {
        const { drafts } = new Drafts(format).plan(metrics, limitBytes);
        for (const draft of drafts) {
          for (const each of draft.metrics) (each as { value: number }).value = later;
          const { length } = draft.text(TIME_MS);
          if (draft.metrics.length > 1) expect(length).toBeLessThanOrEqual(limitBytes);
        }
      }),
    );
  });

  test(`Drafts writes the same samples in many messages as in one (${name})`, () => {
    fc.assert(
      fc.property(batch, limit, (metrics, limitBytes) => {
        const whole = new Drafts(format).plan(metrics, Number.MAX_SAFE_INTEGER).drafts;
        const parts = new Drafts(format).plan(metrics, limitBytes).drafts;
        expect(parts.flatMap((draft) => samplesOf(name, draft.text(TIME_MS)))).toEqual(
          whole.flatMap((draft) => samplesOf(name, draft.text(TIME_MS))),
        );
      }),
    );
  });
}

test("Drafts gives every message the help and type of its own metrics", () => {
  const { drafts } = new Drafts(PROMETHEUS_FORMAT).plan(series(100), 1500);
  expect(drafts.length).toBeGreaterThan(7);
  for (const draft of drafts) {
    const lines = decoder.decode(draft.text(TIME_MS)).split("\n");
    const described = lines.flatMap((line) => /^# TYPE (\S+) counter$/.exec(line)?.[1] ?? []);
    const helped = lines.flatMap((line) => /^# HELP (\S+) Things/.exec(line)?.[1] ?? []);
    const names = new Set(draft.metrics.map((each) => each.name));
    expect(described.toSorted()).toEqual([...names].toSorted());
    expect(helped).toEqual(described);
  }
});

test("Drafts makes the division anew only when series come or go", () => {
  const metrics = series(50);
  const drafts = new Drafts(PROMETHEUS_FORMAT);
  const first = drafts.plan(metrics, 1500);
  expect(drafts.plan([...metrics], 1500)).toBe(first);
  const longer = drafts.plan([...metrics, ...series(1).map((each) => ({ ...each, name: "other" }))], 1500);
  expect(longer.drafts.flatMap((draft) => draft.metrics)).toHaveLength(51);
});

test("Drafts keeps the divisions of several sources that take turns", () => {
  const drafts = new Drafts(PROMETHEUS_FORMAT);
  const [measured, allocated] = [series(5), series(3)];
  const plans = [drafts.plan(measured, 1000), drafts.plan(allocated, 1000)];
  expect(drafts.plan(measured, 1000)).toBe(plans[0] as Plan);
  expect(drafts.plan(allocated, 1000)).toBe(plans[1] as Plan);
});

test("Drafts looks again at a value that was no number", () => {
  const metrics = series(3);
  (metrics[1] as { value: unknown }).value = "later";
  const drafts = new Drafts(JSON_FORMAT);
  expect(drafts.plan(metrics, 5000).refusals).toHaveLength(1);
  (metrics[1] as { value: unknown }).value = 5;
  const { drafts: made, refusals } = drafts.plan(metrics, 5000);
  expect({ refusals, metrics: made.flatMap((draft) => draft.metrics).length }).toEqual({
    refusals: [],
    metrics: 3,
  });
});

test("Drafts keeps one of two occurrences of the same object", () => {
  const [metric] = series(1) as [Metric];
  const { drafts, refusals } = new Drafts(PROMETHEUS_FORMAT).plan([metric, metric], 5000);
  expect({ kept: drafts.flatMap((draft) => draft.metrics), refused: refusals.length }).toEqual({
    kept: [metric],
    refused: 1,
  });
});

test("Drafts halves a message until it is one metric", () => {
  const drafts = new Drafts(PROMETHEUS_FORMAT);
  const { drafts: made } = drafts.plan(series(5), 5000);
  const [draft] = made;
  if (draft === undefined) throw new Error("no draft");
  const sizes = drafts.halves(draft).map((half) => half.metrics.length);
  expect(sizes).toEqual([3, 2]);
  const [single] = drafts.plan(series(1), 5000).drafts;
  expect(drafts.halves(single ?? draft)).toEqual([]);
});

test("JSON messages have numbers that JSON has not as texts", () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 63, 0.1];
  const metrics = values.map((value, index) => ({ name: "a", labels: { i: String(index) }, value }));
  const [draft] = new Drafts(JSON_FORMAT).plan(metrics, 5000).drafts;
  const text = decoder.decode(draft?.text(TIME_MS));
  expect(text).toContain('"value":9223372036854775808}');
  expect(JSON.parse(text)).toEqual(
    ["NaN", "+Inf", "-Inf", 2 ** 63, 0.1].map((value, index) => ({
      name: "a",
      labels: { i: String(index) },
      timestamp: TIME_MS,
      value,
    })),
  );
});

describe.skipIf(!(await requirement("promtool", preparePrometheus)))("promtool", () => {
  test("promtool reads every message by itself", async () => {
    const metrics = fc.sample(metric, { numRuns: 120, seed: 7 });
    const { drafts } = new Drafts(PROMETHEUS_FORMAT).plan(metrics, 600);
    expect(drafts.length).toBeGreaterThan(3);
    for (const draft of drafts) {
      const { ok, lintMessages } = await checkMetrics(decoder.decode(draft.text(TIME_MS)));
      expect({ ok, errors: lintMessages.filter((line) => line.startsWith("error")) }).toEqual({
        ok: true,
        errors: [],
      });
    }
  }, 60_000);
});

function countOf(metrics: readonly Metric[]): ReadonlyMap<Metric, number> {
  const counts = new Map<Metric, number>();
  for (const each of metrics) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

function samplesOf(format: string, text: Uint8Array): readonly string[] {
  const written = decoder.decode(text);
  if (format === "json") return (JSON.parse(written) as object[]).map((sample) => JSON.stringify(sample));
  return written.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

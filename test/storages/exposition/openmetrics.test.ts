/* What an independent parser makes of our OpenMetrics. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ROWS } from "../../../src/model/catalogue/rows.ts";
import type { Metric } from "../../../src/model/metric.ts";
import { Exposition } from "../../../src/storages/exposition/exposition.ts";
import { OpenMetricsSyntax } from "../../../src/storages/exposition/openmetrics.ts";
import {
  type OpenMetricsParser,
  prepareOpenMetricsParser,
  startOpenMetricsParser,
} from "../../support/openmetrics.ts";
import { requirement } from "../../support/requirement.ts";
import { anyLabelValue, anyValue, type MutableMetric, metric, seriesKey } from "./samples.ts";

const TIME_MS = 1_531_729_598_070;
/** Names that take each other's, and suffixes that mean something in OpenMetrics. */
const NAMES = ["a", "a_total", "a_created", "a_created_total", "a_total_total", "_total", "a_bytes_total"];
const MORE_NAMES = ["a_bytes", "a_info", "a_count", "a_sum", "a_bucket", "a:b", "task_cycles", "b_seconds"];

function rendererOf(timestamps = false) {
  const exposition = new Exposition({ timestamps, syntax: new OpenMetricsSyntax() });
  return {
    render: (metrics: readonly Metric[]) => new TextDecoder().decode(exposition.render(metrics, TIME_MS)),
    refused: () => new Set(exposition.refusals.map((refusal) => refusal.metric)),
  };
}

function anyMetric(): fc.Arbitrary<MutableMetric> {
  return fc.record(
    {
      name: fc.constantFrom(...NAMES, ...MORE_NAMES),
      value: anyValue(),
      labels: fc.dictionary(fc.constantFrom("l", "task_id", "z_9"), anyLabelValue(), { maxKeys: 2 }),
      type: fc.constantFrom("counter", "gauge"),
      help: anyLabelValue(),
      unit: fc.constantFrom("bytes", "seconds", "", "odd unit"),
    },
    { requiredKeys: ["name", "value", "labels"] },
  ) as fc.Arbitrary<MutableMetric>;
}

const available = await requirement("the OpenMetrics parser of Python", prepareOpenMetricsParser);

describe.skipIf(!available)("Exposition in OpenMetrics", () => {
  let parser: OpenMetricsParser;
  beforeAll(async () => {
    parser = await startOpenMetricsParser();
  });
  afterAll(async () => {
    await parser?.[Symbol.asyncDispose]();
  });

  async function samplesOf(text: string): Promise<Readonly<Record<string, string>>> {
    const samples = (await parser.parse(text)).flatMap((family) => family.samples);
    return Object.fromEntries(
      samples.map(([name, labels, value]) => [seriesKey({ name, labels }), String(value)]),
    );
  }

  /** As Python prints what is not finite. */
  function textOf(value: number): string {
    if (Number.isFinite(value)) return String(value + 0);
    return String(value).toLowerCase().replace("infinity", "inf");
  }

  function expected(metrics: readonly Metric[], refused: ReadonlySet<Metric>) {
    const kept = metrics.filter((one) => !refused.has(one));
    return Object.fromEntries(
      kept.map(({ name, labels, value }) => {
        const wellFormed = Object.entries(labels).map(([label, text]) => [label, text.toWellFormed()]);
        return [seriesKey({ name, labels: Object.fromEntries(wellFormed) }), textOf(value)];
      }),
    );
  }

  test("is read back with every series and value, also when values change", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyMetric(), { maxLength: 12 }),
        fc.array(anyValue(), { minLength: 12, maxLength: 12 }),
        async (metrics, later) => {
          const { render, refused } = rendererOf();
          expect(await samplesOf(render(metrics))).toEqual(expected(metrics, refused()));
          for (const [index, one] of metrics.entries()) one.value = later[index] ?? 0;
          expect(await samplesOf(render(metrics))).toEqual(expected(metrics, refused()));
        },
      ),
      { numRuns: 300 },
    );
  }, 120_000);

  test("has the whole catalogue with types, units and help", async () => {
    const metrics = Object.entries(ROWS).map(([name, { help, type, unit, labels }], index) =>
      metric(name, index + 0.5, {
        help,
        type,
        ...(unit === undefined ? {} : { unit }),
        labels: Object.fromEntries(labels.map((label) => [label, "x"])),
      }),
    );
    const { render, refused } = rendererOf(true);
    const families = await parser.parse(render(metrics));
    expect(refused().size).toBe(0);
    expect(families.map(({ samples }) => samples[0]?.[0]).sort()).toEqual(Object.keys(ROWS).sort());
    for (const { name, type, unit, help, samples } of families) {
      const [sample, , , time] = samples[0] ?? [""];
      const row = ROWS[sample as keyof typeof ROWS];
      const isCounter = row.type === "counter" && sample.endsWith("_total");
      const family = isCounter ? sample.slice(0, -"_total".length) : sample;
      expect([sample, name, type, help, Number(time)]).toEqual([
        sample,
        family,
        isCounter ? "counter" : row.type === "counter" ? "unknown" : "gauge",
        row.help,
        TIME_MS / 1000,
      ]);
      expect(unit === "" || family.endsWith(`_${unit}`)).toBe(true);
    }
    expect(families.filter(({ type }) => type === "counter").length).toBeGreaterThan(10);
    expect(families.filter(({ unit }) => unit !== "").length).toBeGreaterThan(10);
  });

  test("the parser does not take everything", async () => {
    await expect(parser.parse("a 1\n")).rejects.toThrow("EOF");
    await expect(parser.parse("# TYPE a counter\na 1\n# EOF\n")).rejects.toThrow();
  });
});

/* What Prometheus' own programs make of our text. */
import { describe, expect, test } from "bun:test";
import { ROWS } from "../../../src/model/catalogue/rows.ts";
import type { Metric } from "../../../src/model/metric.ts";
import { Exposition, type ExpositionOptions } from "../../../src/storages/exposition/exposition.ts";
import { checkMetrics, preparePrometheus, textfileCollector } from "../../support/prometheus.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";
import { metric, parse, type Sample, seriesKey } from "./samples.ts";

function render(metrics: readonly Metric[], options: ExpositionOptions = { timestamps: false }): string {
  return new TextDecoder().decode(new Exposition(options).render(metrics, 1531729598000));
}

const prometheus = await requirement("promtool and the node exporter", preparePrometheus);

describe.skipIf(!prometheus)("render() gives what Prometheus' own programs read:", () => {
  const values = [
    0,
    -0,
    1,
    -1,
    8.223,
    1e-7,
    2 ** 53,
    2 ** 63 - 4096,
    1e21,
    5e-324,
    1.7976931348623157e308,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  const texts = [
    "",
    " ",
    "1",
    "b",
    "ü 数 \u{1f600}",
    'a"b',
    "a\\b",
    "a\\nb",
    "a\nb",
    "\r",
    "\t",
    "\u0000",
    "\u0085",
    "\u2028",
    "{}",
    'a,b="c"',
    "#",
    "\ud800",
  ];
  const odd = [
    ...values.map((value, v) =>
      metric("odd_value", value, { labels: { v: String(v) }, type: "gauge", help: "Values." }),
    ),
    ...texts.map((text, value) =>
      metric("odd_label", value, { labels: { t: text, z_9: text }, type: "gauge", help: 'q " \\ \n é' }),
    ),
    metric("no_help", 1, { type: "counter" }),
    metric("no_type", 1, { help: "No type." }),
    metric("nothing:known_", 1),
    metric("empty_help", 1, { help: "" }),
  ];
  const catalogue = Object.entries(ROWS).flatMap(([name, { help, type, labels }], index) =>
    ["a", "10", "9"].map((level) =>
      metric(name, index + 0.5, {
        help,
        type,
        labels: { task_id: level, ...Object.fromEntries(labels.map((label) => [label, level])) },
      }),
    ),
  );
  const batches = { odd, catalogue, everything: [...odd, ...catalogue], empty: [] };

  test.each(Object.entries(batches))("promtool parses %s", async (_, metrics) => {
    for (const options of [{ timestamps: false }, { timestamps: true }]) {
      const { ok, lintMessages } = await checkMetrics(render(metrics, options));
      expect({ ok, errors: lintMessages.filter((line) => line.startsWith("error")) }).toEqual({
        ok: true,
        errors: [],
      });
    }
  });

  test.each(Object.entries(batches))(
    "the textfile collector takes %s with equal values",
    async (_, metrics) => {
      using tree = tempTree({ "wca.prom": render(metrics) });
      const { samples, scrapeError, errors } = await textfileCollector(tree.root);
      expect({ scrapeError, errors }).toEqual({ scrapeError: 0, errors: [] });
      const read = Object.entries(samples).map(([series, value]) => [
        seriesKey(parse(`${series} 0`)[0] as Sample),
        value,
      ]);
      expect(Object.fromEntries(read)).toEqual(
        Object.fromEntries(
          metrics.map((one) => [
            seriesKey({
              name: one.name,
              labels: Object.fromEntries(Object.entries(one.labels).map(([k, v]) => [k, v.toWellFormed()])),
            }),
            // It prints +Inf and -Inf, which the test support reads as NaN.
            Number.isFinite(one.value) ? one.value + 0 : Number.NaN,
          ]),
        ),
      );
    },
  );
});

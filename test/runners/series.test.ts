import { describe, expect, test } from "bun:test";
import { Catalogue } from "../../src/model/catalogue.ts";
import type { Measurements, Metric } from "../../src/model/metric.ts";
import type { Labels } from "../../src/model/task.ts";
import { type MetricNames, Series } from "../../src/runners/series.ts";

const catalogue = new Catalogue();
const PAGES = {
  type: "gauge",
  help: catalogue.get("task_mem_numa_pages")?.help,
  unit: "pages",
} as const;

function seriesOf(labels: Labels = {}, commonLabels: Labels = {}, metricNames: MetricNames = "current") {
  return new Series(labels, commonLabels, { catalogue, metricNames });
}

function metricsOf(series: Series): readonly Metric[] {
  const metrics: Metric[] = [];
  series.collect(metrics);
  return metrics;
}

/** What has to be equal; type, help and unit hang on the name. */
function shortOf(series: Series): readonly (readonly [string, Labels, number])[] {
  return metricsOf(series).map(({ name, labels, value }) => [name, labels, value]);
}

describe("Series", () => {
  test("makes a metric of each leaf, with the labels of its levels and what the catalogue knows", () => {
    const series = seriesOf({ task_id: "t" }, { host: "h" });
    expect(series.update({ task_mem_numa_pages: { 0: 5, 1: 7 }, own: 3 })).toBe(true);
    expect(metricsOf(series)).toEqual([
      {
        name: "task_mem_numa_pages",
        labels: { task_id: "t", numa_node: "0", host: "h" },
        value: 5,
        ...PAGES,
      } as Metric,
      {
        name: "task_mem_numa_pages",
        labels: { task_id: "t", numa_node: "1", host: "h" },
        value: 7,
        ...PAGES,
      } as Metric,
      { name: "own", labels: { task_id: "t", host: "h" }, value: 3 },
    ]);
  });

  test("keeps the objects and replaces the values when the keys are the same", () => {
    const series = seriesOf();
    series.update({ task_up: 1, task_mem_numa_pages: { 0: 5, 1: 7 } });
    const before = metricsOf(series);
    expect(series.update({ task_up: 2, task_mem_numa_pages: { 0: 6, 1: 8 } })).toBe(false);
    const after = metricsOf(series);
    expect(after.map(({ value }) => value)).toEqual([2, 6, 8]);
    expect(after.map((metric, index) => metric === before[index])).toEqual([true, true, true]);
  });

  const changes: readonly { what: string; from: Measurements; to: Measurements; kept: number }[] = [
    { what: "a metric comes in front", from: { b: 1 }, to: { a: 2, b: 3 }, kept: 1 },
    { what: "a metric goes", from: { a: 1, b: 1 }, to: { b: 3 }, kept: 1 },
    { what: "all go", from: { a: 1 }, to: {}, kept: 0 },
    { what: "metrics change places", from: { a: 1, b: 2 }, to: { b: 3, a: 4 }, kept: 2 },
    { what: "a level key comes", from: { a: { x: 1 } }, to: { a: { w: 5, x: 2 } }, kept: 1 },
    { what: "a level key goes", from: { a: { x: 1, y: 2 } }, to: { a: { y: 4 } }, kept: 1 },
    { what: "a level key changes", from: { a: { x: 1 } }, to: { a: { y: 1 } }, kept: 0 },
    { what: "a number becomes levels", from: { a: 1 }, to: { a: { x: 2 } }, kept: 0 },
    { what: "levels become a number", from: { a: { x: 2 } }, to: { a: 1 }, kept: 0 },
    { what: "a deep key comes", from: { a: { x: { p: 1 } } }, to: { a: { x: { p: 2, q: 3 } } }, kept: 1 },
    { what: "levels become empty", from: { a: { x: 1 }, b: 1 }, to: { a: {}, b: 2 }, kept: 1 },
  ];
  for (const { what, from, to, kept } of changes) {
    test(`update() tells that series came or went, and keeps the rest: ${what}`, () => {
      const series = seriesOf();
      series.update(from);
      const before = new Set(metricsOf(series));
      expect(series.update(to)).toBe(true);
      const fresh = seriesOf();
      fresh.update(to);
      expect(metricsOf(series)).toEqual(metricsOf(fresh) as Metric[]);
      expect(metricsOf(series).filter((metric) => before.has(metric)).length).toBe(kept);
    });
  }

  test("gives a series that went and came back a new object", () => {
    const series = seriesOf();
    series.update({ a: 1 });
    const [before] = metricsOf(series);
    series.update({});
    series.update({ a: 2 });
    expect(metricsOf(series)).toEqual([{ name: "a", labels: {}, value: 2 }]);
    expect(before).toEqual({ name: "a", labels: {}, value: 1 });
  });

  test("lets common labels win over own labels and those of levels, levels over own ones", () => {
    const series = seriesOf({ host: "own", numa_node: "own", task_id: "t" }, { host: "common" });
    series.update({ task_mem_numa_pages: { 0: 1 } });
    expect(shortOf(series)).toEqual([
      ["task_mem_numa_pages", { host: "common", numa_node: "0", task_id: "t" }, 1],
    ]);
    const strong = seriesOf({ task_id: "t" }, { numa_node: "common" });
    strong.update({ task_mem_numa_pages: { 0: 1 } });
    expect(shortOf(strong)).toEqual([["task_mem_numa_pages", { numa_node: "common", task_id: "t" }, 1]]);
  });

  test("names levels by their depth where the catalogue has no label for them", () => {
    const series = seriesOf();
    series.update({ unknown: { a: { b: 1 } }, task_up: { c: 2 }, task_mem_numa_pages: { 0: { d: 3 } } });
    expect(shortOf(series)).toEqual([
      ["unknown", { level1: "a", level2: "b" }, 1],
      ["task_up", { level1: "c" }, 2],
      ["task_mem_numa_pages", { numa_node: "0", level2: "d" }, 3],
    ]);
  });

  test("takes keys that every object has for names like others", () => {
    const series = seriesOf();
    const measurements = { constructor: 1, toString: { valueOf: 2, hasOwnProperty: 3 } };
    expect(series.update(measurements)).toBe(true);
    expect(series.update(measurements)).toBe(false);
    expect(shortOf(series)).toEqual([
      ["constructor", {}, 1],
      ["toString", { level1: "valueOf" }, 2],
      ["toString", { level1: "hasOwnProperty" }, 3],
    ]);
  });

  test("gives the tutorial's names where those differ, type, help and unit stay", () => {
    const current = seriesOf();
    const classic = seriesOf({}, {}, "classic");
    const measurements = { task_mem_usage_bytes: 1, platform_cpu_usage: { 0: 2 }, task_up: 1, own: 4 };
    current.update(measurements);
    classic.update(measurements);
    expect(metricsOf(classic).map(({ name }) => name)).toEqual([
      "memory_usage",
      "cpu_usage_per_cpu",
      "task_up",
      "own",
    ]);
    expect(metricsOf(classic).map((metric) => ({ ...metric, name: "" }))).toEqual(
      metricsOf(current).map((metric) => ({ ...metric, name: "" })),
    );
  });
});

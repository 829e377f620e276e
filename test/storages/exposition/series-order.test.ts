import { expect, test } from "bun:test";
import type { Metric } from "../../../src/model/metric.ts";
import { SeriesOrder } from "../../../src/storages/exposition/series-order.ts";
import { metric } from "./samples.ts";

function lines(order: SeriesOrder, metrics: readonly Metric[]): readonly string[] {
  return order
    .families(metrics)
    .flatMap(({ name, series }) =>
      series.map(({ metric, labelsText }) => `${name}${labelsText} ${metric.value}`),
    );
}

test("families() sorts names by bytes and series by their labels", () => {
  const metrics = [
    metric("b", 1),
    metric("a_total", 2, { labels: { cpu: "10" } }),
    metric("a", 3),
    metric("a_total", 4, { labels: { cpu: "x" } }),
    metric("a_total", 5, { labels: { cpu: "9" } }),
    metric("B", 6),
  ];
  const wanted = ["B 6", "a 3", 'a_total{cpu="9"} 5', 'a_total{cpu="10"} 2', 'a_total{cpu="x"} 4', "b 1"];
  expect(lines(new SeriesOrder(undefined), metrics)).toEqual(wanted);
});

test("families() orders by all labels when only some are written", () => {
  const metrics = [
    metric("a", 1, { labels: { x: "2", y: "k" } }),
    metric("a", 2, { labels: { x: "1", y: "k" } }),
  ];
  expect(lines(new SeriesOrder(["y"]), metrics)).toEqual(['a{y="k"} 2', 'a{y="k"} 1']);
});

test("families() merges series that came and forgets those that went", () => {
  const order = new SeriesOrder(undefined);
  const all = ["1", "2", "3", "4", "5"].map((cpu) => metric("a", Number(cpu), { labels: { cpu } }));
  function values(...indexes: number[]): readonly number[] {
    const batch = indexes.map((index) => all[index] as Metric);
    return order.families(batch).flatMap(({ series }) => series.map((one) => one.metric.value));
  }
  expect(values(3, 1)).toEqual([2, 4]);
  expect(values(4, 3, 2, 1, 0)).toEqual([1, 2, 3, 4, 5]);
  expect(values(0, 2)).toEqual([1, 3]);
  expect(values()).toEqual([]);
  expect(values(1, 0)).toEqual([1, 2]);
});

test("families() keeps the same series in the order of the batch, whatever it knew before", () => {
  const order = new SeriesOrder(undefined);
  const [a, b, c] = [1, 2, 3].map((value) => metric("a", value, { labels: { cpu: "1" } })) as [
    Metric,
    Metric,
    Metric,
  ];
  expect(lines(order, [a, b])).toEqual(['a{cpu="1"} 1', 'a{cpu="1"} 2']);
  expect(lines(order, [b, a])).toEqual(['a{cpu="1"} 2', 'a{cpu="1"} 1']);
  expect(lines(order, [c, b, a])).toEqual(['a{cpu="1"} 3', 'a{cpu="1"} 2', 'a{cpu="1"} 1']);
});

import { expect, test } from "bun:test";
import type { Metric } from "../../src/model/metric.ts";
import { KeptMetrics } from "../../src/runners/kept-metrics.ts";

function metric(name: string, value: number, labels: Metric["labels"] = {}): Metric {
  return { name, value, labels };
}

test("KeptMetrics gives the same series the same object, and the same array", () => {
  const kept = new KeptMetrics();
  const first = kept.update([metric("a", 1, { x: "1", y: "2" }), metric("b", 2)]);
  const [a, b] = first;
  const second = kept.update([metric("a", 3, { y: "2", x: "1" }), metric("b", 4)]);
  expect(second).toBe(first);
  expect([second[0], second[1]]).toEqual([metric("a", 3, { x: "1", y: "2" }), metric("b", 4)]);
  const third = kept.update([metric("b", 5), metric("a", 6, { x: "other" })]);
  expect(third).not.toBe(first);
  expect(third[0]).toBe(b as Metric);
  expect(third[1]).not.toBe(a as Metric);
  expect(third.map(({ value }) => value)).toEqual([5, 6]);
});

test("KeptMetrics keeps two of the same series apart", () => {
  const kept = new KeptMetrics();
  kept.update([metric("a", 1)]);
  const metrics = kept.update([metric("a", 1), metric("a", 2)]);
  expect(metrics.map(({ value }) => value)).toEqual([1, 2]);
});

test("KeptMetrics takes another type or help for another series", () => {
  const kept = new KeptMetrics();
  const [first] = kept.update([{ ...metric("a", 1), help: "x" }]);
  const [second] = kept.update([{ ...metric("a", 1), help: "y" }]);
  expect(second).not.toBe(first as Metric);
  expect([first?.help, second?.help]).toEqual(["x", "y"]);
});

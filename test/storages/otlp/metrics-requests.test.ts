import { expect, test } from "bun:test";
import type { Metric } from "../../../src/model/metric.ts";
import { MetricsRequests } from "../../../src/storages/otlp/metrics-requests.ts";

function counters(prefix: string, count: number): Metric[] {
  return Array.from({ length: count }, (_, i) => ({
    name: "c_total",
    value: 1,
    type: "counter",
    labels: { task_id: `${prefix}-${i}` },
  }));
}

function startOf(requests: MetricsRequests, metrics: readonly Metric[], timeMs: number): string | undefined {
  const text = requests.of(metrics, timeMs)[0]?.text(timeMs) ?? "";
  return /"startTimeUnixNano":"(\d+)000000"/.exec(text)?.[1];
}

test("MetricsRequests remembers series for less long when every batch has 30,000 others", () => {
  const requests = new MetricsRequests({ resourceAttributes: {}, version: "1", maxDataPoints: 1 });
  const [first, task] = [counters("first", 1), counters("task", 1)];
  expect(startOf(requests, first, 1000)).toBe("1000");
  for (let batch = 1; batch <= 6; batch++) {
    startOf(requests, [...task, ...counters(`${batch}`, 30_000)], batch * 60_000);
  }
  // The one that is in each batch was never forgotten, under another object neither.
  expect(startOf(requests, counters("task", 1), 361_000)).toBe("60000");
  expect(startOf(requests, first, 362_000)).toBe("362000");
});

test("MetricsRequests remembers series for ten minutes when they are few", () => {
  const requests = new MetricsRequests({ resourceAttributes: {}, version: "1", maxDataPoints: 1 });
  const first = counters("first", 1);
  expect(startOf(requests, first, 1000)).toBe("1000");
  for (let batch = 1; batch <= 6; batch++) requests.of(counters(`${batch}`, 10), batch * 60_000);
  expect(startOf(requests, first, 362_000)).toBe("1000");
});

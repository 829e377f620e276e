/* Faults of a real collector, behind the agent's real queue: every data point arrives once or is counted. */
import { describe, expect, test } from "bun:test";
import type { Deliveries, Outlet } from "../../../src/model/delivery.ts";
import { eventually, OtelCollector, prepareOtelCollector } from "../../support/otel-collector.ts";
import { requirement } from "../../support/requirement.ts";
import { type MutableMetric, metric } from "../exposition/samples.ts";
import { makeStorage } from "./make-storage.ts";

const SERIES = 30;
const MINUTE = 60_000;

/** A runner of rounds, with books on what it offered and what came of it. */
class Rounds {
  readonly #collector: OtelCollector;
  readonly #deliveries: Deliveries;
  readonly #outlet: Outlet;
  readonly #metrics: MutableMetric[] = Array.from({ length: SERIES }, (_, i) =>
    metric(`m${i % 5}`, 0, { labels: { i: String(i) }, type: i % 5 === 0 ? "counter" : "gauge" }),
  );
  #rounds = 0;

  constructor(
    collector: OtelCollector,
    options: { readonly timeout?: number; readonly max_queued_batches?: number },
  ) {
    const { storage, context } = makeStorage({
      url: collector.url,
      timeout: 5,
      // Three requests for a round, so that a fault may come between them.
      max_data_points_per_request: SERIES / 3,
      ...options,
    });
    this.#collector = collector;
    this.#deliveries = context.deliveries;
    this.#outlet = this.#deliveries.to(storage);
  }

  offer(rounds: number): void {
    for (let i = 0; i < rounds; i++) {
      this.#rounds++;
      // Values tell the round, as times do: a value under the time of another round would be seen.
      for (const metric of this.#metrics) metric.value = this.#rounds;
      this.#outlet.offer(this.#metrics, this.#rounds * 1000);
    }
  }

  /** Deliveries that failed so far. */
  get failures(): number {
    return this.#own("wca_component_failures_total");
  }

  /** Waits until nothing is on its way any more. */
  async settled(): Promise<void> {
    await eventually("all is delivered or dropped", () => this.#own("wca_metrics_queued") === 0);
  }

  /** Ends, and draws up the balance. */
  async close(): Promise<Balance> {
    await this.settled();
    await this.#deliveries.settle(0);
    const points = this.#collector.points();
    for (const { time, value } of points) expect(time).toBe(`${value * 1000}000000`);
    const series = points.map(({ name, attributes, time }) => `${name} ${attributes["i"]} ${time}`);
    const once = new Set(series).size;
    // What comes twice is the same to the letter, so that a receiver can tell.
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(once);
    return {
      offered: this.#own("wca_metrics_offered_total"),
      delivered: this.#own("wca_metrics_delivered_total"),
      dropped: this.#own("wca_metrics_dropped_total"),
      once,
      twice: series.length - once,
    };
  }

  /** The agent's own metric about the storage. */
  #own(name: string): number {
    const byStorage = this.#deliveries.measurements()[name] as Readonly<Record<string, number>>;
    return byStorage["OtlpStorage"] ?? Number.NaN;
  }
}

interface Balance {
  readonly offered: number;
  /** By the agent's own metrics. */
  readonly delivered: number;
  readonly dropped: number;
  /** Data points that arrived, each counted once. */
  readonly once: number;
  /** Further arrivals of these. */
  readonly twice: number;
}

const met = await requirement("an OpenTelemetry collector", prepareOtelCollector);

describe.skipIf(!met)("OtlpStorage behind its queue", () => {
  test(
    "delivers everything once to a collector that starts later",
    async () => {
      await using collector = await OtelCollector.make();
      const rounds = new Rounds(collector, {});
      rounds.offer(20);
      await collector.start();
      rounds.offer(5);
      const all = 25 * SERIES;
      expect(await rounds.close()).toEqual({ offered: all, delivered: all, dropped: 0, once: all, twice: 0 });
    },
    2 * MINUTE,
  );

  test(
    "delivers everything to a collector that is killed and comes back, again and again",
    async () => {
      await using collector = await OtelCollector.start();
      const rounds = new Rounds(collector, {});
      for (let kill = 1; kill <= 3; kill++) {
        const before = collector.points().length;
        rounds.offer(10);
        await eventually("something of this arrived", () => collector.points().length > before);
        await collector.kill();
        rounds.offer(5);
        await collector.start();
        await rounds.settled();
      }
      const all = 45 * SERIES;
      const balance = await rounds.close();
      expect(balance).toEqual({ offered: all, delivered: all, dropped: 0, once: all, twice: balance.twice });
      // At each kill one request may have been taken without an answer.
      expect(balance.twice).toBeLessThanOrEqual((3 * SERIES) / 3);
    },
    3 * MINUTE,
  );

  test(
    "delivers everything to a collector that stands still for longer than the time-out",
    async () => {
      await using collector = await OtelCollector.start();
      const rounds = new Rounds(collector, { timeout: 0.5 });
      rounds.offer(3);
      await rounds.settled();
      collector.pause();
      rounds.offer(10);
      await eventually("two requests got no answer", () => rounds.failures >= 2);
      collector.resume();
      const all = 13 * SERIES;
      await rounds.settled();
      const { failures } = rounds;
      const balance = await rounds.close();
      expect(balance).toEqual({ offered: all, delivered: all, dropped: 0, once: all, twice: balance.twice });
      // Each request that was late was taken all the same when the collector went on.
      expect(balance.twice).toBeLessThanOrEqual((failures * SERIES) / 3);
    },
    2 * MINUTE,
  );

  test(
    "delivers everything once to a collector that refuses for a while",
    async () => {
      await using collector = await OtelCollector.start();
      const rounds = new Rounds(collector, {});
      rounds.offer(3);
      await rounds.settled();
      collector.refuse("temporary");
      rounds.offer(10);
      await eventually("it was refused twice", () => rounds.failures >= 2);
      collector.accept();
      const all = 13 * SERIES;
      expect(await rounds.close()).toEqual({ offered: all, delivered: all, dropped: 0, once: all, twice: 0 });
    },
    2 * MINUTE,
  );

  test(
    "counts as dropped what a collector refuses for good",
    async () => {
      await using collector = await OtelCollector.start();
      const rounds = new Rounds(collector, {});
      rounds.offer(3);
      await rounds.settled();
      collector.refuse("permanent");
      rounds.offer(10);
      await rounds.settled();
      collector.accept();
      rounds.offer(2);
      expect(await rounds.close()).toEqual({
        offered: 15 * SERIES,
        delivered: 5 * SERIES,
        dropped: 10 * SERIES,
        once: 5 * SERIES,
        twice: 0,
      });
    },
    2 * MINUTE,
  );

  test(
    "drops the oldest when too many batches wait, and counts them",
    async () => {
      await using collector = await OtelCollector.start();
      const rounds = new Rounds(collector, { max_queued_batches: 4 });
      await collector.kill();
      rounds.offer(20);
      await collector.start();
      // One is being tried, four wait.
      expect(await rounds.close()).toEqual({
        offered: 20 * SERIES,
        delivered: 5 * SERIES,
        dropped: 15 * SERIES,
        once: 5 * SERIES,
        twice: 0,
      });
    },
    2 * MINUTE,
  );
});

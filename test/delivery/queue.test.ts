import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DeliveryQueue } from "../../src/delivery/queue.ts";
import type { Batch, StorageTraits } from "../../src/model/delivery.ts";
import { FailedDeliveryError } from "../../src/model/errors.ts";
import type { Metric } from "../../src/model/metric.ts";
import { Storage } from "../../src/model/roles.ts";
import { testContext } from "../support/context.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { tempTree } from "../support/tree.ts";

type Sample = { -readonly [Key in keyof Metric]: Metric[Key] };

interface Call {
  readonly metrics: readonly Metric[];
  readonly values: readonly number[];
  readonly batch: Batch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Its calls end when the test says so; at once with `atOnce`. */
class Manual extends Storage implements StorageTraits {
  readonly calls: Call[] = [];
  atOnce: (() => void) | undefined;
  maxQueuedBatches = 60;
  droppedMetrics = 0;

  override store(metrics: readonly Metric[], batch: Batch): void | Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.calls.push({ metrics, values: metrics.map(({ value }) => value), batch, resolve, reject });
    if (this.atOnce !== undefined) return this.atOnce();
    return promise;
  }

  get last(): Call {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error("Cannot tell the last call: there was none");
    return call;
  }
}

/** As libraries with promises of their own have them. */
class ForeignPromise {
  resolve = (): void => {};
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  then(resolve: () => void): void {
    this.resolve = resolve;
  }
}

function samples(...values: readonly number[]): Sample[] {
  return values.map((value, index) => ({ name: `m${index}`, value, labels: {} }));
}

function queueOf() {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  const storage = new Manual();
  const queue = new DeliveryQueue({ storage, name: "Manual", log });
  const counts = () => ({
    offered: queue.health.offered,
    delivered: queue.health.delivered,
    dropped: queue.dropped,
    queued: queue.queued,
  });
  return { storage, queue, counts, logged: () => logged.filter(([level]) => level !== "debug") };
}

/** Lets promises of the call that just ended go on. */
const turn = () => Promise.resolve().then(() => {});

describe("DeliveryQueue offer()", () => {
  test("hands a batch to an idle storage at once, with its time", () => {
    const { storage, queue, counts } = queueOf();
    storage.atOnce = () => {};
    queue.offer(samples(1, 2), 1500);
    expect(storage.last).toMatchObject({ values: [1, 2], batch: { timeMs: 1500, attempt: 1 } });
    expect(counts()).toEqual({ offered: 2, delivered: 2, dropped: 0, queued: 0 });
  });

  test("gives the same array and objects for the same series, and objects of its own", () => {
    const { storage, queue } = queueOf();
    storage.atOnce = () => {};
    const metrics = samples(1, 2);
    queue.offer(metrics, 0);
    const [first] = storage.calls;
    (metrics[0] as Sample).value = 7;
    expect(first?.metrics[0]?.value).toBe(1);
    queue.offer(metrics, 1);
    expect(storage.last.metrics).toBe(first?.metrics as readonly Metric[]);
    expect(storage.last.values).toEqual([7, 2]);
    queue.offer([...metrics, ...samples(3)], 2);
    expect(storage.last.metrics.slice(0, 2)).toEqual(first?.metrics.slice() ?? []);
    expect(storage.last.metrics[1]).toBe(first?.metrics[1] as Metric);
  });

  test("keeps what comes while the storage is busy, with the values and the time that it had", async () => {
    const { storage, queue, counts } = queueOf();
    const metrics = samples(1);
    for (const value of [1, 2, 3]) {
      (metrics[0] as Sample).value = value;
      queue.offer(metrics, value * 1000);
    }
    expect(storage.calls.length).toBe(1);
    expect(storage.last.metrics[0]?.value).toBe(1);
    expect(counts()).toEqual({ offered: 3, delivered: 0, dropped: 0, queued: 3 });
    for (const value of [1, 2, 3]) {
      expect(storage.last).toMatchObject({ values: [value], batch: { timeMs: value * 1000, attempt: 1 } });
      storage.last.resolve();
      await turn();
    }
    expect(counts()).toEqual({ offered: 3, delivered: 3, dropped: 0, queued: 0 });
  });

  test("keeps a value that is no number as it is, for the storage to refuse", async () => {
    const { storage, queue } = queueOf();
    queue.offer(samples(0), 0);
    const odd = { name: "odd", labels: {}, value: "seven" as unknown as number };
    queue.offer([odd, ...samples(1)], 0);
    storage.last.resolve();
    await turn();
    expect(storage.last.values).toEqual(["seven" as unknown as number, 1]);
  });

  test("drops the oldest that wait beyond the limit, counts them and says so once until it works again", async () => {
    const { storage, queue, counts, logged } = queueOf();
    storage.maxQueuedBatches = 2;
    for (const value of [1, 2, 3, 4, 5]) queue.offer(samples(value, value), value);
    expect(counts()).toEqual({ offered: 10, delivered: 0, dropped: 4, queued: 6 });
    expect(logged()).toEqual([
      [
        "error",
        "Manual: 2 batches wait already, the oldest are dropped and counted in wca_metrics_dropped_total",
      ],
    ]);
    for (const value of [1, 4, 5]) {
      expect(storage.last.values).toEqual([value, value]);
      storage.last.resolve();
      await turn();
    }
    expect(counts()).toEqual({ offered: 10, delivered: 6, dropped: 4, queued: 0 });
  });

  test("drops and counts what failed for good, says each reason once, and goes on with the next", async () => {
    const { storage, queue, counts, logged } = queueOf();
    for (const _ of [1, 2, 3]) {
      queue.offer(samples(1, 2), 0);
      storage.last.reject(new FailedDeliveryError("Cannot send: refused"));
      await turn();
    }
    expect(counts()).toEqual({ offered: 6, delivered: 0, dropped: 6, queued: 0 });
    expect(queue.health.failures).toBe(3);
    queue.offer(samples(1), 0);
    storage.last.resolve();
    await turn();
    expect(logged()).toEqual([
      [
        "error",
        "Manual failed: Cannot send: refused; these metrics are dropped; others go on, repetitions are counted",
      ],
      ["info", expect.stringMatching(/^Manual works again after \d+ s, 6 metrics were dropped$/)],
    ]);
  });

  for (const [what, thrown] of [
    ["an error of another class", new RangeError("odd")],
    ["something that is no error", "odd"],
  ] as const) {
    test(`drops and counts after ${what}`, () => {
      const { storage, queue, counts, logged } = queueOf();
      storage.atOnce = () => {
        throw thrown;
      };
      queue.offer(samples(1), 0);
      expect(counts()).toEqual({ offered: 1, delivered: 0, dropped: 1, queued: 0 });
      expect(logged()[0]?.[1]).toStartWith("Manual failed: odd; ");
    });
  }

  test("counts what the storage left out as dropped, not as delivered", async () => {
    const { storage, queue, counts } = queueOf();
    queue.offer(samples(1, 2, 3), 0);
    storage.droppedMetrics = 1;
    storage.last.resolve();
    await turn();
    expect(counts()).toEqual({ offered: 3, delivered: 2, dropped: 1, queued: 0 });
  });

  test("tries the undelivered part again first, unchanged, after 1, 2, 4 … 30 s", async () => {
    using clock = fakeClock();
    const { storage, queue, counts } = queueOf();
    const metrics = samples(1, 2, 3);
    queue.offer(metrics, 1000);
    const [, ...undelivered] = storage.last.metrics;
    storage.last.reject(new FailedDeliveryError("away", { undelivered }));
    await turn();
    for (const metric of metrics) metric.value = 9;
    queue.offer(metrics, 2000);
    expect(counts()).toEqual({ offered: 6, delivered: 1, dropped: 0, queued: 5 });
    for (const [failure, secs] of [1, 2, 4, 8, 16, 30, 30].entries()) {
      await clock.pass(secs * 800 - 1);
      expect(storage.calls.length).toBe(failure + 1);
      await clock.pass(secs * 200 + 1);
      expect(storage.last.metrics).toBe(undelivered);
      expect(storage.last).toMatchObject({ values: [2, 3], batch: { timeMs: 1000, attempt: failure + 2 } });
      storage.last.reject(new FailedDeliveryError("away", { undelivered }));
      await turn();
    }
    await clock.pass(30_000);
    storage.last.resolve();
    await turn();
    expect(storage.last).toMatchObject({ values: [9, 9, 9], batch: { timeMs: 2000, attempt: 1 } });
    storage.last.resolve();
    await turn();
    expect(counts()).toEqual({ offered: 6, delivered: 6, dropped: 0, queued: 0 });
  });

  test("waits as long as the receiver asks, but not for ever", async () => {
    using clock = fakeClock();
    const { storage, queue } = queueOf();
    queue.offer(samples(1), 0);
    for (const [retryAfterSecs, waited] of [
      [7, 7],
      [0, 0],
      [1e9, 300],
    ] as const) {
      const before = storage.calls.length;
      storage.last.reject(
        new FailedDeliveryError("busy", { undelivered: storage.last.metrics, retryAfterSecs }),
      );
      await turn();
      if (waited > 0) {
        await clock.pass(waited * 1000 - 1);
        expect(storage.calls.length).toBe(before);
      }
      await clock.pass(1);
      expect(storage.calls.length).toBe(before + 1);
    }
  });

  test("says once that a storage hangs", async () => {
    using clock = fakeClock();
    const { storage, queue, logged } = queueOf();
    for (const _ of [1, 2, 3, 4]) {
      queue.offer(samples(1), 0);
      await clock.pass(4000);
    }
    expect(storage.calls.length).toBe(1);
    expect(logged()).toEqual([
      ["error", "Manual failed: not done within 5 s; newer metrics wait, others go on"],
    ]);
  });

  test("takes promises that are not of this realm", async () => {
    const { storage, queue, counts } = queueOf();
    const foreign = new ForeignPromise();
    storage.atOnce = () => foreign as unknown as undefined;
    queue.offer(samples(1), 0);
    expect(counts().queued).toBe(1);
    foreign.resolve();
    expect(counts()).toEqual({ offered: 1, delivered: 1, dropped: 0, queued: 0 });
  });
});

describe("DeliveryQueue close()", () => {
  test("waits for what is under way and queued, and trying again does not wait", async () => {
    const { storage, queue, counts, logged } = queueOf();
    queue.offer(samples(1), 0);
    queue.offer(samples(2), 0);
    storage.last.reject(new FailedDeliveryError("away", { undelivered: storage.last.metrics }));
    await turn();
    const closing = queue.close(60_000);
    expect(storage.calls.length).toBe(2);
    storage.last.resolve();
    await turn();
    storage.last.resolve();
    await closing;
    expect(counts()).toEqual({ offered: 2, delivered: 2, dropped: 0, queued: 0 });
    expect(logged().at(-1)).toEqual(["info", "Manual: 2 metrics taken, 2 delivered, 0 dropped"]);
  });

  test("drops and counts what is left when the time is over, and takes nothing any more", async () => {
    const { storage, queue, counts, logged } = queueOf();
    queue.offer(samples(1, 2), 0);
    queue.offer(samples(1, 2), 0);
    await queue.close(1);
    queue.offer(samples(3), 0);
    storage.last.resolve();
    await turn();
    expect(storage.calls.length).toBe(1);
    expect(counts()).toEqual({ offered: 4, delivered: 0, dropped: 4, queued: 0 });
    expect(logged().at(-1)).toEqual([
      "warning",
      "Manual: 4 metrics taken, 0 delivered, 4 dropped, of them 4 that still waited at the end",
    ]);
  });

  test("of a queue that was never used says nothing", async () => {
    const { queue, logged } = queueOf();
    await queue.close(1);
    expect(logged()).toEqual([]);
  });
});

test("DeliveryQueue accounts for every metric, and delivers each at most once and in order, whatever the storage does", async () => {
  const outcome = fc.oneof(
    fc.record({ kind: fc.constantFrom("done", "lost", "odd") }),
    fc.record({ kind: fc.constant("part"), delivered: fc.nat(4), dropped: fc.nat(4) }),
  );
  const step = fc.oneof(fc.record({ offer: fc.integer({ min: 0, max: 4 }) }), fc.record({ settle: outcome }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, most) => {
        using clock = fakeClock();
        const { storage, queue, counts } = queueOf();
        storage.maxQueuedBatches = most;
        const arrived: number[] = [];
        let next = 0;
        let settled = 0;
        for (const { offer, settle } of steps as {
          offer?: number;
          settle?: Record<string, number | string>;
        }[]) {
          if (offer !== undefined) {
            queue.offer(samples(...Array.from({ length: offer }, () => next++)), 0);
            continue;
          }
          await clock.pass(10);
          const call = storage.calls[settled];
          if (call === undefined || settle === undefined) continue;
          settled++;
          if (settle["kind"] === "done") {
            arrived.push(...call.values);
            call.resolve();
          } else if (settle["kind"] === "part") {
            const delivered = call.metrics.slice(0, Number(settle["delivered"]));
            const dropped = Math.min(Number(settle["dropped"]), call.metrics.length - delivered.length);
            const undelivered = call.metrics.slice(delivered.length + dropped);
            arrived.push(...delivered.map(({ value }) => value));
            if (undelivered.length === 0) call.reject(new FailedDeliveryError("part", { dropped }));
            else call.reject(new FailedDeliveryError("part", { undelivered, dropped, retryAfterSecs: 0.01 }));
          } else {
            call.reject(settle["kind"] === "lost" ? new FailedDeliveryError("lost") : new Error("odd"));
          }
          await turn();
          await turn();
        }
        const { offered, delivered, dropped, queued } = counts();
        expect(offered).toBe(next);
        expect(delivered + dropped + queued).toBe(offered);
        expect(delivered).toBe(arrived.length);
        expect(arrived).toEqual([...new Set(arrived)].sort((a, b) => a - b));
      },
    ),
    { numRuns: 200 },
  );
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Pace } from "../../src/delivery/pace.ts";
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

function queueOf(pace?: Pace) {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  const storage = new Manual();
  const queue = new DeliveryQueue({ storage, name: "Manual", log, ...(pace === undefined ? {} : { pace }) });
  const counts = () => ({
    offered: queue.health.offered,
    delivered: queue.health.delivered,
    dropped: queue.health.dropped,
    queued: queue.queued,
  });
  return { storage, queue, counts, all: logged, logged: () => logged.filter(([level]) => level !== "debug") };
}

/** Lets promises of the call that just ended go on. */
const turn = () => Promise.resolve().then(() => {});

/** The call of the next batch that waits, which does not come at once. */
async function nextCall(storage: Manual): Promise<Call> {
  const before = storage.calls.length;
  while (storage.calls.length === before) await Bun.sleep(1);
  return storage.last;
}

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
      const call = value === 1 ? storage.last : await nextCall(storage);
      expect(call).toMatchObject({ values: [value], batch: { timeMs: value * 1000, attempt: 1 } });
      call.resolve();
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
    expect((await nextCall(storage)).values).toEqual(["seven" as unknown as number, 1]);
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
      const call = value === 1 ? storage.last : await nextCall(storage);
      expect(call.values).toEqual([value, value]);
      call.resolve();
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
    await clock.pass(10);
    expect(storage.last).toMatchObject({ values: [9, 9, 9], batch: { timeMs: 2000, attempt: 1 } });
    storage.last.resolve();
    await turn();
    expect(counts()).toEqual({ offered: 6, delivered: 6, dropped: 0, queued: 0 });
  });

  test("tries the undelivered part again as the very array, in whichever order it is", async () => {
    using clock = fakeClock();
    const { storage, queue } = queueOf();
    queue.offer(samples(1, 2, 3), 0);
    const [first, , third] = storage.last.metrics;
    const undelivered = [third as Metric, first as Metric];
    for (let attempt = 1; attempt <= 2; attempt++) {
      storage.last.reject(new FailedDeliveryError("away", { undelivered, retryAfterSecs: 1 }));
      await clock.pass(1000);
      expect(storage.last.metrics).toBe(undelivered);
      expect(storage.last.values).toEqual([3, 1]);
    }
  });

  test("waits as long as the receiver asks, but not for ever", async () => {
    using clock = fakeClock();
    const { storage, queue } = queueOf();
    queue.offer(samples(1), 0);
    for (const [retryAfterSecs, waited] of [
      [7, 7],
      [0.1, 1],
      [1e9, 300],
      [Number.POSITIVE_INFINITY, 300],
    ] as const) {
      const before = storage.calls.length;
      storage.last.reject(
        new FailedDeliveryError("busy", { undelivered: storage.last.metrics, retryAfterSecs }),
      );
      await turn();
      await clock.pass(waited * 1000 - 1);
      expect(storage.calls.length).toBe(before);
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

describe("DeliveryQueue finish() and close()", () => {
  test("wait for what is under way and queued, and trying again does not wait", async () => {
    const { storage, queue, counts, logged } = queueOf();
    queue.offer(samples(1), 0);
    queue.offer(samples(2), 0);
    storage.last.reject(new FailedDeliveryError("away", { undelivered: storage.last.metrics }));
    await turn();
    const finished = queue.finish(5);
    (await nextCall(storage)).resolve();
    (await nextCall(storage)).resolve();
    await finished;
    queue.close();
    expect(counts()).toEqual({ offered: 2, delivered: 2, dropped: 0, queued: 0 });
    expect(logged().slice(1)).toEqual([
      ["info", "Manual: 2 metrics still wait, they are given 5 s"],
      ["info", expect.stringMatching(/^Manual works again after \d+ s, nothing was lost$/)],
      ["info", "Manual: 2 metrics taken, 2 delivered, 0 dropped"],
    ]);
  });

  test("start anew with short pauses, however long the storage has been failing", async () => {
    using clock = fakeClock();
    const { storage, queue } = queueOf();
    queue.offer(samples(1), 0);
    const fail = () =>
      storage.last.reject(new FailedDeliveryError("away", { undelivered: storage.last.metrics }));
    for (let failure = 0; failure < 6; failure++) {
      fail();
      await clock.pass(30_000);
    }
    fail();
    await turn();
    void queue.finish(5);
    await clock.pass(10);
    expect(storage.calls.length).toBe(8);
    fail();
    await clock.pass(1000);
    expect(storage.calls.length).toBe(9);
  });

  test("drop and count what is left, and what comes afterwards", async () => {
    const { storage, queue, counts, logged } = queueOf();
    queue.offer(samples(1, 2), 0);
    queue.offer(samples(1, 2), 0);
    queue.close();
    expect(logged().at(-1)).toEqual([
      "warning",
      "Manual: 4 metrics taken, 0 delivered, 4 dropped, of them 4 that still waited at the end",
    ]);
    queue.offer(samples(3), 0);
    storage.last.resolve();
    await turn();
    expect(storage.calls.length).toBe(1);
    expect(counts()).toEqual({ offered: 5, delivered: 0, dropped: 5, queued: 0 });
    expect(logged().at(-1)).toEqual(["warning", "Manual: metrics came after the end, they are dropped"]);
  });

  test("of a queue that was never used say nothing", async () => {
    const { queue, logged } = queueOf();
    await queue.finish(5);
    queue.close();
    expect(logged()).toEqual([]);
  });
});

/** What a storage of the user's may do wrong, beside a batch of the values 1, 2, 3, 4. */
describe("DeliveryQueue accounts for every metric although the storage", () => {
  const foreign = () => samples(7);
  const failing = (make: (metrics: readonly Metric[]) => unknown) => (call: Call) =>
    call.reject(make(call.metrics));
  const undelivered = (make: (metrics: readonly Metric[]) => unknown) =>
    failing((metrics) => new FailedDeliveryError("away", { undelivered: make(metrics) as Metric[] }));
  const cases: readonly (readonly [
    string,
    (call: Call, storage: Manual) => void,
    { delivered: number; dropped: number; again: readonly number[] },
  ])[] = [
    [
      "wants copies of the metrics tried again",
      undelivered((metrics) => metrics.map((metric) => ({ ...metric }))),
      { delivered: 0, dropped: 4, again: [] },
    ],
    [
      "wants other metrics tried again beside its own",
      undelivered(([first, second]) => [...foreign(), first, second]),
      { delivered: 1, dropped: 1, again: [1, 2] },
    ],
    [
      "wants metrics tried again twice",
      undelivered(([first, second]) => [first, second, first]),
      { delivered: 2, dropped: 0, again: [1, 2] },
    ],
    [
      "wants metrics tried again in another order",
      undelivered((metrics) => metrics.toReversed()),
      { delivered: 0, dropped: 0, again: [4, 3, 2, 1] },
    ],
    [
      "wants something tried again that is no list",
      undelivered(() => new Set([1])),
      { delivered: 0, dropped: 4, again: [] },
    ],
    ["wants null tried again", undelivered(() => null), { delivered: 0, dropped: 4, again: [] }],
    ...[-3, Number.NaN, "2" as unknown as number].map(
      (dropped) =>
        [
          `tells that it dropped ${dropped}`,
          failing(() => new FailedDeliveryError("lost", { dropped })),
          { delivered: 0, dropped: 4, again: [] },
        ] as const,
    ),
    [
      "tells that it dropped more than there were",
      failing(([first]) => new FailedDeliveryError("lost", { dropped: 1e9, undelivered: [first as Metric] })),
      { delivered: 0, dropped: 3, again: [1] },
    ],
    [
      "throws what cannot be shown",
      failing(() => Object.create(null)),
      { delivered: 0, dropped: 4, again: [] },
    ],
    [
      "throws an error that throws",
      failing(() =>
        Object.defineProperty(new Error(""), "message", {
          get() {
            throw new Error("no");
          },
        }),
      ),
      { delivered: 0, dropped: 4, again: [] },
    ],
    [
      "throws the error of another copy of the program",
      failing(([first]) =>
        Object.assign(new Error("away"), { name: "FailedDeliveryError", undelivered: [first] }),
      ),
      { delivered: 3, dropped: 0, again: [1] },
    ],
    [
      "tells of more metrics left out than it was given",
      (call, storage) => {
        storage.droppedMetrics = 100;
        call.resolve();
      },
      { delivered: 0, dropped: 4, again: [] },
    ],
    [
      "tells of fewer metrics left out than before",
      (call, storage) => {
        storage.droppedMetrics = -5;
        call.resolve();
      },
      { delivered: 4, dropped: 0, again: [] },
    ],
    [
      "throws when it is asked what it left out",
      (call, storage) => {
        Object.defineProperty(storage, "droppedMetrics", {
          get() {
            throw new Error("no");
          },
        });
        call.resolve();
      },
      { delivered: 4, dropped: 0, again: [] },
    ],
    [
      "empties the array that it was given",
      (call) => {
        (call.metrics as Metric[]).length = 0;
        call.resolve();
      },
      { delivered: 4, dropped: 0, again: [] },
    ],
    [
      "takes what arrived out of the array that it was given",
      (call) => {
        (call.metrics as Metric[]).splice(0, 3);
        call.reject(new FailedDeliveryError("away", { undelivered: call.metrics }));
      },
      { delivered: 3, dropped: 0, again: [4] },
    ],
  ];
  for (const [what, settle, { again, ...counts }] of cases) {
    test(what, async () => {
      using clock = fakeClock();
      const { storage, queue, counts: countsOf } = queueOf();
      const metrics = samples(1, 2, 3, 4);
      queue.offer(metrics, 0);
      settle(storage.last, storage);
      await clock.pass(0);
      expect(countsOf()).toEqual({ offered: 4, ...counts, queued: again.length });
      if (again.length > 0) {
        await clock.pass(1000);
        expect(storage.last).toMatchObject({ values: again, batch: { attempt: 2 } });
        storage.last.resolve();
        await clock.pass(0);
      }
      expect(countsOf().queued).toBe(0);
      for (const metric of metrics) metric.value = 9;
      queue.offer(metrics, 1);
      expect(storage.last.values).toEqual([9, 9, 9, 9]);
    });
  }

  test("changes the list that it wants tried again", async () => {
    using clock = fakeClock();
    const { storage, queue, counts } = queueOf();
    queue.offer(samples(1, 2, 3), 0);
    const undelivered = [...storage.last.metrics.slice(1)];
    storage.last.reject(new FailedDeliveryError("away", { undelivered }));
    await clock.pass(0);
    undelivered.length = 0;
    await clock.pass(1000);
    expect(storage.last.values).toEqual([2, 3]);
    storage.last.resolve();
    await clock.pass(0);
    expect(counts()).toEqual({ offered: 3, delivered: 3, dropped: 0, queued: 0 });
  });

  test("changes labels, which others have too", async () => {
    const { storage, queue, counts } = queueOf();
    storage.atOnce = () => {
      Object.assign(storage.last.metrics[0]?.labels as object, { added: "x" });
    };
    const [metric] = samples(1);
    queue.offer([metric as Sample], 0);
    expect(metric?.labels).toEqual({});
    expect(counts()).toEqual({ offered: 1, delivered: 0, dropped: 1, queued: 0 });
  });

  test("counts what it leaves out at the first attempt only", async () => {
    using clock = fakeClock();
    const { storage, queue, counts } = queueOf();
    queue.offer(samples(1, 2, 3), 0);
    storage.droppedMetrics = 1;
    storage.last.reject(new FailedDeliveryError("away", { undelivered: storage.last.metrics }));
    await clock.pass(1000);
    expect(counts()).toEqual({ offered: 3, delivered: 0, dropped: 0, queued: 3 });
    storage.last.resolve();
    await clock.pass(0);
    expect(counts()).toEqual({ offered: 3, delivered: 2, dropped: 1, queued: 0 });
  });

  test("counts what it leaves out at every attempt", async () => {
    using clock = fakeClock();
    const { storage, queue, counts } = queueOf();
    queue.offer(samples(1, 2, 3), 0);
    storage.droppedMetrics++;
    storage.last.reject(new FailedDeliveryError("away", { undelivered: storage.last.metrics }));
    await clock.pass(1000);
    storage.droppedMetrics++;
    storage.last.resolve();
    await clock.pass(0);
    expect(counts()).toEqual({ offered: 3, delivered: 2, dropped: 1, queued: 0 });
  });

  test("counts what it leaves out after it has taken it", async () => {
    const { storage, queue, counts } = queueOf();
    storage.atOnce = () => {};
    queue.offer(samples(1, 2, 3), 0);
    storage.droppedMetrics = 2;
    expect(counts()).toEqual({ offered: 3, delivered: 1, dropped: 2, queued: 0 });
  });

  for (const [what, then] of [
    [
      "settles twice",
      (resolve: () => void) => {
        resolve();
        resolve();
      },
    ],
    [
      "settles at once and then throws",
      (resolve: () => void) => {
        resolve();
        throw new Error("odd");
      },
    ],
    [
      "settles both ways",
      (resolve: () => void, reject: (error: Error) => void) => {
        resolve();
        reject(new Error("odd"));
      },
    ],
  ] as const) {
    test(what, () => {
      const { storage, queue, counts } = queueOf();
      storage.atOnce = () => ({ then }) as unknown as undefined;
      queue.offer(samples(1), 0);
      queue.offer(samples(2), 0);
      expect(counts()).toEqual({ offered: 2, delivered: 2, dropped: 0, queued: 0 });
    });
  }

  test("offers metrics to itself each time, which does not stop anybody else", async () => {
    const { storage, queue, counts } = queueOf();
    storage.atOnce = () => queue.offer(samples(1), 0);
    queue.offer(samples(0), 0);
    expect(storage.calls.length).toBe(1);
    await nextCall(storage);
    storage.atOnce = () => {};
    await queue.finish(5);
    const { offered } = counts();
    expect(counts()).toEqual({ offered, delivered: offered, dropped: 0, queued: 0 });
  });

  for (const [what, most] of [
    ["no number", Number.NaN],
    ["less than nothing", -1],
    ["a text", "many"],
  ] as const) {
    test(`tells ${what} as the batches that may wait: the usual limit holds`, () => {
      const { storage, queue, counts } = queueOf();
      storage.maxQueuedBatches = most as number;
      for (let i = 0; i < 70; i++) queue.offer(samples(i), i);
      expect(counts()).toEqual({ offered: 70, delivered: 0, dropped: 9, queued: 61 });
    });
  }
});

describe("DeliveryQueue, of a caller that changes its array,", () => {
  test("keeps what was in it", async () => {
    const { storage, queue, counts } = queueOf();
    const metrics = samples(1, 2);
    queue.offer(samples(0), 0);
    queue.offer(metrics, 1);
    const other = { name: "other", value: 3, labels: {} };
    metrics.splice(0, 2, other, { ...other, name: "another" }, { ...other, name: "last" });
    queue.offer(metrics, 2);
    storage.last.resolve();
    expect((await nextCall(storage)).metrics.map(({ name, value }) => `${name} ${value}`)).toEqual([
      "m0 1",
      "m1 2",
    ]);
    storage.last.resolve();
    expect((await nextCall(storage)).metrics.map(({ name }) => name)).toEqual(["other", "another", "last"]);
    storage.last.resolve();
    await turn();
    expect(counts()).toEqual({ offered: 6, delivered: 6, dropped: 0, queued: 0 });
  });
});

test("DeliveryQueue tells at level debug how it goes on while a storage fails", async () => {
  using clock = fakeClock();
  const { storage, queue, all } = queueOf();
  queue.offer(samples(1, 2), 0);
  for (let attempt = 1; attempt <= 2; attempt++) {
    const { metrics, reject } = storage.last;
    reject(new FailedDeliveryError("away", { undelivered: metrics, retryAfterSecs: 7 }));
    await clock.pass(7_000);
  }
  expect(all.map(([level, text]) => `${level} ${text}`).filter((line) => line.includes("attempt"))).toEqual([
    "debug Manual: attempt 1 failed: away; again in 7.0 s, 2 metrics wait",
    "debug Manual: attempt 2 failed: away; again in 7.0 s, 2 metrics wait",
  ]);
});

describe("DeliveryQueue, while the storage fails with another reason each time,", () => {
  test("says five of them, then one in a minute", async () => {
    using clock = fakeClock();
    const { storage, queue, logged } = queueOf();
    for (let second = 0; second < 130; second++) {
      queue.offer(samples(1), 0);
      storage.last.reject(new Error(`request ${second}`));
      await clock.pass(1000);
    }
    const said = logged().map(([, text]) => /request \d+/.exec(text)?.[0]);
    expect(said).toEqual([0, 1, 2, 3, 4, 64, 124].map((second) => `request ${second}`));
  });
});

describe("DeliveryQueue, with a pace,", () => {
  test("works off what waits between rounds only, when there is time enough", async () => {
    using clock = fakeClock();
    const pace = new Pace();
    const { storage, queue } = queueOf(pace);
    const round = (value: number) => {
      queue.offer(samples(value), value);
      pace.nextRound(performance.now() + 100);
    };
    round(1);
    round(2);
    await clock.pass(96);
    storage.last.resolve();
    await clock.pass(14);
    expect(storage.calls.length).toBe(1);
    round(3);
    await clock.pass(40);
    expect(storage.last.values).toEqual([2]);
  });

  test("does not wait for a runner that is gone", async () => {
    using clock = fakeClock();
    const pace = new Pace();
    const { storage, queue } = queueOf(pace);
    queue.offer(samples(1), 0);
    queue.offer(samples(2), 0);
    pace.nextRound(performance.now() + 100);
    await clock.pass(150);
    storage.last.resolve();
    await clock.pass(500);
    expect(storage.calls.length).toBe(1);
    await clock.pass(600);
    expect(storage.calls.length).toBe(2);
  });

  test("does not wait when what waits would never fit between two rounds", async () => {
    using clock = fakeClock();
    const pace = new Pace();
    const { storage, queue } = queueOf(pace);
    queue.offer(samples(1), 0);
    queue.offer(samples(2), 0);
    pace.nextRound(performance.now() + 8);
    await clock.pass(20);
    storage.last.resolve();
    await clock.pass(10);
    expect(storage.calls.length).toBe(2);
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
          await clock.pass(1000);
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
            else call.reject(new FailedDeliveryError("part", { undelivered, dropped, retryAfterSecs: 0.5 }));
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

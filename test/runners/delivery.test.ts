import { describe, expect, test } from "bun:test";
import { FailedDeliveryError } from "../../src/model/errors.ts";
import type { Metric } from "../../src/model/metric.ts";
import type { Storage } from "../../src/model/roles.ts";
import { Delivery } from "../../src/runners/delivery.ts";
import { fakeClock } from "../support/fake-clock.ts";

const BATCH: readonly Metric[] = [{ name: "a", value: 1, labels: {} }];
const LATE = "Cannot store metrics: not done within 5 s";
const BUSY = "Cannot store metrics: the storage is still busy with an earlier batch";

/** A storage whose calls end when the test says so. */
function manualStorage() {
  const calls: (ReturnType<typeof Promise.withResolvers<void>> & { readonly metrics: readonly Metric[] })[] =
    [];
  const storage: Storage = {
    store(metrics) {
      const call = { ...Promise.withResolvers<void>(), metrics };
      calls.push(call);
      return call.promise;
    },
  };
  return { storage, calls };
}

/** The error of a promise, or nothing. */
function failureOf(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("Delivery deliver()", () => {
  test("hands the batch to a storage that is done at once", async () => {
    const stored: unknown[] = [];
    const delivery = new Delivery({ store: (metrics) => void stored.push(metrics) }, 5);
    await delivery.deliver(BATCH);
    expect({ stored, busy: delivery.busy }).toEqual({ stored: [BATCH], busy: false });
  });

  test("waits for a storage that is done later", async () => {
    using clock = fakeClock();
    const { storage, calls } = manualStorage();
    const delivery = new Delivery(storage, 5);
    let done = false;
    const delivering = delivery.deliver(BATCH).then(() => {
      done = true;
    });
    await clock.pass(4000);
    expect({ done, busy: delivery.busy }).toEqual({ done: false, busy: true });
    calls[0]?.resolve();
    await delivering;
    expect({ done, busy: delivery.busy }).toEqual({ done: true, busy: false });
  });

  test("throws the storage's own error, and takes the next batch", async () => {
    const { storage, calls } = manualStorage();
    const delivery = new Delivery(storage, 5);
    const first = failureOf(delivery.deliver(BATCH));
    calls[0]?.reject(new FailedDeliveryError("broker gone"));
    expect(await first).toEqual(new FailedDeliveryError("broker gone"));
    const second = failureOf(delivery.deliver(BATCH));
    calls[1]?.resolve();
    expect(await second).toBeUndefined();
  });

  test("throws the error of a storage that throws at once, and takes the next batch", async () => {
    let calls = 0;
    const delivery = new Delivery(
      {
        store: () => {
          if (++calls === 1) throw new RangeError("at once");
        },
      },
      5,
    );
    expect(await failureOf(delivery.deliver(BATCH))).toEqual(new RangeError("at once"));
    expect(await failureOf(delivery.deliver(BATCH))).toBeUndefined();
    expect(calls).toBe(2);
  });

  test("throws at the deadline and never gives a hanging storage two batches", async () => {
    using clock = fakeClock();
    const { storage, calls } = manualStorage();
    const delivery = new Delivery(storage, 5);
    const first = failureOf(delivery.deliver(BATCH));
    await clock.pass(5000);
    expect(await first).toEqual(new FailedDeliveryError(LATE));
    expect(await failureOf(delivery.deliver(BATCH))).toEqual(new FailedDeliveryError(BUSY));
    expect({ calls: calls.length, busy: delivery.busy }).toEqual({ calls: 1, busy: true });
    calls[0]?.resolve();
    await clock.pass(0);
    const next = failureOf(delivery.deliver(BATCH));
    calls[1]?.resolve();
    expect(await next).toBeUndefined();
    expect({ calls: calls.length, busy: delivery.busy }).toEqual({ calls: 2, busy: false });
  });

  test("takes the next batch after a late rejection", async () => {
    using clock = fakeClock();
    const { storage, calls } = manualStorage();
    const delivery = new Delivery(storage, 5);
    const first = failureOf(delivery.deliver(BATCH));
    await clock.pass(5000);
    await first;
    calls[0]?.reject(new Error("late"));
    await clock.pass(0);
    expect(delivery.busy).toBe(false);
  });

  test("waits for a promise that is none of ours but has a then", async () => {
    using clock = fakeClock();
    const settled: ((value: undefined) => void)[] = [];
    // biome-ignore lint/suspicious/noThenProperty: what libraries with promises of their own return
    const thenable = { then: (resolve: (value: undefined) => void) => void settled.push(resolve) };
    const delivery = new Delivery({ store: () => thenable as unknown as Promise<void> }, 5);
    const delivering = failureOf(delivery.deliver(BATCH));
    await clock.pass(10);
    expect(delivery.busy).toBe(true);
    for (const resolve of settled) resolve(undefined);
    expect(await delivering).toBeUndefined();
    expect(delivery.busy).toBe(false);
  });

  test("throws the error of such a promise", async () => {
    // biome-ignore lint/suspicious/noThenProperty: what libraries with promises of their own return
    const thenable = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error("own")) };
    const delivery = new Delivery({ store: () => thenable as unknown as Promise<void> }, 5);
    expect(await failureOf(delivery.deliver(BATCH))).toEqual(new Error("own"));
  });
});

describe("Delivery settle()", () => {
  test("returns at once when nothing is under way", async () => {
    const delivery = new Delivery({ store: () => {} }, 5);
    await delivery.deliver(BATCH);
    expect(await failureOf(delivery.settle())).toBeUndefined();
  });

  test("waits for what is under way", async () => {
    using clock = fakeClock();
    const { storage, calls } = manualStorage();
    const delivery = new Delivery(storage, 5);
    const late = failureOf(delivery.deliver(BATCH));
    await clock.pass(5000);
    await late;
    const settling = failureOf(delivery.settle());
    calls[0]?.resolve();
    expect(await settling).toBeUndefined();
    expect(delivery.busy).toBe(false);
  });

  test("throws when that takes longer than the deadline", async () => {
    using clock = fakeClock();
    const { storage } = manualStorage();
    const delivery = new Delivery(storage, 5);
    const late = failureOf(delivery.deliver(BATCH));
    await clock.pass(5000);
    await late;
    const settling = failureOf(delivery.settle());
    await clock.pass(5000);
    expect(await settling).toEqual(new FailedDeliveryError(LATE));
  });
});

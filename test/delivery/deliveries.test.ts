import { describe, expect, test } from "bun:test";
import { StorageDeliveries } from "../../src/delivery/deliveries.ts";
import type { Metric } from "../../src/model/metric.ts";
import { Storage } from "../../src/model/roles.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

class Keeping extends Storage {
  readonly batches: (readonly string[])[] = [];
  answer: () => void | Promise<void> = () => {};
  override store(metrics: readonly Metric[]): void | Promise<void> {
    this.batches.push(metrics.map(({ name, value }) => `${name} ${value}`));
    return this.answer();
  }
}

function deliveries(): StorageDeliveries {
  using tree = tempTree({});
  const { log } = testContext(tree.host);
  return new StorageDeliveries(() => log);
}

const never = () => new Promise<void>(() => {});

describe("StorageDeliveries", () => {
  test("gives a storage that is used in several places one way, in order and never two at once", async () => {
    const all = deliveries();
    const storage = new Keeping();
    const { promise, resolve } = Promise.withResolvers<void>();
    storage.answer = () => promise;
    for (const [name, value] of [
      ["metrics", 1],
      ["anomalies", 2],
      ["allocations", 3],
      ["metrics", 4],
    ] as const) {
      all.to(storage).offer([{ name, value, labels: {} }], 0);
    }
    expect(storage.batches).toEqual([["metrics 1"]]);
    storage.answer = () => {};
    resolve();
    await all.settle(5);
    expect(storage.batches).toEqual([["metrics 1"], ["anomalies 2"], ["allocations 3"], ["metrics 4"]]);
  });

  test("lets the others go on when one hangs", () => {
    const all = deliveries();
    const [hanging, well] = [new Keeping(), new Keeping()];
    hanging.answer = never;
    for (const value of [1, 2, 3]) {
      for (const storage of [hanging, well]) all.to(storage).offer([{ name: "a", value, labels: {} }], 0);
    }
    expect(hanging.batches).toEqual([["a 1"]]);
    expect(well.batches).toEqual([["a 1"], ["a 2"], ["a 3"]]);
  });

  test("tells how each storage fares, those of the same class with a number", () => {
    const all = deliveries();
    const [first, second] = [new Keeping(), new Keeping()];
    all.to(first);
    second.answer = () => {
      throw new Error("full");
    };
    all.to(second).offer([{ name: "a", value: 1, labels: {} }], 0);
    expect(all.measurements()).toEqual({
      wca_component_duration_seconds: { Keeping_2: expect.any(Number) },
      wca_component_success: { Keeping_2: 0 },
      wca_component_failures_total: { Keeping_2: 1 },
      wca_metrics_offered_total: { Keeping: 0, Keeping_2: 1 },
      wca_metrics_delivered_total: { Keeping: 0, Keeping_2: 0 },
      wca_metrics_dropped_total: { Keeping: 0, Keeping_2: 1 },
      wca_metrics_queued: { Keeping: 0, Keeping_2: 0 },
    });
  });

  test("is not done before a storage behind another one, which hands on late", async () => {
    const all = deliveries();
    const [wrapping, wrapped] = [new Keeping(), new Keeping()];
    wrapping.answer = async () => {
      await Bun.sleep(1);
      all.to(wrapped).offer([{ name: "b", value: 2, labels: {} }], 0);
    };
    wrapped.answer = () => Bun.sleep(1);
    all.to(wrapped);
    all.to(wrapping).offer([{ name: "a", value: 1, labels: {} }], 0);
    all.to(wrapping).offer([{ name: "a", value: 1, labels: {} }], 0);
    await all.settle(5);
    expect(wrapped.batches).toEqual([["b 2"], ["b 2"]]);
    expect(all.measurements()).toMatchObject({
      wca_metrics_delivered_total: { Keeping: 2, Keeping_2: 2 },
      wca_metrics_dropped_total: { Keeping: 0, Keeping_2: 0 },
    });
  });

  test("is done in time although a storage hangs, and takes nothing any more, by new storages neither", async () => {
    const all = deliveries();
    const [hanging, late] = [new Keeping(), new Keeping()];
    hanging.answer = never;
    all.to(hanging).offer([{ name: "a", value: 1, labels: {} }], 0);
    await all.settle(0.01);
    all.to(late).offer([{ name: "a", value: 1, labels: {} }], 0);
    expect(late.batches).toEqual([]);
    expect(all.measurements()).toMatchObject({ wca_metrics_dropped_total: { Keeping: 1, Keeping_2: 1 } });
  });

  test("has a name of its own for each storage, whatever their classes are called", () => {
    const all = deliveries();
    const odd = class extends Keeping {};
    Object.defineProperty(odd, "name", { value: 7 });
    const bare = Object.assign(Object.create(null), { store() {} }) as Storage;
    class Keeping_2 extends Keeping {}
    for (const storage of [new (class extends Keeping {})(), new odd(), bare]) all.to(storage);
    for (const storage of [new Keeping(), new Keeping_2(), new Keeping()]) all.to(storage);
    expect(Object.keys(all.measurements()["wca_metrics_offered_total"] as object)).toEqual([
      "Storage",
      "Storage_2",
      "Storage_3",
      "Keeping",
      "Keeping_2",
      "Keeping_3",
    ]);
  });
});

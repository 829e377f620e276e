import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { OptionsOf } from "../../src/config/component.ts";
import type { Batch } from "../../src/model/delivery.ts";
import type { Metric } from "../../src/model/metric.ts";
import { Storage } from "../../src/model/roles.ts";
import { FilterStorage } from "../../src/storages/filter.ts";
import { storageConformance } from "../roles/storage.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

class Keeping extends Storage {
  readonly batches: { readonly metrics: readonly Metric[]; readonly timeMs: number | undefined }[] = [];
  answer: () => void | Promise<void> = () => {};
  override store(metrics: readonly Metric[], batch?: Batch): void | Promise<void> {
    this.batches.push({ metrics, timeMs: batch?.timeMs });
    return this.answer();
  }
  get names(): readonly (readonly string[])[] {
    return this.batches.map(({ metrics }) => metrics.map(({ name }) => name));
  }
}

function filterOf(storages: readonly Storage[], options: Partial<OptionsOf<typeof FilterStorage>> = {}) {
  using tree = tempTree({}, { now: () => 1500 });
  const parsed = z.object(FilterStorage.component.options).omit({ storages: true }).parse(options);
  return new FilterStorage({ ...parsed, storages: [...storages] }, testContext(tree.host));
}

function metrics(...names: readonly string[]): readonly Metric[] {
  return names.map((name, value) => ({ name, value, labels: {} }));
}

class Receiving extends Storage {
  readonly received: Record<string, number> = {};
  override store(batch: readonly Metric[]): void {
    for (const { name, value, labels } of batch) {
      const text = Object.entries(labels).map(([label, its]) => `${label}="${its}"`);
      if (!/^[a-z_]+$/.test(name) || typeof value !== "number" || text.some((each) => each.startsWith("__")))
        continue;
      this.received[text.length === 0 ? name : `${name}{${text.join(",")}}`] = value;
    }
  }
}

storageConformance(
  "FilterStorage",
  () => {
    const receiving = new Receiving();
    return {
      storage: filterOf([receiving]),
      received: () => receiving.received,
      [Symbol.asyncDispose]: async () => {},
    };
  },
  { cannotFail: "each storage behind it has a queue, which keeps what fails" },
);

describe("FilterStorage store()", () => {
  test("leaves the last word to the storages behind it", async () => {
    using tree = tempTree({});
    const context = testContext(tree.host);
    const storages = [new Keeping()];
    const filter = new FilterStorage({ storages }, context);
    context.deliveries.to(filter).offer(metrics("a"), 0);
    await context.deliveries.settle(5);
    expect(context.logged.filter(([level]) => level !== "debug")).toEqual([
      ["info", "Keeping: 1 metrics taken, 1 delivered, 0 dropped"],
    ]);
  });

  test("gives a storage that is listed twice each batch once", () => {
    const keeping = new Keeping();
    filterOf([keeping, keeping]).store(metrics("a"));
    expect(keeping.names).toEqual([["a"]]);
  });

  const cases: readonly (readonly [string, Partial<OptionsOf<typeof FilterStorage>>, readonly string[]])[] = [
    ["passes all on without a filter", {}, ["up", "up_total", "used", "task_up"]],
    ["passes on exact names only", { filter: ["up", "absent"] }, ["up"]],
    ["passes nothing on with an empty filter", { filter: [] }, []],
    ["passes on names that a pattern matches wholly", { patterns: ["up(_total)?"] }, ["up", "up_total"]],
    [
      "passes on both kinds in the order of the batch",
      { filter: ["used"], patterns: ["task_.*"] },
      ["used", "task_up"],
    ],
    ["matches each branch of a pattern wholly", { patterns: ["up|us"] }, ["up"]],
  ];
  for (const [what, options, names] of cases) {
    test(what, () => {
      const storage = new Keeping();
      filterOf([storage], options).store(metrics("up", "up_total", "used", "task_up"));
      expect(storage.names).toEqual([names]);
    });
  }

  test("gives every storage the same, with the time of the batch, and one that hangs or throws delays no other", () => {
    const storages = [new Keeping(), new Keeping(), new Keeping()];
    const [hanging, throwing, well] = storages;
    if (hanging !== undefined) hanging.answer = () => new Promise(() => {});
    if (throwing !== undefined) {
      throwing.answer = () => {
        throw new Error("full");
      };
    }
    const filter = filterOf(storages, { filter: ["b"] });
    filter.store(metrics("a", "b"), { timeMs: 7, attempt: 1 });
    filter.store(metrics("b"), { timeMs: 8, attempt: 1 });
    expect(storages.map(({ batches }) => batches.length)).toEqual([1, 2, 2]);
    expect(well?.batches.map(({ timeMs }) => timeMs)).toEqual([7, 8]);
  });

  test("passes the same array on as long as the batch is the same", () => {
    const storage = new Keeping();
    const filter = filterOf([storage], { filter: ["b"] });
    const batch = metrics("a", "b");
    filter.store(batch);
    filter.store(batch);
    expect(storage.batches[0]?.metrics).toBe(storage.batches[1]?.metrics as readonly Metric[]);
  });
});

import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../config/component.ts";
import { pattern, patternToRegExp, ref } from "../config/schema.ts";
import type { Batch, Outlet, StorageTraits } from "../model/delivery.ts";
import type { Metric } from "../model/metric.ts";
import { Storage } from "../model/roles.ts";

/** Passes the wanted metrics on to other storages. */
export class FilterStorage extends Storage implements StorageTraits {
  static readonly component = defineComponent("storage", {
    doc:
      "Passes metrics on to other storages: all of them, or those with wanted names. Each storage has a queue of " +
      "its own, so one that is slow or away does not hold up the others.",
    options: {
      storages: z.array(ref("storage")).min(1).describe("Where the metrics go."),
      filter: z
        .array(z.string())
        .nullish()
        .describe("Exact names of the wanted metrics. Neither this nor `patterns`: all."),
      patterns: z
        .array(pattern())
        .nullish()
        .describe("Regular expressions of further wanted names; each has to match the whole name."),
    },
  });

  readonly handsOn = true;
  readonly #context: Context;
  readonly #outlets: readonly Outlet[];
  readonly #names: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];
  readonly #wantsAll: boolean;
  /** Selection of the batch that came last, which is the same array as long as no series comes or goes. */
  #selected: readonly Metric[] = [];
  #selectedFrom: readonly Metric[] = [];

  constructor({ storages, filter, patterns }: OptionsOf<typeof FilterStorage>, context: Context) {
    super();
    this.#context = context;
    // One that is listed twice would get each sample twice.
    this.#outlets = [...new Set(storages)].map((storage) => context.deliveries.to(storage));
    this.#names = new Set(filter ?? []);
    this.#patterns = (patterns ?? []).map((text) => patternToRegExp(`(?:${text})$`));
    this.#wantsAll = filter == null && patterns == null;
  }

  store(metrics: readonly Metric[], batch?: Batch): void {
    const timeMs = batch?.timeMs ?? this.#context.now();
    const selected = this.#select(metrics);
    for (const outlet of this.#outlets) outlet.offer(selected, timeMs);
  }

  #select(metrics: readonly Metric[]): readonly Metric[] {
    if (this.#wantsAll) return metrics;
    if (metrics !== this.#selectedFrom) {
      this.#selectedFrom = metrics;
      this.#selected = metrics.filter(({ name }) => this.#wants(name));
    }
    return this.#selected;
  }

  #wants(name: string): boolean {
    return this.#names.has(name) || this.#patterns.some((wanted) => wanted.test(name));
  }
}

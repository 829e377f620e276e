import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../config/component.ts";
import { path } from "../config/schema.ts";
import type { Batch } from "../model/delivery.ts";
import { FailedDeliveryError } from "../model/errors.ts";
import type { Metric } from "../model/metric.ts";
import { Storage } from "../model/roles.ts";
import { Exposition } from "./exposition/exposition.ts";
import { AppendedFile, type Output, ReplacedFile, StandardError } from "./output.ts";
import { Refusals } from "./refusals.ts";

/** Writes metrics in the Prometheus text format to standard error or to a file. */
export class LogStorage extends Storage {
  static readonly component = defineComponent("storage", {
    doc:
      "Writes metrics in the Prometheus text format: to standard error, at the end of a file, or over a file " +
      "that the textfile collector of node_exporter reads. What cannot be appended to a file, as on a full disk, " +
      "is written later; what cannot replace one is dropped.",
    options: {
      output_filename: path()
        .nullish()
        .describe("File to write, absolute or relative to the working directory. Left out: standard error."),
      overwrite: z
        .boolean()
        .default(false)
        .describe("Replace the file at each round in one step, so that readers always see a whole one."),
      include_timestamp: z
        .boolean()
        .nullish()
        .describe("Write the time behind each sample. Left out: yes, unless the file is overwritten."),
      filter_labels: z.array(z.string()).nullish().describe("Write only these labels. Left out: all."),
    },
  });

  readonly #context: Context;
  readonly #exposition: Exposition;
  readonly #output: Output;
  readonly #refusals: Refusals;

  constructor(options: OptionsOf<typeof LogStorage>, context: Context) {
    super();
    const { output_filename: filename, overwrite, include_timestamp, filter_labels } = options;
    if (overwrite && filename == null) {
      throw new TypeError('"overwrite: true" needs "output_filename": standard error cannot be overwritten');
    }
    this.#context = context;
    this.#refusals = new Refusals(context.log);
    this.#exposition = new Exposition({
      timestamps: include_timestamp ?? !overwrite,
      ...(filter_labels == null ? {} : { filterLabels: filter_labels }),
    });
    if (filename == null) this.#output = new StandardError();
    else this.#output = overwrite ? new ReplacedFile(filename) : new AppendedFile(filename);
  }

  /** Metrics left out so far because they cannot be written. */
  get droppedMetrics(): number {
    return this.#refusals.count;
  }

  open(): void {
    this.#output.open();
  }

  /** After a rotation: what is written next goes to the file that has the name then. */
  reopen(): void {
    this.#output.close();
  }

  async store(metrics: readonly Metric[], batch?: Batch): Promise<void> {
    const text = this.#exposition.render(metrics, batch?.timeMs ?? this.#context.now());
    this.#refusals.note(this.#exposition.refusals);
    try {
      await this.#output.write(text);
    } catch (cause) {
      throw new FailedDeliveryError(
        `Cannot write metrics to ${this.#output.name}: ${(cause as Error).message}`,
        { cause, ...(this.#output.canWriteAgain ? { undelivered: metrics } : {}) },
      );
    }
  }

  close(): void {
    this.#output.close();
  }
}

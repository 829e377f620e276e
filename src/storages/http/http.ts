import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../../config/component.ts";
import type { Batch, StorageTraits } from "../../model/delivery.ts";
import type { Metric } from "../../model/metric.ts";
import { Storage } from "../../model/roles.ts";
import { Refusals } from "../refusals.ts";
import { HttpSender, httpOptions } from "../remote/http-sender.ts";
import { type BodyFormat, bodyFormat, FORMATS } from "./formats.ts";

/** On a thread of its own: 3 MB of text would hold up a round. */
const compress = promisify(gzip);

/** What was last posted: the same again when it is tried again. */
interface Posted {
  readonly metrics: readonly Metric[];
  readonly timeMs: number;
  readonly key: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Posts each batch to a URL. */
export class HTTPStorage extends Storage implements StorageTraits {
  static readonly component = defineComponent("storage", {
    doc:
      "Posts the metrics of each round to a URL. What gets no answer, or one of the statuses 408, 425, 429 and " +
      "5xx that ask for it, is posted again later with the same header `Idempotency-Key`, so that a receiver can " +
      "tell what it has already; other statuses drop the batch.",
    options: {
      ...httpOptions({ url: "http://127.0.0.1:8000", timeoutSecs: 1 }),
      format: z
        .enum(FORMATS)
        .default("json")
        .describe(
          "`json`: one object `{metric name: value}`, without labels, of series with the same name the last; " +
            "`ndjson`: a line for each series with name, value, labels and timestamp; `prometheus`: the text format 0.0.4 with timestamps.",
        ),
      compression: z.enum(["none", "gzip"]).default("none").describe("How bodies are compressed."),
    },
  });

  readonly maxQueuedBatches: number;
  readonly #options: OptionsOf<typeof HTTPStorage>;
  readonly #context: Context;
  readonly #sender: HttpSender;
  readonly #format: BodyFormat;
  readonly #refusals: Refusals;
  #posted: Posted | undefined;

  constructor(options: OptionsOf<typeof HTTPStorage>, context: Context) {
    super();
    this.#options = options;
    this.#context = context;
    this.maxQueuedBatches = options.max_queued_batches;
    this.#sender = new HttpSender(options, context.now);
    this.#format = bodyFormat(options.format);
    this.#refusals = new Refusals(context.log);
  }

  get droppedMetrics(): number {
    return this.#refusals.count;
  }

  async store(metrics: readonly Metric[], batch?: Batch): Promise<void> {
    const timeMs = batch?.timeMs ?? this.#context.now();
    const again = (batch?.attempt ?? 1) > 1 && this.#posted?.metrics === metrics;
    const posted =
      again && this.#posted?.timeMs === timeMs ? this.#posted : await this.#write(metrics, timeMs);
    this.#posted = posted;
    await this.#sender.post({
      metrics,
      body: posted.body,
      headers: {
        "Content-Type": this.#format.contentType,
        "Idempotency-Key": posted.key,
        ...(this.#options.compression === "gzip" ? { "Content-Encoding": "gzip" } : {}),
      },
    });
    this.#posted = undefined;
  }

  close(): void {
    this.#posted = undefined;
  }

  async #write(metrics: readonly Metric[], timeMs: number): Promise<Posted> {
    const { text, refusals } = this.#format.write(metrics, timeMs);
    this.#refusals.note(refusals);
    const body = this.#options.compression === "gzip" ? await compress(text) : text.slice();
    return { metrics, timeMs, key: crypto.randomUUID(), body };
  }
}

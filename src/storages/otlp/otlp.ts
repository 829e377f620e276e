import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../../config/component.ts";
import type { Batch } from "../../model/delivery.ts";
import { FailedDeliveryError } from "../../model/errors.ts";
import type { Metric } from "../../model/metric.ts";
import { Storage } from "../../model/roles.ts";
import { Refusals } from "../refusals.ts";
import { HttpSender, httpOptions } from "../remote/http-sender.ts";
import { readExportResponse } from "./export-response.ts";
import { type MetricsRequest, MetricsRequests } from "./metrics-requests.ts";

/** Statuses after which a client may try again, and no others: opentelemetry.io/docs/specs/otlp, "Failures". */
const TRY_AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Metrics are so repetitive that more effort hardly makes them smaller. */
const COMPRESSION_LEVEL = 1;

const compress = promisify(gzip);

/**
 * Posts metrics to an OpenTelemetry collector, or to whatever else takes OTLP over HTTP in JSON.
 *
 * What was not acknowledged is tried again, as OTLP asks for. If a receiver took a request and its answer got
 * lost or came late, it gets the same points twice: same series, same time, same value.
 */
export class OtlpStorage extends Storage {
  static readonly component = defineComponent("storage", {
    doc: "Posts metrics as OTLP/HTTP JSON, the protocol of OpenTelemetry, to a collector or another receiver.",
    options: {
      ...httpOptions({ url: "http://127.0.0.1:4318/v1/metrics", timeoutSecs: 10 }),
      compression: z.enum(["gzip", "none"]).default("gzip").describe("How request bodies are compressed."),
      resource_attributes: z
        .record(z.string().min(1), z.string())
        .default({})
        .describe(
          "Attributes of the resource beside `host.name`, `service.name` and `service.version`, or instead of them.",
        ),
      max_data_points_per_request: z
        .number()
        .int()
        .min(1)
        .max(100_000)
        .default(2_000)
        .describe("A batch with more data points goes out in several requests."),
    },
  });

  readonly #context: Context;
  readonly #options: OptionsOf<typeof OtlpStorage>;
  readonly #sender: HttpSender;
  readonly #requests: MetricsRequests;
  readonly #refusals: Refusals;
  #lastAdvice = "";

  constructor(options: OptionsOf<typeof OtlpStorage>, context: Context) {
    super();
    const { resource_attributes, max_data_points_per_request } = options;
    const { hostname, version } = context;
    this.#context = context;
    this.#options = options;
    this.#refusals = new Refusals(context.log);
    this.#sender = new HttpSender(options, context.now, TRY_AGAIN);
    this.#requests = new MetricsRequests({
      resourceAttributes: {
        "host.name": hostname,
        "service.name": "wca",
        "service.version": version,
        ...resource_attributes,
      },
      version,
      maxDataPoints: max_data_points_per_request,
    });
  }

  get maxQueuedBatches(): number {
    return this.#options.max_queued_batches;
  }

  /** Metrics left out so far because they cannot be written. */
  get droppedMetrics(): number {
    return this.#refusals.count;
  }

  /** Posts one request after the other, until one of them has to be tried again. */
  async store(metrics: readonly Metric[], batch?: Batch): Promise<void> {
    const timeMs = batch?.timeMs ?? this.#context.now();
    const requests = this.#requests.of(metrics, timeMs);
    this.#refusals.note(this.#requests.refusals);
    let dropped = 0;
    let refusal: FailedDeliveryError | undefined;
    for (const [index, request] of requests.entries()) {
      try {
        await this.#post(request, timeMs);
      } catch (error) {
        if (!(error instanceof FailedDeliveryError)) throw error;
        if (error.undelivered !== undefined) {
          const { message, retryAfterSecs } = error;
          const undelivered = metricsOf(requests.slice(index), metrics);
          throw new FailedDeliveryError(message, {
            cause: error,
            undelivered,
            dropped,
            ...(retryAfterSecs === undefined ? {} : { retryAfterSecs }),
          });
        }
        dropped += error.dropped ?? request.metrics.length;
        refusal ??= error;
      }
    }
    if (refusal !== undefined) throw new FailedDeliveryError(refusal.message, { dropped, cause: refusal });
  }

  async #post({ metrics, text }: MetricsRequest, timeMs: number): Promise<void> {
    const body = new TextEncoder().encode(text(timeMs));
    const zipped = this.#options.compression === "gzip";
    const answer = await this.#sender.post({
      body: zipped ? new Uint8Array(await compress(body, { level: COMPRESSION_LEVEL })) : body,
      headers: {
        "Content-Type": "application/json",
        ...(zipped ? { "Content-Encoding": "gzip" } : {}),
      },
      metrics,
    });
    const { rejectedDataPoints, errorMessage } = readExportResponse(answer.text);
    if (rejectedDataPoints > 0) {
      throw new FailedDeliveryError(
        `Cannot deliver ${rejectedDataPoints} of ${metrics.length} data points: rejected, ${errorMessage}`,
        { dropped: Math.min(rejectedDataPoints, metrics.length) },
      );
    }
    this.#noteAdvice(errorMessage);
  }

  /** A receiver may have something to say although it took everything. */
  #noteAdvice(message: string): void {
    if (message !== "" && message !== this.#lastAdvice) {
      this.#context.log.warning(`The receiver took the metrics, but says: ${message}`);
    }
    if (message !== "") this.#lastAdvice = message;
  }
}

/** The metrics of the requests in the order of the batch; the batch itself if nothing of it is missing. */
function metricsOf(requests: readonly MetricsRequest[], batch: readonly Metric[]): readonly Metric[] {
  const wanted = new Set(requests.flatMap(({ metrics }) => metrics));
  return wanted.size === batch.length ? batch : batch.filter((metric) => wanted.has(metric));
}

import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../../config/component.ts";
import type { Batch, StorageTraits } from "../../model/delivery.ts";
import { FailedDeliveryError } from "../../model/errors.ts";
import type { Metric } from "../../model/metric.ts";
import { Storage } from "../../model/roles.ts";
import { Refusals } from "../refusals.ts";
import { HttpSender, httpOptions } from "../remote/http-sender.ts";
import { type Codec, encodeTime, loadCodec } from "./codec.ts";
import { Delivery, type DeliveryOptions, withUndelivered } from "./delivery.ts";
import { LabelSets } from "./label-set.ts";
import { fits, type Layout, layOut, Requests } from "./layout.ts";
import { MetadataSchedule } from "./metadata-schedule.ts";
import { Negotiation } from "./negotiation.ts";
import { PROTOCOLS, type Version } from "./protocol.ts";
import type { Series } from "./series-set.ts";
import { Staleness } from "./staleness.ts";
import { TRY_AGAIN } from "./verdict.ts";
import { encodeMetadata } from "./write-request.ts";

/** YAML takes an unquoted 1.0 for a number. */
const VERSIONS: Readonly<Record<string, Version | undefined>> = {
  "1.0": "1.0",
  "2.0": "2.0",
  "1": "1.0",
  "2": "2.0",
};
/** At the end nobody waits for a receiver that is away. */
const LAST_TIMEOUT_SECS = 3;
const LAST_REQUESTS_MS = 5_000;

/**
 * Sends samples by Prometheus remote write. A request that got no answer is sent again with the same times and
 * values, which Prometheus and its kin take for one: what was tried again is there once.
 */
export class RemoteWriteStorage extends Storage implements StorageTraits {
  static readonly component = defineComponent("storage", {
    doc:
      "Sends the metrics of each round by Prometheus remote write, to Prometheus itself, Mimir, Thanos, " +
      "VictoriaMetrics and others. What gets no answer, or one of the statuses 429 and 5xx, is sent again later; " +
      "other statuses drop what they are about.",
    options: {
      ...httpOptions({ url: "http://127.0.0.1:9090/api/v1/write", timeoutSecs: 30 }),
      protocol: z
        .union([z.enum(["auto", "1.0", "2.0"]), z.literal([1, 2])])
        .default("auto")
        .describe(
          "Version of remote write. `auto`: 2.0, or 1.0 when the receiver does not understand that; 2.0 is tried again after an hour.",
        ),
      max_samples_per_send: z
        .number()
        .int()
        .min(1)
        .max(100_000)
        .default(2000)
        .describe("Samples in one request; a batch is sent as so many requests as it takes."),
      stale_markers: z
        .boolean()
        .default(true)
        .describe(
          "Tell the receiver that a series has ended when it is not in a batch any more, and of all at the end of the agent. Without it they seem to go on for five minutes.",
        ),
      metadata: z
        .boolean()
        .default(true)
        .describe(
          "By version 1.0, send types, helps and units once a minute; version 2.0 always has them with the samples.",
        ),
    },
  });

  readonly maxQueuedBatches: number;
  readonly #options: OptionsOf<typeof RemoteWriteStorage>;
  readonly #context: Context;
  readonly #sender: HttpSender;
  readonly #lastSender: HttpSender;
  readonly #labelSets = new LabelSets();
  readonly #metadata = new MetadataSchedule();
  readonly #refusals: Refusals;
  readonly #staleness = new Staleness();
  #negotiation: Negotiation;
  #codec: Promise<Codec> | undefined;
  #stop = new AbortController();
  #layouts = new WeakMap<readonly Metric[], Layout>();
  /** Something of the present batch has arrived. */
  #begun = false;
  /** The receiver was told which series end with the present batch; what comes again may be a part of it. */
  #ended = false;
  #storing = false;

  constructor(options: OptionsOf<typeof RemoteWriteStorage>, context: Context) {
    super();
    const reserved = Object.keys(options.headers).find(
      (name) => name.toLowerCase() in PROTOCOLS["1.0"].headers,
    );
    if (reserved !== undefined) {
      throw new TypeError(`"headers" has "${reserved}", which the protocol sets itself`);
    }
    this.#options = options;
    this.#context = context;
    this.maxQueuedBatches = options.max_queued_batches;
    this.#sender = new HttpSender(options, context.now, TRY_AGAIN);
    const timeout = Math.min(options.timeout, LAST_TIMEOUT_SECS);
    this.#lastSender = new HttpSender({ ...options, timeout }, context.now, TRY_AGAIN);
    this.#refusals = new Refusals(context.log);
    this.#negotiation = this.#newNegotiation();
  }

  get droppedMetrics(): number {
    return this.#refusals.count;
  }

  async open(): Promise<void> {
    this.#stop = new AbortController();
    this.#negotiation = this.#newNegotiation();
    this.#codec ??= loadCodec();
    await this.#codec;
  }

  async store(metrics: readonly Metric[], batch?: Batch): Promise<void> {
    this.#codec ??= loadCodec();
    const codec = await this.#codec;
    const timeMs = Math.trunc(batch?.timeMs ?? this.#context.now());
    const layout = this.#layOut(metrics, { codec, timeMs });
    if ((batch?.attempt ?? 1) === 1) {
      this.#begun = false;
      this.#ended = false;
      this.#refusals.note(layout.refusals);
    }
    this.#storing = true;
    try {
      await this.#endSeries(layout, { codec, timeMs });
      await this.#sendSamples(layout, { codec, timeMs });
    } catch (error) {
      throw asGiven(error, metrics);
    } finally {
      this.#storing = false;
    }
    await this.#sendMetadata(layout, codec);
  }

  async close(): Promise<void> {
    const codec = this.#codec;
    if (codec === undefined) return;
    this.#codec = undefined;
    const { series, timeMs } = this.#staleness.end();
    // What hangs would only make the end hang too.
    if (this.#options.stale_markers && !this.#storing) {
      await this.#endAll(series, { codec: await codec, timeMs: Math.max(timeMs + 1, this.#context.now()) });
    }
    this.#stop.abort();
    this.#layouts = new WeakMap();
  }

  #newNegotiation(): Negotiation {
    const { log, now } = this.#context;
    return new Negotiation(VERSIONS[this.#options.protocol], log, now);
  }

  #layOut(metrics: readonly Metric[], { codec, timeMs }: Moment): Layout {
    const { version } = this.#negotiation;
    const known = this.#layouts.get(metrics);
    const timeLength = encodeTime(codec, timeMs).length;
    if (
      known?.requests.version === version &&
      known.requests.timeLength === timeLength &&
      fits(known, metrics)
    ) {
      return known;
    }
    const maxSamples = this.#options.max_samples_per_send;
    const layout = layOut(metrics, { codec, version, timeMs, maxSamples, labelSets: this.#labelSets });
    this.#layouts.set(metrics, layout);
    return layout;
  }

  #newDelivery(moment: Moment, options: Pick<DeliveryOptions, "content" | "sender">): Delivery {
    return new Delivery({
      ...moment,
      ...options,
      signal: this.#stop.signal,
      negotiation: this.#negotiation,
      maxSamples: this.#options.max_samples_per_send,
    });
  }

  /** Before the samples of the batch, so that what has not arrived is tried again with all of them. */
  async #endSeries({ series, requests }: Layout, moment: Moment): Promise<void> {
    if (!this.#options.stale_markers || this.#ended) return;
    const ended = this.#staleness.endedBy(series);
    const delivery = this.#newDelivery(moment, {
      content: "staleMarkers",
      sender: this.#sender,
    });
    try {
      await delivery.run(this.#requestsOf(ended, moment));
    } catch (error) {
      if (!(error instanceof FailedDeliveryError)) throw error;
      throw withUndelivered(error, requests.metrics());
    }
    this.#ended = true;
    if (delivery.reason !== undefined) {
      this.#context.log.warning(`Cannot end ${delivery.lost} series: ${delivery.reason}`);
    }
  }

  async #sendSamples(layout: Layout, moment: Moment): Promise<void> {
    const delivery = this.#newDelivery(moment, {
      content: "samples",
      sender: this.#sender,
    });
    try {
      await delivery.run(layout.requests);
    } catch (error) {
      if (!(error instanceof FailedDeliveryError)) throw error;
      throw withUndelivered(error, error.undelivered ?? [], delivery.lost);
    } finally {
      if (delivery.written > 0 && !this.#begun) {
        this.#begun = true;
        this.#staleness.arrived(layout.series, moment.timeMs);
      }
    }
    if (delivery.reason !== undefined) {
      throw new FailedDeliveryError(delivery.reason, { undelivered: [], dropped: delivery.lost });
    }
  }

  /** Samples do not need them: what fails is tried in a minute. */
  async #sendMetadata({ series }: Layout, codec: Codec): Promise<void> {
    if (!this.#options.metadata || this.#negotiation.version !== "1.0") return;
    const due = this.#metadata.take(series, this.#context.now());
    if (due.length === 0) return;
    const body = codec.compress(encodeMetadata(codec, due));
    try {
      await this.#sender.post({ body, headers: PROTOCOLS["1.0"].headers, metrics: [] });
    } catch (error) {
      this.#context.log.debug(`Types and helps did not arrive: ${(error as Error).message}`);
    }
  }

  async #endAll(series: readonly Series[], moment: Moment): Promise<void> {
    const late = setTimeout(() => this.#stop.abort(), LAST_REQUESTS_MS);
    const delivery = this.#newDelivery(moment, {
      content: "staleMarkers",
      sender: this.#lastSender,
    });
    try {
      await delivery.run(this.#requestsOf(series, moment));
    } catch (error) {
      this.#context.log.info(`Cannot end series at the receiver: ${(error as Error).message}`);
    } finally {
      clearTimeout(late);
    }
  }

  #requestsOf(series: readonly Series[], moment: Moment): Requests {
    const { version } = this.#negotiation;
    return new Requests(series, { ...moment, version, maxSamples: this.#options.max_samples_per_send });
  }
}

/** What to encode with, and the time of the samples. */
interface Moment {
  readonly codec: Codec;
  readonly timeMs: number;
}

/** When all of a batch is to be tried again it is given back as the same array, for which the layout is known. */
function asGiven(error: unknown, metrics: readonly Metric[]): unknown {
  if (!(error instanceof FailedDeliveryError) || error.undelivered?.length !== metrics.length) return error;
  return withUndelivered(error, metrics, error.dropped);
}

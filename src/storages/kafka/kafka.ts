import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../../config/component.ts";
import { path, ref, seconds } from "../../config/schema.ts";
import type { Batch } from "../../model/delivery.ts";
import { FailedDeliveryError } from "../../model/errors.ts";
import type { Metric } from "../../model/metric.ts";
import { Storage } from "../../model/roles.ts";
import type { Refusal } from "../exposition/exposition.ts";
import { sameMetrics } from "../exposition/same-metrics.ts";
import { Refusals } from "../refusals.ts";
import { QUEUE_OPTIONS } from "../remote/queue-options.ts";
import { formatAddress } from "./address.ts";
import type { Draft } from "./draft.ts";
import { Drafts } from "./drafts.ts";
import { JSON_FORMAT } from "./json-format.ts";
import { loadKafkajs } from "./kafkajs.ts";
import { type Message, Producer } from "./producer.ts";
import { PROMETHEUS_FORMAT } from "./prometheus-format.ts";
import { type KafkaSettings, kafkaSettings } from "./settings.ts";

/** Header of a record batch, and of its one record with the longest lengths; the key comes on top. */
const RECORD_OVERHEAD_BYTES = 61 + 32;
/** No message is made smaller than this to please a broker, unless it is the last resort. */
const SMALLEST_TEXT_BYTES = 1_000;
/** How long a broker that refused a message is given smaller ones, before it is asked again. */
const SHRUNK_MS = 300_000;

/** Puts metrics into a Kafka topic. */
export class KafkaStorage extends Storage {
  static readonly component = defineComponent("storage", {
    doc:
      "Puts metrics into a Kafka topic, each batch as one or more messages that can be read by themselves. " +
      "While no broker can be reached the agent goes on and the metrics wait; each one arrives exactly once, " +
      "or is counted as dropped. Kafka 0.11 or later. See docs/kafka.md.",
    options: {
      topic: z.string().min(1).describe("Topic to write to; `{host}` stands for the name of this host."),
      brokers_ips: z
        .array(z.string())
        .min(1)
        .default(["127.0.0.1:9092"])
        .describe(
          "Brokers that are asked for all others: `host:port`, host names and IP addresses, IPv6 in brackets.",
        ),
      max_timeout_in_seconds: seconds({ min: 0, max: 5 })
        .default(0.5)
        .describe(
          "How long one message may wait for the broker's acknowledgement. Then the delivery counts as failed and is tried again later. 0: 30 seconds.",
        ),
      extra_config: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .nullish()
        .describe(
          "Keys of librdkafka, for configurations that have them: `client.id`, `acks`, `compression.type`, `message.max.bytes`, `security.protocol`, `sasl.*`, `ssl.*` …; options of the storage win, and keys without effect are named in a warning.",
        ),
      ssl: ref("ssl").nullish().describe("TLS. Left out: none."),
      sasl: z
        .strictObject({
          mechanism: z.enum(["plain", "scram-sha-256", "scram-sha-512"]),
          username: z.string().min(1),
          password: z.string().optional(),
          password_file: path().optional(),
        })
        .nullish()
        .describe(
          "User that authenticates, with `password` (better `!Env`) or `password_file`, which is read for each connection. `plain` sends the password as it is: use it with `ssl` only.",
        ),
      format: z
        .enum(["prometheus", "json"])
        .default("prometheus")
        .describe("Text of the messages: the Prometheus text format, or a JSON array of samples."),
      key: z
        .enum(["host", "none"])
        .default("host")
        .describe(
          "Key of the messages. `host`: all messages of a host are in one partition, in order; `none`: partitions take turns.",
        ),
      acks: z
        .enum(["all", "leader"])
        .optional()
        .describe(
          "Who has to have a message before it counts as delivered: `all` replicas in sync, or the `leader` alone, which may lose it and makes duplicates possible. Left out: `all`.",
        ),
      idempotent: z
        .boolean()
        .optional()
        .describe(
          "Let the brokers leave out what was sent twice. Left out: `true`, as far as the brokers allow it.",
        ),
      compression: z
        .enum(["none", "gzip", "snappy", "zstd"])
        .optional()
        .describe("Compression of the messages; `zstd` needs brokers of 2.1 or later. Left out: `none`."),
      max_message_bytes: z
        .number()
        .int()
        .min(1_000)
        .max(50_000_000)
        .optional()
        .describe(
          "Largest message, before compression; not above `max.message.bytes` of the topic. When a broker takes less, smaller ones are made. Left out: 1000000.",
        ),
      client_id: z
        .string()
        .min(1)
        .optional()
        .describe("Name for logs and quotas of the brokers. Left out: `wca`."),
      ...QUEUE_OPTIONS,
    },
  });

  readonly maxQueuedBatches: number;
  readonly #context: Context;
  readonly #settings: KafkaSettings;
  readonly #drafts: Drafts;
  /** Of the text of a message, by the options. */
  readonly #configuredBytes: number;
  /** What a broker seems to take instead, for a while. */
  #shrunk: Shrunk | undefined;
  #producer: Producer | undefined;
  #unfinished: Unfinished | undefined;
  readonly #refusals: Refusals;
  #saidBytes: number | undefined;

  constructor(options: OptionsOf<typeof KafkaStorage>, context: Context) {
    super();
    this.#settings = kafkaSettings(options, context);
    this.#context = context;
    this.#refusals = new Refusals(context.log);
    this.#drafts = new Drafts(options.format === "json" ? JSON_FORMAT : PROMETHEUS_FORMAT);
    this.maxQueuedBatches = options.max_queued_batches;
    const { maxMessageBytes, key = "" } = this.#settings;
    const overhead = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key);
    this.#configuredBytes = Math.max(SMALLEST_TEXT_BYTES / 2, maxMessageBytes - overhead);
  }

  /** Metrics left out so far, because they cannot be written or are larger than a message may be. */
  get droppedMetrics(): number {
    return this.#refusals.count;
  }

  async open(): Promise<void> {
    const { brokers, warnings, ...settings } = this.#settings;
    const { log } = this.#context;
    for (const warning of warnings) log.warning(warning);
    const kafkajs = await loadKafkajs();
    this.#producer?.close();
    this.#producer = new Producer({ ...settings, kafkajs, seeds: brokers, settings: { ...settings, log } });
  }

  close(): void {
    this.#producer?.close();
    this.#producer = undefined;
    this.#unfinished = undefined;
  }

  /**
   * Sends the batch message by message. What did not arrive is `undelivered`; a message whose fate is not
   * known is among it, and is sent with the same sequence number when the same batch comes again, so that it
   * is there once. Without an idempotent producer it can be there twice.
   */
  async store(metrics: readonly Metric[], batch?: Batch): Promise<void> {
    const producer = this.#producer;
    if (producer === undefined)
      throw new FailedDeliveryError(`${this.#attempted()}: the storage is not open`);
    const timeMs = batch?.timeMs ?? this.#context.now();
    const work = this.#resume(metrics, timeMs) ?? this.#begin(metrics, timeMs);
    const rejected: Rejected = { metrics: 0, reason: "" };
    try {
      for (let next = work.left[0]; next !== undefined; next = work.left[0]) {
        await this.#deliver(producer, work, rejected);
      }
    } catch (cause) {
      throw this.#failure(work, { metrics, timeMs, cause, rejected });
    }
    this.#noteShrunk();
    if (rejected.metrics > 0) {
      throw new FailedDeliveryError(`${this.#attempted()}: ${rejected.reason}`, {
        dropped: rejected.metrics,
      });
    }
  }

  #attempted(): string {
    const { topic, brokers } = this.#settings;
    return `Cannot store metrics in the Kafka topic "${topic}" at ${brokers.map(formatAddress).join(", ")}`;
  }

  /** The rest of the batch that was not finished, if it is what comes now. */
  #resume(metrics: readonly Metric[], timeMs: number): Work | undefined {
    const unfinished = this.#unfinished;
    this.#unfinished = undefined;
    if (unfinished === undefined || unfinished.work.timeMs !== timeMs) return undefined;
    return sameMetrics(unfinished.metrics, metrics) ? unfinished.work : undefined;
  }

  #begin(metrics: readonly Metric[], timeMs: number): Work {
    const { drafts, refusals } = this.#drafts.plan(metrics, this.#limitBytes);
    this.#refuse(refusals);
    return { timeMs, left: [...drafts], message: undefined, whole: refusals.length === 0 };
  }

  /** Sends the first message that is left. Throws when it has to stay. */
  async #deliver(producer: Producer, work: Work, rejected: Rejected): Promise<void> {
    const draft = work.left[0] as Draft;
    work.message ??= this.#write(draft, work);
    const { message } = work;
    if (message !== undefined && draft.metrics.length > 1 && message.value.length > this.#limitBytes) {
      // Smaller ones are wanted since it was planned.
      work.message = undefined;
      work.left.splice(0, 1, ...this.#drafts.halves(draft));
      return;
    }
    const fate = message === undefined ? undefined : await producer.send(message);
    work.message = undefined;
    work.left.shift();
    if (fate === undefined || fate.kind === "written") {
      if (work.left.length > 0) work.whole = false;
      return;
    }
    work.whole = false;
    const halves = fate.kind === "too-large" ? this.#drafts.halves(draft) : [];
    if (halves.length > 0) {
      this.#shrink(message?.value.length ?? 0, fate.reason);
      work.left.unshift(...halves);
    } else if (fate.kind === "too-large") {
      this.#refuse(draft.metrics.map((metric) => ({ metric, reason: tooLarge(metric, fate.reason) })));
    } else {
      rejected.metrics += draft.metrics.length - draft.refusals.length;
      rejected.reason = fate.reason;
    }
  }

  /** The message of a draft; nothing when there is nothing to send. */
  #write(draft: Draft, work: Work): Message | undefined {
    const { timeMs } = work;
    // The draft's own bytes: it is not asked for others before this message has met its fate.
    const value = draft.text(timeMs);
    const { metrics, refusals } = draft;
    if (refusals.length > 0) work.whole = false;
    this.#refuse(refusals);
    if (refusals.length === metrics.length) return undefined;
    if (metrics.length === 1 && value.length > this.#limitBytes) {
      this.#refuse(metrics.map((metric) => ({ metric, reason: tooLarge(metric, `${value.length} bytes`) })));
      work.whole = false;
      return undefined;
    }
    return { value, timeMs };
  }

  get #limitBytes(): number {
    const { bytes = Number.POSITIVE_INFINITY, until = 0 } = this.#shrunk ?? {};
    return performance.now() < until ? Math.min(bytes, this.#configuredBytes) : this.#configuredBytes;
  }

  /** The broker takes less than we thought: for a while messages are smaller. */
  #shrink(refusedBytes: number, reason: string): void {
    const bytes = Math.max(SMALLEST_TEXT_BYTES, Math.floor(refusedBytes / 2));
    if (bytes >= this.#limitBytes) return;
    this.#shrunk = { bytes, reason, until: performance.now() + SHRUNK_MS };
  }

  #noteShrunk(): void {
    const shrunk = this.#shrunk;
    if (shrunk === undefined || shrunk.bytes === this.#saidBytes) return;
    this.#saidBytes = shrunk.bytes;
    this.#context.log.warning(
      `Made messages of up to ${shrunk.bytes} bytes, as larger ones were refused: ${shrunk.reason}; set "max_message_bytes" to what the topic takes`,
    );
  }

  #failure(
    work: Work,
    failed: {
      readonly metrics: readonly Metric[];
      readonly timeMs: number;
      readonly cause: unknown;
      readonly rejected: Rejected;
    },
  ): FailedDeliveryError {
    const { metrics, cause, rejected } = failed;
    const [first, ...others] = work.left;
    const left = new Set([...withoutRefused(first as Draft), ...others.flatMap((draft) => draft.metrics)]);
    // Messages have an order of their own; what is there twice is left once.
    const undelivered = work.whole ? metrics : metrics.filter((metric) => left.delete(metric));
    this.#unfinished = { metrics: undelivered, work };
    return new FailedDeliveryError(`${this.#attempted()}: ${(cause as Error).message}`, {
      cause,
      undelivered,
      dropped: rejected.metrics,
    });
  }

  #refuse(refusals: readonly Refusal[]): void {
    if (refusals.length > 0) this.#refusals.note(refusals);
  }
}

/** A batch on its way. */
interface Work {
  readonly timeMs: number;
  /** Drafts that have not met their fate, in order. */
  readonly left: Draft[];
  /** Of the first of them, once it was made: the same bytes until the end. */
  message: Message | undefined;
  /** Nothing has been sent or left out yet. */
  whole: boolean;
}

interface Shrunk {
  readonly bytes: number;
  readonly reason: string;
  /** On the monotonic clock, milliseconds. */
  readonly until: number;
}

interface Unfinished {
  /** As they were given back. */
  readonly metrics: readonly Metric[];
  readonly work: Work;
}

/** Metrics of messages that the broker will never take. */
interface Rejected {
  metrics: number;
  reason: string;
}

/** The metrics of a message that was made already, so that what it left out was counted. */
function withoutRefused({ metrics, refusals }: Draft): readonly Metric[] {
  const refused = new Set(refusals.map(({ metric }) => metric));
  return refused.size === 0 ? metrics : metrics.filter((metric) => !refused.has(metric));
}

function tooLarge({ name }: Metric, reason: string): string {
  return `metric "${name}" is larger than a message may be: ${reason}`;
}

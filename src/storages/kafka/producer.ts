import type { Address } from "./address.ts";
import { Cluster } from "./cluster.ts";
import { COMPRESSIONS, type Compression } from "./codecs.ts";
import type { BrokerConnection, ConnectionSettings } from "./connection.ts";
import type { Kafkajs } from "./kafkajs.ts";
import { BrokerError, type Verdict, verdictOf } from "./verdict.ts";
import { TooLate, within } from "./within.ts";

/** Until the broker that has to have a message is found, and connected. */
const SET_UP_MS = 8_000;
/** A request that is not answered for so long goes down with its connection, and is sent again on a new one. */
const REQUEST_MS = 15_000;
/** How long one call asks again while the partition moves from broker to broker. */
const MOVING_MS = 3_000;
const MOVING_PAUSE_MS = 100;
/** All brokers know of a new partition by then; a message that may be in a partition that is unknown waits for so long. */
const GONE_MS = 10_000;
/** Sequence numbers are 31 bits and start again at 0. */
const SEQUENCES = 2 ** 31;
const CLOSED = "the storage is closed";
/** Only used by transactions, but has to be something. */
const TRANSACTION_MS = 60_000;
/** InitProducerId is not allowed, or not known: CLUSTER_AUTHORIZATION_FAILED, UNSUPPORTED_VERSION. */
const NOT_IDEMPOTENT_CODES: ReadonlySet<number> = new Set([31, 35]);
/** What may be over in a moment, or after what was done about it. */
const SENT_AGAIN: ReadonlySet<Verdict> = new Set(["moved", "stale-sequence", "not-idempotent"]);

export interface ProducerOptions {
  readonly kafkajs: Kafkajs;
  readonly seeds: readonly Address[];
  readonly topic: string;
  /** Key of all messages, which decides on the partition; absent: partitions take turns. */
  readonly key: string | undefined;
  readonly acks: "all" | "leader";
  readonly idempotent: boolean;
  readonly compression: Compression;
  /** How long one call waits for the acknowledgement of a message. */
  readonly acknowledgementMs: number;
  readonly settings: ConnectionSettings;
}

/** A message. Told from others by identity: the same object is the same message. */
export interface Message {
  readonly value: Uint8Array;
  readonly timeMs: number;
}

/** What became of a message for good. */
export interface Fate {
  readonly kind: "written" | "too-large" | "refused";
  /** Of the broker, when it did not take it. */
  readonly reason: string;
}

/** Producer id of the brokers, with the next sequence number of each partition. Without: not idempotent. */
interface Identity {
  readonly producerId?: string;
  readonly producerEpoch?: number;
  readonly sequences: Map<number, number>;
}

/** The message under way. */
interface UnderWay {
  readonly message: Message;
  /** Stays until the fate of the message is known, or the partition is gone: another one would not know its sequence number. */
  partition: number;
  /** Since when the brokers do not know the partition; on the monotonic clock, milliseconds. */
  goneSince: number | undefined;
  sequence: number | undefined;
  /** The error code, of the request whose answer nobody has judged yet. */
  answer: Promise<number> | undefined;
  sentAt: number;
  connection: BrokerConnection | undefined;
  /** It was sent, and nobody knows what became of it. */
  uncertain: boolean;
}

/**
 * Sends one message after the other, each exactly once if the brokers hand out producer ids.
 *
 * kafkajs' own producer is not used. It can only wait and try again inside one call, so that a storage which
 * has to settle in time must either wait for as long as the broker is away, or give up and lose sight of a
 * message that may have been written; its sequence number then goes to the next message, which the broker
 * takes for a duplicate and throws away without a word. It also ties the producer id to one set of
 * connections. So messages, partitions and sequence numbers are kept here, and kafkajs connects,
 * authenticates and makes the bytes.
 */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #cluster: Cluster;
  #identity: Identity | undefined;
  #underWay: UnderWay | undefined;
  #turn = 0;
  #fallbackSaid = false;
  /** Ends the search for a broker. */
  #settingUp: AbortController | undefined;
  #closed = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#cluster = new Cluster(options);
  }

  /**
   * The fate of the message. Throws when it is not known in time: then only the same message object may follow,
   * until its fate is known. With another one this one is given up, and may or may not be written.
   */
  async send(message: Message): Promise<Fate> {
    if (this.#underWay !== undefined && this.#underWay.message !== message) this.#giveUp(this.#underWay);
    const movingUntil = performance.now() + MOVING_MS;
    for (;;) {
      try {
        return this.#judge(await this.#attempt(message));
      } catch (error) {
        const again = error instanceof BrokerError && SENT_AGAIN.has(verdictOf(error.code));
        if (!again || performance.now() > movingUntil) throw error;
      }
      await Bun.sleep(MOVING_PAUSE_MS);
    }
  }

  /** Cuts all connections. What is under way is given up. */
  close(): void {
    this.#closed = true;
    this.#settingUp?.abort();
    this.#cluster.destroy(CLOSED);
    this.#underWay = undefined;
    this.#identity = undefined;
  }

  /** Of the answer. Throws when the message has to be sent anew. */
  #judge(code: number): Fate {
    const underWay = this.#underWay as UnderWay;
    underWay.answer = undefined;
    const verdict = verdictOf(code);
    const { message } = this.#errorOf(code);
    switch (verdict) {
      case "written":
        this.#count(underWay);
        this.#underWay = undefined;
        return { kind: "written", reason: "" };
      case "stale-sequence":
        this.#identity = undefined;
        underWay.sequence = undefined;
        throw this.#errorOf(code);
      case "not-idempotent":
        this.#identity = this.#withoutIdentity(message);
        underWay.sequence = undefined;
        throw this.#errorOf(code);
      case "too-large":
      case "refused": {
        this.#giveUp(underWay);
        // Its pieces would be doubles if an earlier try has been written after all.
        const kind = underWay.uncertain ? "refused" : verdict;
        return { kind, reason: message };
      }
      case "unknown":
        underWay.uncertain = true;
        this.#cluster.forget();
        throw this.#errorOf(code);
      case "moved":
      case "later":
        this.#cluster.forget();
        throw this.#errorOf(code);
    }
  }

  async #attempt(message: Message): Promise<number> {
    const { acknowledgementMs: ms } = this.#options;
    const underWay = this.#underWay;
    const { answer, connection, sentAt } =
      underWay?.answer === undefined ? await this.#request(message) : underWay;
    try {
      return await within(answer as Promise<number>, {
        ms,
        message: `no acknowledgement within ${ms / 1000} s`,
      });
    } catch (error) {
      if (error instanceof TooLate && performance.now() - sentAt > REQUEST_MS) {
        connection?.destroy(`no answer within ${REQUEST_MS / 1000} s`);
      }
      throw error;
    }
  }

  /** Sends it, again with the sequence number that it has. The answer is waited for elsewhere. */
  async #request(message: Message): Promise<UnderWay> {
    const { underWay, connection, identity } = await this.#setUpInTime(message);
    const { partition } = underWay;
    underWay.sequence ??= identity.sequences.get(partition) ?? 0;
    underWay.connection = connection;
    underWay.sentAt = performance.now();
    const answer = connection.request("Produce", this.#produceOptions(underWay, identity), readCode);
    underWay.answer = answer;
    answer.catch(() => {
      underWay.answer = undefined;
      underWay.uncertain = true;
      this.#cluster.forget();
    });
    return { ...underWay, answer };
  }

  async #setUpInTime(message: Message) {
    if (this.#closed) throw new Error(CLOSED);
    const settingUp = new AbortController();
    this.#settingUp = settingUp;
    return await within(this.#setUp(message, settingUp.signal), {
      ms: SET_UP_MS,
      message: `no broker ready within ${SET_UP_MS / 1000} s`,
      onLate: () => {
        settingUp.abort();
        this.#cluster.destroy("late");
      },
    });
  }

  async #setUp(message: Message, signal: AbortSignal) {
    const partitions = await this.#cluster.partitions(signal);
    if (this.#underWay !== undefined) this.#checkPartition(this.#underWay, partitions);
    this.#underWay ??= {
      message,
      partition: this.#choosePartition(partitions),
      goneSince: undefined,
      sequence: undefined,
      answer: undefined,
      sentAt: 0,
      connection: undefined,
      uncertain: false,
    };
    const underWay = this.#underWay;
    const connection = await this.#cluster.leaderOf(underWay.partition, signal);
    this.#identity ??= await this.#identify(connection);
    return { underWay, connection, identity: this.#identity };
  }

  /**
   * A topic that was made anew may have fewer partitions; then the message goes to another one. A broker that lags
   * behind may not know a partition yet, which must not make a double of a message that may be in there.
   */
  #checkPartition(underWay: UnderWay, partitions: number): void {
    const { partition, uncertain } = underWay;
    const now = performance.now();
    underWay.goneSince = partition < partitions ? undefined : (underWay.goneSince ?? now);
    if (underWay.goneSince === undefined) return;
    if (uncertain && now - underWay.goneSince < GONE_MS) {
      this.#cluster.forget();
      throw new Error(`partition ${partition} is not there any more`);
    }
    this.#giveUp(underWay);
  }

  #choosePartition(partitions: number): number {
    const { key, kafkajs } = this.#options;
    if (key === undefined) return this.#turn++ % partitions;
    return (kafkajs.murmur2(key) & 0x7fffffff) % partitions;
  }

  async #identify(connection: BrokerConnection): Promise<Identity> {
    const { idempotent, acks, kafkajs } = this.#options;
    if (!idempotent || acks !== "all") return { sequences: new Map() };
    if (!connection.knows("InitProducerId"))
      return this.#withoutIdentity("the broker does not know producer ids");
    const options = { transactionalId: null, transactionTimeout: TRANSACTION_MS };
    const answer = await connection.request("InitProducerId", options, (decoded) => decoded as InitAnswer);
    const { errorCode, producerId, producerEpoch } = answer;
    if (errorCode === 0) return { producerId, producerEpoch, sequences: new Map() };
    const error = new BrokerError(kafkajs.errorOf(errorCode), errorCode);
    if (NOT_IDEMPOTENT_CODES.has(errorCode)) return this.#withoutIdentity(error.message);
    throw error;
  }

  #withoutIdentity(reason: string): Identity {
    if (!this.#fallbackSaid) {
      const { settings } = this.#options;
      settings.log.warning(
        `Cannot use an idempotent producer: ${reason}; messages can be there twice after a fault`,
      );
    }
    this.#fallbackSaid = true;
    return { sequences: new Map() };
  }

  #produceOptions(
    { message, partition, sequence }: UnderWay,
    { producerId, producerEpoch }: Identity,
  ): object {
    const { topic, key, acks, compression } = this.#options;
    const { value, timeMs } = message;
    const record = {
      ...(key === undefined ? { key: null } : { key: Buffer.from(key) }),
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      timestamp: String(Math.trunc(timeMs)),
    };
    return {
      acks: acks === "all" ? -1 : 1,
      timeout: REQUEST_MS,
      compression: COMPRESSIONS[compression],
      ...(producerId === undefined ? {} : { producerId, producerEpoch }),
      topicData: [{ topic, partitions: [{ partition, firstSequence: sequence, messages: [record] }] }],
    };
  }

  #count({ partition, sequence = 0 }: UnderWay): void {
    this.#identity?.sequences.set(partition, (sequence + 1) % SEQUENCES);
  }

  /** A number that may have been used must not be used for another message: that would count as a duplicate. */
  #giveUp({ uncertain, answer }: UnderWay): void {
    if (uncertain || answer !== undefined) this.#identity = undefined;
    this.#underWay = undefined;
  }

  #errorOf(code: number): BrokerError {
    return new BrokerError(this.#options.kafkajs.errorOf(code), code);
  }
}

interface InitAnswer {
  readonly errorCode: number;
  readonly producerId: string;
  readonly producerEpoch: number;
}

interface ProduceAnswer {
  readonly topics: readonly { readonly partitions: readonly { readonly errorCode: number }[] }[];
}

/** There is one partition in each request. */
function readCode(answer: unknown): number {
  return (answer as ProduceAnswer).topics[0]?.partitions[0]?.errorCode ?? -1;
}

import { type Address, formatAddress } from "./address.ts";
import { BrokerConnection, type ConnectionSettings } from "./connection.ts";
import type { Kafkajs } from "./kafkajs.ts";
import { BrokerError, UNKNOWN_TOPIC } from "./verdict.ts";

/** Number of the leader of a partition that has none. */
const NO_LEADER = -1;
/** Partitions may be added and leaders moved without our noticing. */
const METADATA_MAX_AGE_MS = 300_000;

export interface ClusterOptions {
  readonly kafkajs: Kafkajs;
  /** Brokers that are asked for all others. */
  readonly seeds: readonly Address[];
  readonly topic: string;
  readonly settings: ConnectionSettings;
}

interface Metadata {
  readonly takenAt: number;
  readonly brokers: ReadonlyMap<number, Address>;
  /** Leading broker by partition. */
  readonly leaders: ReadonlyMap<number, number>;
}

/** What is known of the brokers of one topic, and the connections to them: one for each broker that is needed. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #connections = new Map<string, BrokerConnection>();
  #metadata: Metadata | undefined;
  /** Brokers as they were last told, kept when the rest is forgotten: all seeds may have moved away. */
  #known: ReadonlyMap<number, Address> = new Map();
  /** Which candidate is asked first; another one after each failure. */
  #turn = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  async partitions(signal: AbortSignal): Promise<number> {
    const { leaders } = await this.#knowledge(signal);
    return leaders.size;
  }

  /** A connection to the broker that leads the partition. */
  async leaderOf(partition: number, signal: AbortSignal): Promise<BrokerConnection> {
    const { leaders, brokers } = await this.#knowledge(signal);
    const leader = leaders.get(partition) ?? NO_LEADER;
    const address = brokers.get(leader);
    if (address === undefined) {
      this.forget();
      throw new Error(`partition ${partition} has no leader`);
    }
    try {
      return await this.#connect(address, signal);
    } catch (cause) {
      // Another broker may have taken over.
      this.forget();
      const { message } = cause as Error;
      throw new Error(`leader of partition ${partition}, ${formatAddress(address)}: ${message}`, { cause });
    }
  }

  /** What is known is asked for again before the next message. */
  forget(): void {
    this.#metadata = undefined;
  }

  /** Cuts all connections; what is under way fails. */
  destroy(reason: string): void {
    for (const connection of this.#connections.values()) connection.destroy(reason);
    this.#connections.clear();
    // The one that was asked may be the one that hangs.
    this.#turn++;
    this.forget();
  }

  async #knowledge(signal: AbortSignal): Promise<Metadata> {
    const known = this.#metadata;
    if (known !== undefined && performance.now() - known.takenAt < METADATA_MAX_AGE_MS) return known;
    const metadata = await this.#ask(await this.#anyBroker(signal));
    this.#known = metadata.brokers;
    this.#metadata = metadata;
    return metadata;
  }

  async #ask(connection: BrokerConnection): Promise<Metadata> {
    const { topic, kafkajs } = this.#options;
    const options = { topics: [topic], allowAutoTopicCreation: true };
    const answer = await connection.request("Metadata", options, (decoded) => decoded as MetadataAnswer);
    const found = answer.topicMetadata.find((row) => row.topic === topic);
    const isThere = found !== undefined && (found.topicErrorCode !== 0 || found.partitionMetadata.length > 0);
    const code = isThere ? found.topicErrorCode : UNKNOWN_TOPIC;
    if (code !== 0) throw new BrokerError(kafkajs.errorOf(code), code);
    return {
      takenAt: performance.now(),
      brokers: new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])),
      leaders: new Map(found?.partitionMetadata.map(({ partitionId, leader }) => [partitionId, leader])),
    };
  }

  async #anyBroker(signal: AbortSignal): Promise<BrokerConnection> {
    for (const connection of this.#connections.values()) if (connection.isOpen) return connection;
    const candidates = this.#candidates();
    const reasons: string[] = [];
    for (let tried = 0; tried < candidates.length && !signal.aborted; tried++) {
      const address = candidates[this.#turn % candidates.length] as Address;
      try {
        return await this.#connect(address, signal);
      } catch (error) {
        reasons.push(`${formatAddress(address)} ${(error as Error).message}`);
        this.#turn++;
      }
    }
    throw new Error(`no broker can be reached: ${reasons.join("; ")}`);
  }

  #candidates(): readonly Address[] {
    const all = [...this.#options.seeds, ...this.#known.values()];
    return [...new Map(all.map((address) => [formatAddress(address), address])).values()];
  }

  async #connect(address: Address, signal: AbortSignal): Promise<BrokerConnection> {
    const key = formatAddress(address);
    const existing = this.#connections.get(key);
    if (existing?.isOpen === true) return existing;
    existing?.destroy("replaced");
    this.#connections.delete(key);
    const connection = await BrokerConnection.open(address, { ...this.#options, signal });
    if (signal.aborted) {
      // Given up in the moment in which it was opened: nobody would close it.
      connection.destroy("given up");
      signal.throwIfAborted();
    }
    this.#connections.set(key, connection);
    return connection;
  }
}

interface MetadataAnswer {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly topicErrorCode: number;
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
  }[];
}

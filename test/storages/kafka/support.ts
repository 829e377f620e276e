/* What the tests of KafkaStorage share: storages on real brokers, and the balance of what went in and came out. */
import type { OptionsOf } from "../../../src/config/component.ts";
import { StorageDeliveries } from "../../../src/delivery/deliveries.ts";
import type { Metric } from "../../../src/model/metric.ts";
import { KafkaStorage } from "../../../src/storages/kafka/kafka.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { consume, type KafkaMessage } from "../../support/kcat.ts";
import { tempTree } from "../../support/tree.ts";

type Options = OptionsOf<typeof KafkaStorage>;
type GivenOptions = Partial<Omit<Options, "brokers_ips">> & { readonly brokers_ips: readonly string[] };

export interface OpenKafkaStorage extends AsyncDisposable {
  readonly storage: KafkaStorage;
  readonly context: TestContext;
}

let topics = 0;

/** A name that no test has used. */
export function newTopic(): string {
  topics++;
  return `wca-${process.pid}-${topics}`;
}

export function options(given: GivenOptions & { readonly topic: string }): Options {
  return {
    max_timeout_in_seconds: 5,
    format: "prometheus",
    key: "host",
    max_queued_batches: 60,
    ...given,
    brokers_ips: [...given.brokers_ips],
  };
}

/** Closed at the end of the scope. */
export async function openStorage(given: Parameters<typeof options>[0]): Promise<OpenKafkaStorage> {
  const tree = tempTree({});
  const context = { ...testContext(tree.host), hostname: "test-host" };
  const storage = new KafkaStorage(options(given), context);
  await storage.open();
  return {
    storage,
    context,
    async [Symbol.asyncDispose]() {
      storage.close();
      tree[Symbol.dispose]();
    },
  };
}

/** So many series of a few families; the labels make long lines. */
export function series(count: number): Metric[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `task_thing_${index % 7}_total`,
    value: 0,
    labels: { task_id: `task-${index}`, task_name: `some/longer name of a task ${index}` },
    type: "counter",
    help: `Things of kind ${index % 7}.`,
  }));
}

/** `series@milliseconds` → how often it is there, over all messages. */
export function countSamples(messages: readonly KafkaMessage[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { payload } of messages) {
    for (const line of payload.split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      const [, name, time] = /^(\S+?(?:\{.*\})?) \S+ (\d+)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`Cannot read the line "${line}"`);
      const sample = `${name}@${time}`;
      counts.set(sample, (counts.get(sample) ?? 0) + 1);
    }
  }
  return counts;
}

export interface Balance {
  readonly offered: number;
  readonly dropped: number;
  /** Different samples that were read back. */
  readonly read: number;
  readonly twice: number;
}

/** Batches through the real delivery queue, and what became of them. */
export class Line implements AsyncDisposable {
  readonly #opened: OpenKafkaStorage;
  readonly #deliveries: StorageDeliveries;
  readonly #brokers: readonly string[];
  readonly topic: string;
  readonly #metrics: Metric[];
  // Brokers forget a producer id when its last message is a day old, by the time in the message.
  #timeMs = Date.now() - 600_000;
  #offered = 0;

  private constructor(
    opened: OpenKafkaStorage,
    { brokers, topic, metrics }: { brokers: readonly string[]; topic: string; metrics: number },
  ) {
    this.#opened = opened;
    this.#deliveries = new StorageDeliveries(() => opened.context.log);
    this.#brokers = brokers;
    this.topic = topic;
    this.#metrics = series(metrics);
  }

  static async open(
    given: GivenOptions,
    {
      topic = newTopic(),
      metrics = 200,
      readFrom = given.brokers_ips,
    }: { readonly topic?: string; readonly metrics?: number; readonly readFrom?: readonly string[] } = {},
  ): Promise<Line> {
    const opened = await openStorage({ ...given, topic });
    return new Line(opened, { brokers: readFrom, topic, metrics });
  }

  get context(): TestContext {
    return this.#opened.context;
  }

  get delivered(): number {
    return this.#sum("wca_metrics_delivered_total");
  }

  get dropped(): number {
    return this.#sum("wca_metrics_dropped_total");
  }

  get queued(): number {
    return this.#sum("wca_metrics_queued");
  }

  get failures(): number {
    return this.#sum("wca_component_failures_total");
  }

  /** One more batch, a second later than the last. */
  offer(): void {
    this.#timeMs += 1000;
    this.#offered += this.#metrics.length;
    for (const metric of this.#metrics) (metric as { value: number }).value = this.#offered;
    this.#deliveries.to(this.#opened.storage).offer(this.#metrics, this.#timeMs);
  }

  /** Offers batches until it is so. */
  async offerUntil(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      this.offer();
      await Bun.sleep(20);
    }
  }

  async settled(): Promise<void> {
    while (this.queued > 0) await Bun.sleep(20);
  }

  /** What is in the topic now, as kcat reads it. */
  messages(): Promise<readonly KafkaMessage[]> {
    return consume(this.#brokers, { topic: this.topic });
  }

  async balance(): Promise<Balance> {
    const counts = countSamples(await this.messages());
    return {
      offered: this.#offered,
      dropped: this.dropped,
      read: counts.size,
      twice: [...counts.values()].filter((count) => count > 1).length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deliveries.settle(0);
    await this.#opened[Symbol.asyncDispose]();
  }

  #sum(metric: string): number {
    const byComponent = this.#deliveries.measurements()[metric];
    return Object.values(byComponent as Record<string, number>).reduce((sum, value) => sum + value, 0);
  }
}

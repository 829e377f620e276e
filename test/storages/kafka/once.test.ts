/* A real broker behind a proxy that loses acknowledgements: nothing is swallowed, nothing is there twice. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { FailedDeliveryError } from "../../../src/model/errors.ts";
import type { Metric } from "../../../src/model/metric.ts";
import type { KafkaStorage } from "../../../src/storages/kafka/kafka.ts";
import { type KafkaCluster, kafkaClassPath, startKafka, withAdmin } from "../../support/kafka.ts";
import { consume, kcatProgram } from "../../support/kcat.ts";
import { requirement } from "../../support/requirement.ts";
import { API, initAnswer, type KafkaProxy, metadataAnswer, produceAnswer, startProxy } from "./proxy.ts";
import { countSamples, newTopic, openStorage, series } from "./support.ts";

setDefaultTimeout(120_000);

const canRun = await requirement("Apache Kafka and kcat", async () => {
  await kafkaClassPath();
  await kcatProgram();
});
const CLUSTER_AUTHORIZATION_FAILED = 31;
const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;
const UNKNOWN_PRODUCER_ID = 59;
const UNSUPPORTED_FOR_MESSAGE_FORMAT = 43;
/** Of a topic of which the messages of the test's host are in the last partition but not in the first. */
const PARTITIONS = 7;
const TIME_MS = Date.now();

describe.skipIf(!canRun)("KafkaStorage behind a bad network", () => {
  let kafka: KafkaCluster;
  let proxy: KafkaProxy;

  beforeAll(async () => {
    proxy = await startProxy(() => Number(kafka.node.address.split(":")[1]));
    kafka = await startKafka({
      settings: { "advertised.listeners": `PLAINTEXT://127.0.0.1:${proxy.port}` },
    });
  });

  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await kafka?.[Symbol.asyncDispose]();
  });

  async function open(given: { readonly max_timeout_in_seconds?: number; readonly topic?: string } = {}) {
    const topic = newTopic();
    const opened = await openStorage({ topic, brokers_ips: [`127.0.0.1:${proxy.port}`], ...given });
    return { ...opened, topic, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  }

  /** How often each of the samples that are there is there. */
  async function read(topic: string) {
    const counts = countSamples(await consume([`127.0.0.1:${proxy.port}`], { topic }));
    return { samples: counts.size, times: [...new Set(counts.values())] };
  }

  /** The error of a delivery that is to be tried again, wholly. */
  async function failing(storage: KafkaStorage, metrics: readonly Metric[], timeMs = TIME_MS) {
    const error = await storage.store(metrics, { timeMs, attempt: 1 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FailedDeliveryError);
    expect((error as FailedDeliveryError).undelivered).toBe(metrics);
    return error as FailedDeliveryError;
  }

  /** Tries as the queue does, until the storage took it. */
  async function eventuallyStored(storage: KafkaStorage, metrics: readonly Metric[]): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (let attempt = 1; ; attempt++) {
      try {
        return await storage.store(metrics, { timeMs: TIME_MS, attempt });
      } catch (error) {
        expect((error as FailedDeliveryError).undelivered).toBe(metrics);
        if (performance.now() > deadline) throw error;
        await Bun.sleep(100);
      }
    }
  }

  test("KafkaStorage sends a message again whose acknowledgement was lost, and it is there once", async () => {
    await using opened = await open();
    const metrics = series(20);
    await opened.storage.store(metrics, { timeMs: TIME_MS - 1, attempt: 1 });
    proxy.treat(API.produce, "cut-after", "cut-after");
    await failing(opened.storage, metrics);
    await failing(opened.storage, metrics);
    await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 3 });
    await opened.storage.store(metrics, { timeMs: TIME_MS + 1, attempt: 1 });
    expect(await read(opened.topic)).toEqual({ samples: 60, times: [1] });
  });

  test("KafkaStorage sends a message again that never reached the broker", async () => {
    await using opened = await open();
    const metrics = series(20);
    proxy.treat(API.produce, "cut-before");
    await failing(opened.storage, metrics);
    await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 2 });
    expect(await read(opened.topic)).toEqual({ samples: 20, times: [1] });
  });

  test("KafkaStorage waits on for a late acknowledgement instead of sending again", async () => {
    await using opened = await open({ max_timeout_in_seconds: 0.2 });
    const metrics = series(20);
    const before = proxy.forwarded(API.produce);
    proxy.treat(API.produce, "hold");
    const { message } = await failing(opened.storage, metrics);
    expect(message).toEndWith("no acknowledgement within 0.2 s");
    await failing(opened.storage, metrics);
    proxy.release();
    await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 3 });
    expect(proxy.forwarded(API.produce) - before).toBe(1);
    expect(await read(opened.topic)).toEqual({ samples: 20, times: [1] });
  });

  test("KafkaStorage does not give the number of a message with unknown fate to another one", async () => {
    await using opened = await open();
    const metrics = series(20);
    await opened.storage.store(metrics, { timeMs: TIME_MS - 1, attempt: 1 });
    proxy.treat(API.produce, "cut-after");
    await failing(opened.storage, metrics);
    // Others come instead: with the same number the broker would take them for the first ones.
    await opened.storage.store(metrics, { timeMs: TIME_MS + 1, attempt: 1 });
    await opened.storage.store(metrics, { timeMs: TIME_MS + 2, attempt: 1 });
    expect(await read(opened.topic)).toEqual({ samples: 80, times: [1] });
  });

  for (const code of [OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_PRODUCER_ID]) {
    test(`KafkaStorage gets a new producer id when the broker answers with error ${code}`, async () => {
      await using opened = await open();
      const metrics = series(20);
      await opened.storage.store(metrics, { timeMs: TIME_MS - 1, attempt: 1 });
      const before = proxy.forwarded(API.initProducerId);
      proxy.treat(API.produce, produceAnswer(opened.topic, code));
      await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 1 });
      expect(proxy.forwarded(API.initProducerId) - before).toBe(1);
      expect(await read(opened.topic)).toEqual({ samples: 40, times: [1] });
    });
  }

  test("KafkaStorage settles when the broker never knows its numbers, and delivers once when it does", async () => {
    await using opened = await open();
    const metrics = series(20);
    proxy.always(API.produce, produceAnswer(opened.topic, OUT_OF_ORDER_SEQUENCE_NUMBER));
    const { message } = await failing(opened.storage, metrics).finally(() =>
      proxy.always(API.produce, "pass"),
    );
    expect(message).toContain("OUT_OF_ORDER_SEQUENCE_NUMBER");
    await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 2 });
    expect(await read(opened.topic)).toEqual({ samples: 20, times: [1] });
  });

  for (const code of [CLUSTER_AUTHORIZATION_FAILED, UNSUPPORTED_FOR_MESSAGE_FORMAT]) {
    test(`KafkaStorage goes on without a producer id when a message is answered with error ${code}`, async () => {
      await using opened = await open();
      const metrics = series(20);
      proxy.treat(API.produce, produceAnswer(opened.topic, code));
      await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 1 });
      await opened.storage.store(metrics, { timeMs: TIME_MS + 1, attempt: 1 });
      expect(await read(opened.topic)).toEqual({ samples: 40, times: [1] });
      expect(opened.context.logged.filter(([level]) => level === "warning")).toEqual([
        ["warning", expect.stringContaining("Cannot use an idempotent producer: ")],
      ]);
    });
  }

  for (const fate of ["was lost", "may be in the old one"] as const) {
    test(`KafkaStorage sends a message that ${fate} to a topic made anew with fewer partitions`, async () => {
      await using opened = await open();
      const { topic } = opened;
      await kafka.createTopic(topic, {}, PARTITIONS);
      const metrics = series(20);
      await opened.storage.store(metrics, { timeMs: TIME_MS - 1, attempt: 1 });
      if (fate === "may be in the old one") {
        proxy.treat(API.produce, "cut-after");
        await failing(opened.storage, metrics);
      }
      await withAdmin(kafka.addresses, (admin) => admin.deleteTopics({ topics: [topic] }));
      await kafka.createTopic(topic, {}, 1);
      await eventuallyStored(opened.storage, metrics);
      await opened.storage.store(metrics, { timeMs: TIME_MS + 1, attempt: 1 });
      expect(await read(topic)).toEqual({ samples: 40, times: [1] });
    });
  }

  test("KafkaStorage does not send a message twice because a broker does not know its partition yet", async () => {
    await using opened = await open();
    const { topic } = opened;
    await kafka.createTopic(topic, {}, PARTITIONS);
    const metrics = series(20);
    proxy.treat(API.produce, "cut-after");
    await failing(opened.storage, metrics);
    proxy.treat(API.metadata, metadataAnswer(topic, { port: proxy.port, partitions: 1 }));
    const { message } = await failing(opened.storage, metrics);
    expect(message).toEndWith(`partition ${PARTITIONS - 1} is not there any more`);
    await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 3 });
    expect(await read(topic)).toEqual({ samples: 20, times: [1] });
  });

  test("KafkaStorage names the address that the brokers announce when it cannot be reached", async () => {
    await using opened = await open();
    const metrics = series(3);
    proxy.treat(API.metadata, metadataAnswer(opened.topic, { port: 1 }));
    const { message } = await failing(opened.storage, metrics);
    expect(message).toContain("leader of partition 0, 127.0.0.1:1: ");
    await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 2 });
    expect(await read(opened.topic)).toEqual({ samples: 3, times: [1] });
  });

  test("KafkaStorage goes on without a producer id when the cluster denies it, and says so once", async () => {
    await using opened = await open();
    const metrics = series(20);
    proxy.treat(API.initProducerId, initAnswer(CLUSTER_AUTHORIZATION_FAILED));
    await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 1 });
    await opened.storage.store(metrics, { timeMs: TIME_MS + 1, attempt: 1 });
    expect(await read(opened.topic)).toEqual({ samples: 40, times: [1] });
    expect(opened.context.logged.filter(([level]) => level === "warning")).toEqual([
      ["warning", expect.stringContaining("Cannot use an idempotent producer: CLUSTER_AUTHORIZATION_FAILED")],
    ]);
  });

  test("KafkaStorage gives back only what is left when the second of several messages fails", async () => {
    const topic = newTopic();
    await using opened = await openStorage({
      topic,
      brokers_ips: [`127.0.0.1:${proxy.port}`],
      max_message_bytes: 1500,
    });
    const metrics = [...series(30), { name: "no-name", value: 1, labels: {} }];
    proxy.treat(API.produce, "pass", "cut-after");
    const error = (await opened.storage
      .store(metrics, { timeMs: TIME_MS, attempt: 1 })
      .catch((thrown: unknown) => thrown)) as FailedDeliveryError;
    const undelivered = error.undelivered ?? [];
    expect(undelivered.length).toBeGreaterThan(0);
    expect(undelivered.length).toBeLessThan(30);
    expect({ dropped: error.dropped, refused: opened.storage.droppedMetrics }).toEqual({
      dropped: 0,
      refused: 1,
    });
    expect(undelivered).toEqual(metrics.filter((metric) => undelivered.includes(metric)));
    // Another array of the same metrics is the same rest of the batch.
    await opened.storage.store([...undelivered], { timeMs: TIME_MS, attempt: 2 });
    expect(await read(topic)).toEqual({ samples: 30, times: [1] });
    expect(opened.storage.droppedMetrics).toBe(1);
  });

  test("KafkaStorage used in several places has one connection", async () => {
    const before = proxy.connections();
    await using opened = await open();
    for (let i = 0; i < 5; i++)
      await opened.storage.store(series(5 + i), { timeMs: TIME_MS + i, attempt: 1 });
    expect(proxy.connections() - before).toBe(1);
  });
});

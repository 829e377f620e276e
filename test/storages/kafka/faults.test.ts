/* Real brokers that die, hang, refuse and come back: each metric is there once, or was counted as dropped. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type KafkaCluster, kafkaClassPath, startKafka, withAdmin } from "../../support/kafka.ts";
import { kcatProgram } from "../../support/kcat.ts";
import { requirement } from "../../support/requirement.ts";
import { until } from "../../support/wca.ts";

import { Line } from "./support.ts";

setDefaultTimeout(300_000);

const canRun = await requirement("Apache Kafka and kcat", async () => {
  await kafkaClassPath();
  await kcatProgram();
});

/** Nothing lost, nothing doubled. */
async function expectAll(line: Line): Promise<void> {
  const { offered, dropped, read, twice } = await line.balance();
  expect({ dropped, read, twice }).toEqual({ dropped: 0, read: offered, twice: 0 });
}

describe.skipIf(!canRun)("KafkaStorage and one broker", () => {
  test("KafkaStorage starts without a broker and delivers when there is one", async () => {
    await using kafka = await startKafka();
    await kafka.node.kill();
    await using line = await Line.open({ brokers_ips: kafka.addresses });
    for (let i = 0; i < 5; i++) line.offer();
    await until(() => line.failures > 0);
    expect(line.context.logged.find(([level]) => level === "error")?.[1]).toContain("ECONNREFUSED");
    await kafka.node.start();
    await line.settled();
    await expectAll(line);
  });

  test("KafkaStorage delivers everything once when the broker is killed at any moment and returns", async () => {
    await using kafka = await startKafka();
    await using line = await Line.open(
      {
        brokers_ips: kafka.addresses,
        max_message_bytes: 20_000,
        max_timeout_in_seconds: 0.5,
        max_queued_batches: 10_000,
      },
      { metrics: 2000 },
    );
    for (let round = 0; round < 3; round++) {
      const { delivered, failures } = line;
      await line.offerUntil(() => line.delivered > delivered + 4000);
      await kafka.node.kill();
      await line.offerUntil(() => line.failures > failures);
      await kafka.node.start();
    }
    await line.settled();
    await expectAll(line);
  });

  test("KafkaStorage waits for a broker that hangs and sends nothing twice", async () => {
    await using kafka = await startKafka();
    await using line = await Line.open({ brokers_ips: kafka.addresses, max_timeout_in_seconds: 0.2 });
    line.offer();
    await line.settled();
    kafka.node.signal("SIGSTOP");
    line.offer();
    line.offer();
    await until(() => line.failures >= 2);
    expect(line.context.logged.filter(([level]) => level === "error").map(([, text]) => text)).toEqual([
      expect.stringContaining("no acknowledgement within 0.2 s"),
    ]);
    kafka.node.signal("SIGCONT");
    await line.settled();
    await expectAll(line);
  });

  test("KafkaStorage sends smaller messages when the topic takes less", async () => {
    await using kafka = await startKafka({ settings: { "message.max.bytes": "5000" } });
    await using line = await Line.open({ brokers_ips: kafka.addresses }, { metrics: 500 });
    for (let i = 0; i < 3; i++) line.offer();
    await line.settled();
    await expectAll(line);
    expect(line.failures).toBe(0);
    // Said once, at the end of the batch in which it was found out.
    const warnings = line.context.logged.filter(([level]) => level === "warning").map(([, text]) => text);
    expect(warnings).toEqual([expect.stringContaining("MESSAGE_TOO_LARGE")]);
    const sizes = (await line.messages()).map(({ payload }) => payload.length);
    expect(Math.max(...sizes)).toBeLessThan(5000);
  });

  test("KafkaStorage drops and counts single metrics that are too large for the topic, and the others arrive", async () => {
    await using kafka = await startKafka();
    await using line = await Line.open({ brokers_ips: kafka.addresses }, { metrics: 20 });
    await kafka.createTopic(line.topic, { "max.message.bytes": "1" });
    line.offer();
    await line.settled();
    expect(await line.balance()).toEqual({ offered: 20, dropped: 20, read: 0, twice: 0 });
    await kafka.setTopic(line.topic, { "max.message.bytes": "1000000" });
    line.offer();
    await line.settled();
    expect(await line.balance()).toEqual({ offered: 40, dropped: 20, read: 20, twice: 0 });
  });

  test("KafkaStorage keeps metrics for a topic that is not there yet", async () => {
    await using kafka = await startKafka({ settings: { "auto.create.topics.enable": "false" } });
    await using line = await Line.open({ brokers_ips: kafka.addresses });
    line.offer();
    await until(() => line.failures > 0);
    expect(line.context.logged.at(-1)?.[1]).toContain("UNKNOWN_TOPIC_OR_PARTITION");
    await kafka.createTopic(line.topic);
    await line.settled();
    await expectAll(line);
  });

  test("KafkaStorage counts what the broker will never take, and goes on", async () => {
    await using kafka = await startKafka();
    await using line = await Line.open({ brokers_ips: kafka.addresses, key: "none" });
    await kafka.createTopic(line.topic, { "cleanup.policy": "compact" });
    line.offer();
    await line.settled();
    expect(await line.balance()).toEqual({ offered: 200, dropped: 200, read: 0, twice: 0 });
    expect(line.context.logged.find(([level]) => level === "error")?.[1]).toContain("INVALID_RECORD");
    expect(line.failures).toBe(1);
  });
});

describe.skipIf(!canRun)("KafkaStorage and three brokers", () => {
  test("KafkaStorage follows the leader of its partition when brokers die in turn", async () => {
    await using kafka = await startKafka({
      nodes: 3,
      settings: { "default.replication.factor": "3", "min.insync.replicas": "2" },
    });
    await using line = await Line.open(
      {
        brokers_ips: kafka.addresses,
        max_message_bytes: 10_000,
        max_timeout_in_seconds: 1,
        max_queued_batches: 10_000,
      },
      { metrics: 500 },
    );
    for (let turn = 0; turn < 3; turn++) {
      const { delivered } = line;
      await line.offerUntil(() => line.delivered > delivered + 2000);
      const leader = await leaderOf(kafka, line.topic);
      await kafka.nodes[leader - 1]?.kill();
      const then = line.delivered;
      await line.offerUntil(() => line.delivered > then + 2000);
      expect(await leaderOf(kafka, line.topic, leader)).not.toBe(leader);
      await kafka.nodes[leader - 1]?.start();
    }
    await line.settled();
    await expectAll(line);
  });
});

/** `without`: a broker that is down. */
async function leaderOf(kafka: KafkaCluster, topic: string, without?: number): Promise<number> {
  const brokers = kafka.nodes.filter(({ id }) => id !== without).map(({ address }) => address);
  const { topics } = await withAdmin(brokers, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  return topics[0]?.partitions[0]?.leader ?? -1;
}

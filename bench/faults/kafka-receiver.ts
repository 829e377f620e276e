import { startKafka } from "../../test/support/kafka.ts";
import { consume } from "../../test/support/kcat.ts";
import { counted, samplesOf } from "./account.ts";
import type { Receiver } from "./receiver.ts";

const TOPIC = "faults";

/** A real broker; what arrived is what kcat reads. */
export async function kafkaReceiver(): Promise<Receiver> {
  const cluster = await startKafka();
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("Cannot find the broker of the cluster");
  await cluster.createTopic(TOPIC);
  await node.stop();
  return {
    storage: `!KafkaStorage {topic: ${TOPIC}, brokers_ips: ["${node.address}"]}`,
    start: () => node.start(),
    kill: () => node.kill(),
    pause: () => node.signal("SIGSTOP"),
    resume: () => node.signal("SIGCONT"),
    reject: () => cluster.setTopic(TOPIC, { "max.message.bytes": "1" }),
    accept: () => cluster.setTopic(TOPIC, { "max.message.bytes": "1048576" }),
    arrivals: async () => {
      const messages = await consume(cluster.addresses, { topic: TOPIC });
      return counted(messages.flatMap(({ payload }) => samplesOf(payload)));
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

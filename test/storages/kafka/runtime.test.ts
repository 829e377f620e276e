/* Habits of kafkajs on Bun that must not reach the agent; against the mock cluster of librdkafka. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as net from "node:net";
import { consume, kcatProgram, startMockCluster } from "../../support/kcat.ts";
import { requirement } from "../../support/requirement.ts";

import { tempTree } from "../../support/tree.ts";
import { configFiles, wca } from "../../support/wca.ts";
import { newTopic, openStorage, options, series } from "./support.ts";

setDefaultTimeout(60_000);

const canRun = await requirement("kcat", kcatProgram);

/** What a program prints that uses the storage, and how it ends by itself. */
async function program(given: Parameters<typeof options>[0], statements: string) {
  const script = `
    import { KafkaStorage } from "./src/storages/kafka/kafka.ts";
    const log = new Proxy({}, { get: (_, level) => (text) => level === "debug" || console.log(level, text) });
    const storage = new KafkaStorage(${JSON.stringify(options(given))}, { log, hostname: "h", now: Date.now });
    const up = [{ name: "up", value: 1, labels: {} }];
    ${statements}
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { stdout, stderr, status: await child.exited };
}

/** A server that lets everybody in and never says a word. */
async function silentServer(): Promise<AsyncDisposable & { readonly address: string }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    address: `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe.skipIf(!canRun)("KafkaStorage and the mock cluster", () => {
  test("KafkaStorage is quiet: no warnings of timers, no JSON, and the program ends once it is closed", async () => {
    using cluster = await startMockCluster();
    const ended = await program(
      { topic: newTopic(), brokers_ips: cluster.addresses },
      `await storage.open();
       for (let i = 0; i < 20; i++) await storage.store(up, { timeMs: 1_700_000_000_000 + i, attempt: 1 });
       storage.close();`,
    );
    expect(ended).toEqual({ stdout: "", stderr: "", status: 0 });
  });

  test("kafkajs by itself warns of timers for the year 1970, so that the test above can fail", async () => {
    using cluster = await startMockCluster();
    const ended = await program(
      { topic: newTopic(), brokers_ips: cluster.addresses },
      `const { Kafka, logLevel } = await import("kafkajs");
       const admin = new Kafka({ brokers: ${JSON.stringify(cluster.addresses)}, logLevel: logLevel.NOTHING }).admin();
       await admin.connect();
       await admin.listTopics();
       await admin.disconnect();`,
    );
    expect(ended.stderr).toContain("TimeoutNegativeWarning");
  });

  test("KafkaStorage loads kafkajs only when it is opened", async () => {
    using cluster = await startMockCluster();
    const loaded = "Object.keys(require.cache).some((file) => file.includes('/kafkajs/'))";
    const { stdout } = await program(
      { topic: newTopic(), brokers_ips: cluster.addresses },
      `console.log(${loaded}); await storage.open(); console.log(${loaded}); storage.close();`,
    );
    expect(stdout).toBe("false\ntrue\n");
  });

  test("KafkaStorage splits among brokers by partition and finds each leader", async () => {
    using cluster = await startMockCluster(3);
    await using opened = await openStorage({
      topic: newTopic(),
      brokers_ips: cluster.addresses,
      key: "none",
    });
    for (let i = 0; i < 8; i++) await opened.storage.store(series(3), { timeMs: i, attempt: 1 });
    expect(opened.context.logged.filter(([level]) => level !== "debug")).toEqual([]);
  });

  test("KafkaStorage chooses the partition of a host as other clients do", async () => {
    using cluster = await startMockCluster();
    const topic = newTopic();
    const partitioner = ["-k", "test-host", "-X", "topic.partitioner=murmur2_random"];
    const command = [
      ...(await kcatProgram()),
      "-P",
      "-b",
      cluster.addresses.join(","),
      "-t",
      topic,
      ...partitioner,
    ];
    const child = Bun.spawn(command, {
      stdin: Buffer.from("by librdkafka\n"),
      stdout: "ignore",
      stderr: "inherit",
    });
    expect(await child.exited).toBe(0);
    await using opened = await openStorage({ topic, brokers_ips: cluster.addresses });
    await opened.storage.store(series(1));
    const messages = await consume(cluster.addresses, { topic });
    expect(messages).toHaveLength(2);
    expect(messages[0]?.partition).toBe(messages[1]?.partition ?? -1);
  });

  test("KafkaStorage goes to the next broker of the list when one is away or silent", async () => {
    using cluster = await startMockCluster();
    await using silent = await silentServer();
    const brokers_ips = [silent.address, "127.0.0.1:1", ...cluster.addresses];
    await using opened = await openStorage({ topic: newTopic(), brokers_ips });
    await opened.storage.store(series(3));
    expect(opened.storage.droppedMetrics).toBe(0);
  });
});

test("KafkaStorage settles when a broker says nothing, with a clear error", async () => {
  await using silent = await silentServer();
  await using opened = await openStorage({ topic: newTopic(), brokers_ips: [silent.address] });
  const metrics = series(1);
  const error = await opened.storage.store(metrics).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    message: expect.stringContaining(`no broker can be reached: ${silent.address} not let in within 3 s`),
    undelivered: metrics,
  });
});

test("KafkaStorage can be closed in the middle of everything, and nothing keeps the program alive", async () => {
  await using silent = await silentServer();
  const { stdout, status } = await program(
    { topic: newTopic(), brokers_ips: [silent.address] },
    `await storage.open();
     const stored = storage.store(up).then(() => "stored", (error) => error.message);
     await new Promise((connected) => setTimeout(connected, 50));
     storage.close();
     console.log(await stored);`,
  );
  // And not that the broker did not answer in time.
  expect({ stdout, status }).toEqual({ stdout: expect.stringMatching(/closed: given up\n$/), status: 0 });
});

test("KafkaStorage survives a server that speaks another protocol", async () => {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => void socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    const { port } = server.address() as net.AddressInfo;
    await using opened = await openStorage({ topic: newTopic(), brokers_ips: [`127.0.0.1:${port}`] });
    const metrics = series(1);
    const error = await opened.storage.store(metrics).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "FailedDeliveryError", undelivered: metrics });
  } finally {
    await new Promise((closed) => server.close(closed));
  }
});

test("KafkaStorage is configured under the original's name of the option and the tutorial's", async () => {
  using tree = tempTree({});
  for (const name of ["brokers_ips", "broker_ips"]) {
    configFiles(tree.root, {
      "kafka.yaml": `runner: !MeasurementRunner
  node: !StaticNode {tasks: []}
  metrics_storage: !KafkaStorage {topic: wca, ${name}: ["kafka.example.com"]}
`,
    });
    const { stderr, exitCode } = await wca(["check", "-c", "kafka.yaml"], { cwd: tree.root });
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringContaining('Cannot read the broker "kafka.example.com": wanted host:port'),
      exitCode: 2,
    });
  }
});

test("KafkaStorage says that it is not open", async () => {
  await using opened = await openStorage({ topic: "wca", brokers_ips: ["127.0.0.1:1"] });
  opened.storage.close();
  await expect(opened.storage.store(series(1))).rejects.toThrow(
    'Cannot store metrics in the Kafka topic "wca" at 127.0.0.1:1: the storage is not open',
  );
});

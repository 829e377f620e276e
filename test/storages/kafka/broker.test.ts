/* What KafkaStorage and real brokers agree on: contract, formats, versions, TLS, users, rights, a full disk. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { SSL } from "../../../src/net/ssl.ts";
import { KafkaStorage } from "../../../src/storages/kafka/kafka.ts";
import { storageConformance } from "../../roles/storage.ts";
import { testContext } from "../../support/context.ts";
import { samplesIn } from "../../support/exposition-text.ts";
import {
  KAFKA_VERSIONS,
  type KafkaCluster,
  kafkaClassPath,
  startKafka,
  withAdmin,
} from "../../support/kafka.ts";
import { consume, kcatProgram } from "../../support/kcat.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";
import { until } from "../../support/wca.ts";

import { Line, newTopic, openStorage, options, series } from "./support.ts";

setDefaultTimeout(120_000);

const canRun = await requirement("Apache Kafka, kcat and openssl", async () => {
  for (const version of KAFKA_VERSIONS) await kafkaClassPath(version);
  await kcatProgram();
  if (Bun.which("openssl") === null) throw new Error("no openssl on PATH");
});
const USER = { name: "alice", password: "correct horse" } as const;
const TIME_MS = 1_700_000_000_123;

describe.skipIf(!canRun)("the contract of storages", () => {
  let kafka: KafkaCluster;
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka?.[Symbol.asyncDispose]());

  storageConformance("KafkaStorage", async () => {
    const tree = tempTree({});
    const topic = newTopic();
    const given = options({ topic, brokers_ips: kafka.addresses });
    const storage = new KafkaStorage(given, testContext(tree.host));
    return {
      storage,
      received: async () => {
        const messages = await consume(kafka.addresses, { topic });
        return Object.fromEntries(messages.flatMap(({ payload }) => [...samplesIn(payload)]));
      },
      impede: () => kafka.node.kill(),
      repair: () => kafka.node.start(),
      async [Symbol.asyncDispose]() {
        storage.close();
        tree[Symbol.dispose]();
        await kafka.node.start();
      },
    };
  });
});

for (const version of KAFKA_VERSIONS) {
  describe.skipIf(!canRun)(`Kafka ${version}`, () => {
    let kafka: KafkaCluster;
    let certificates: Certificates;

    beforeAll(async () => {
      certificates = makeCertificates();
      kafka = await startKafka({
        version,
        user: USER,
        tlsKeyStore: certificates.keyStore,
        settings: {
          "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
          "super.users": "User:ANONYMOUS",
        },
      });
    });
    afterAll(async () => {
      await kafka?.[Symbol.asyncDispose]();
      certificates?.[Symbol.dispose]();
    });

    for (const compression of ["none", "gzip", "snappy", "zstd"] as const) {
      test(`Kafka ${version} takes messages with compression ${compression}`, async () => {
        const topic = newTopic();
        await using opened = await openStorage({
          topic,
          brokers_ips: kafka.addresses,
          compression,
          max_message_bytes: 100_000,
        });
        const metrics = series(2000);
        await opened.storage.store(metrics, { timeMs: TIME_MS, attempt: 1 });
        const messages = await consume(kafka.addresses, { topic });
        expect(messages.length).toBeGreaterThan(1);
        expect(messages.map(({ key, ts }) => ({ key, ts }))).toEqual(
          messages.map(() => ({ key: "test-host", ts: TIME_MS })),
        );
        const lines = messages.flatMap(({ payload }) => payload.split("\n"));
        expect(lines.filter((line) => line.endsWith(` 0 ${TIME_MS}`))).toHaveLength(2000);
      });
    }

    test(`Kafka ${version} has all messages of a host in one partition, and without a key in all`, async () => {
      const topics = { host: newTopic(), none: newTopic() };
      for (const topic of Object.values(topics)) await kafka.createTopic(topic, {}, 3);
      const partitions: Record<string, number> = {};
      for (const key of ["host", "none"] as const) {
        await using opened = await openStorage({ topic: topics[key], brokers_ips: kafka.addresses, key });
        for (let i = 0; i < 6; i++)
          await opened.storage.store(series(3), { timeMs: TIME_MS + i, attempt: 1 });
        const messages = await consume(kafka.addresses, { topic: topics[key] });
        expect(messages).toHaveLength(6);
        partitions[key] = new Set(messages.map(({ partition }) => partition)).size;
      }
      expect(partitions).toEqual({ host: 1, none: 3 });
    });

    test(`Kafka ${version} is reached over TLS when its authority is known, and not otherwise`, async () => {
      const { authority, otherAuthority } = certificates;
      const topic = newTopic();
      const given = { topic, brokers_ips: [kafka.node.tlsAddress] };
      await using good = await openStorage({ ...given, ssl: new SSL({ server_verify: authority }) });
      await good.storage.store(series(3), { timeMs: TIME_MS, attempt: 1 });
      await using careless = await openStorage({ ...given, ssl: new SSL({ server_verify: false }) });
      await careless.storage.store(series(4), { timeMs: TIME_MS, attempt: 1 });
      for (const server_verify of [otherAuthority, true]) {
        await using bad = await openStorage({ ...given, ssl: new SSL({ server_verify }) });
        await expect(bad.storage.store(series(5), { timeMs: TIME_MS, attempt: 1 })).rejects.toThrow(
          /certificate/i,
        );
      }
      expect(await consume(kafka.addresses, { topic })).toHaveLength(2);
    });

    test(`Kafka ${version} is reached over TLS with the authorities of the system`, async () => {
      const topic = newTopic();
      const config = JSON.stringify(options({ topic, brokers_ips: [kafka.node.tlsAddress] }));
      const script = `
        import { SSL } from "./src/net/ssl.ts";
        import { KafkaStorage } from "./src/storages/kafka/kafka.ts";
        const log = { warning: console.error, debug: () => {} };
        const ssl = new SSL({ server_verify: true });
        const storage = new KafkaStorage({ ...${config}, ssl }, { log, hostname: "h", now: Date.now });
        await storage.open();
        await storage.store([{ name: "up", value: 1, labels: {} }]);
        storage.close();
      `;
      // What the system trusts is read from there, as by OpenSSL.
      const env = { ...process.env, SSL_CERT_FILE: certificates.authority };
      const child = Bun.spawn([process.execPath, "-e", script], { env, stdout: "pipe", stderr: "pipe" });
      expect({ stderr: await child.stderr.text(), status: await child.exited }).toEqual({
        stderr: "",
        status: 0,
      });
      expect(await consume(kafka.addresses, { topic })).toHaveLength(1);
    });

    test(`Kafka ${version} lets in a user with each mechanism, once it may write`, async () => {
      for (const mechanism of ["plain", "scram-sha-256", "scram-sha-512"] as const) {
        const sasl = { mechanism, username: USER.name, password: USER.password };
        await using line = await Line.open(
          { brokers_ips: [kafka.node.saslAddress], sasl },
          { readFrom: kafka.addresses, metrics: 10 },
        );
        await kafka.createTopic(line.topic);
        line.offer();
        await until(() => line.failures > 0);
        expect(line.context.logged.at(-1)?.[1] ?? "").toContain("TOPIC_AUTHORIZATION_FAILED");
        await withAdmin(kafka.addresses, (admin) => admin.createAcls({ acl: [mayWrite(line.topic)] }));
        await line.settled();
        expect(await line.balance()).toEqual({ offered: 10, dropped: 0, read: 10, twice: 0 });
        // The producer id needs no further right.
        expect(line.context.logged.filter(([level]) => level === "warning")).toEqual([]);
      }
    });

    test(`Kafka ${version} turns a wrong password away, which is nowhere to be read`, async () => {
      for (const mechanism of ["plain", "scram-sha-256"] as const) {
        const sasl = { mechanism, username: USER.name, password: "wrong battery" };
        await using opened = await openStorage({
          topic: newTopic(),
          brokers_ips: [kafka.node.saslAddress],
          sasl,
        });
        const error: Error = await opened.storage.store(series(1)).then(
          () => new Error("stored"),
          (thrown: Error) => thrown,
        );
        expect(error.message).toMatch(/authentication/i);
        const said = JSON.stringify([error.message, error.stack, opened.context.logged]);
        expect(said).not.toContain("wrong battery");
        expect(said).not.toContain(Buffer.from("wrong battery").toString("base64"));
      }
    });
  });
}

const canMount =
  canRun &&
  (await requirement("the right to mount", () => {
    using tree = tempTree({});
    mountTmpfs(tree.root, "1m");
    umount(tree.root);
  }));

describe.skipIf(!canMount)("a broker with a full disk", () => {
  test("KafkaStorage waits for a broker whose disk is full, and everything is there once", async () => {
    using tree = tempTree({});
    const disk = path.join(tree.root, "disk");
    fs.mkdirSync(disk);
    mountTmpfs(disk, "24m");
    try {
      await using kafka = await startKafka({
        directory: path.join(tree.root, "kafka"),
        settings: {
          "log.dirs": path.join(disk, "log"),
          "metadata.log.dir": path.join(tree.root, "metadata"),
          "log.index.size.max.bytes": "65536",
          "offsets.topic.num.partitions": "1",
        },
      });
      await using line = await Line.open(
        { brokers_ips: kafka.addresses, max_queued_batches: 1000, max_message_bytes: 200_000 },
        { metrics: 5000 },
      );
      await line.offerUntil(() => line.failures > 0);
      await until(() => !kafka.node.isRunning);
      mountTmpfs(disk, "512m", ["-o", "remount"]);
      await kafka.node.start();
      await line.settled();
      const { offered, ...rest } = await line.balance();
      expect(rest).toEqual({ dropped: 0, read: offered, twice: 0 });
    } finally {
      umount(disk);
    }
  });
});

function mountTmpfs(directory: string, size: string, words: readonly string[] = []): void {
  run(["mount", ...words, "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
}

function umount(directory: string): void {
  run(["umount", "--lazy", directory]);
}

interface Certificates extends Disposable {
  readonly authority: string;
  readonly otherAuthority: string;
  /** Key and certificate of the server. */
  readonly keyStore: string;
}

function makeCertificates(): Certificates {
  const tree = tempTree({ "san.cnf": "subjectAltName=IP:127.0.0.1,DNS:localhost\n" });
  const file = (name: string) => path.join(tree.root, name);
  for (const name of ["authority", "other"]) {
    run([
      ...[
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        `/CN=wca ${name}`,
      ],
      ...["-keyout", file(`${name}.key`), "-out", file(`${name}.pem`)],
    ]);
  }
  run([
    ...["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kafka"],
    ...["-keyout", file("server.key"), "-out", file("server.csr")],
  ]);
  run([
    ...["openssl", "x509", "-req", "-in", file("server.csr"), "-days", "2", "-extfile", file("san.cnf")],
    ...[
      "-CA",
      file("authority.pem"),
      "-CAkey",
      file("authority.key"),
      "-CAcreateserial",
      "-out",
      file("server.pem"),
    ],
  ]);
  const parts = ["server.key", "server.pem"].map((name) => fs.readFileSync(file(name), "utf8"));
  fs.writeFileSync(file("keystore.pem"), parts.join(""));
  return {
    authority: file("authority.pem"),
    otherAuthority: file("other.pem"),
    keyStore: file("keystore.pem"),
    [Symbol.dispose]: () => tree[Symbol.dispose](),
  };
}

function run(command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`Cannot run "${command.join(" ")}": ${stderr.toString()}`);
}

function mayWrite(topic: string) {
  return {
    resourceType: 2,
    resourceName: topic,
    resourcePatternType: 3,
    principal: `User:${USER.name}`,
    host: "*",
    operation: 4,
    permissionType: 3,
  };
}

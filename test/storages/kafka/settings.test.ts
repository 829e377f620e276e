import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { SSL } from "../../../src/net/ssl.ts";
import { type KafkaOptions, kafkaSettings } from "../../../src/storages/kafka/settings.ts";
import { tempTree } from "../../support/tree.ts";

function settings(given: Partial<KafkaOptions>) {
  const { tls, credentials, ...plain } = kafkaSettings(
    { topic: "wca", brokers_ips: ["127.0.0.1:9092"], max_timeout_in_seconds: 0.5, key: "host", ...given },
    { hostname: "node-7" },
  );
  return { ...plain, tls: tls(), credentials };
}

test("kafkaSettings() has sensible values when only the topic is given", () => {
  const { credentials: _, ...plain } = settings({});
  expect(plain).toEqual({
    topic: "wca",
    brokers: [{ host: "127.0.0.1", port: 9092 }],
    key: "node-7",
    clientId: "wca",
    acks: "all",
    idempotent: true,
    compression: "none",
    maxMessageBytes: 1_000_000,
    acknowledgementMs: 500,
    tls: undefined,
    warnings: [],
  });
});

test("kafkaSettings() takes what keys of librdkafka say, and names those without effect", () => {
  const { credentials: _, ...plain } = settings({
    extra_config: {
      "client.id": "old",
      "request.required.acks": 1,
      "compression.codec": "snappy",
      "message.max.bytes": 5000,
      "linger.ms": 5,
      "bootstrap.servers": "other:1",
      "socket.keepalive.enable": true,
    },
  });
  expect(plain).toMatchObject({
    clientId: "old",
    acks: "leader",
    idempotent: false,
    compression: "snappy",
    maxMessageBytes: 5000,
    warnings: [
      'extra_config "bootstrap.servers" is overridden: brokers_ips',
      "extra_config has keys without effect here: linger.ms, socket.keepalive.enable",
    ],
  });
});

test("kafkaSettings() lets options win over extra_config and says so", () => {
  const { compression, acks, warnings } = settings({
    compression: "zstd",
    acks: "all",
    extra_config: { "compression.type": "gzip", acks: "1", "client.id": "x" },
  });
  expect({ compression, acks, warnings }).toEqual({
    compression: "zstd",
    acks: "all",
    warnings: [
      'extra_config "acks" is overridden by the storage\'s own option',
      'extra_config "compression.type" is overridden by the storage\'s own option',
    ],
  });
});

test("kafkaSettings() reads TLS and SASL of extra_config as librdkafka does", async () => {
  using tree = tempTree({ "ca.pem": "-----BEGIN CERTIFICATE-----\n" });
  const ca = `${tree.root}/ca.pem`;
  const { tls, credentials } = settings({
    extra_config: {
      "security.protocol": "SASL_SSL",
      "ssl.ca.location": ca,
      "sasl.mechanisms": "SCRAM-SHA-512",
      "sasl.username": "wca",
      "sasl.password": "hidden",
    },
  });
  expect(tls).toMatchObject({ rejectUnauthorized: true, ca: "-----BEGIN CERTIFICATE-----\n" });
  expect(await credentials()).toEqual({ mechanism: "scram-sha-512", username: "wca", password: "hidden" });
});

test("kafkaSettings() trusts the authorities of the system when no other are named", () => {
  const { tls } = settings({ ssl: new SSL({ server_verify: true }) });
  expect(tls).toMatchObject({ rejectUnauthorized: true, minVersion: "TLSv1.2" });
  expect(tls).not.toHaveProperty("ca");
});

test("kafkaSettings() keeps the cipher suites of the user", () => {
  const { tls } = settings({ extra_config: { "security.protocol": "ssl", "ssl.cipher.suites": "A:B" } });
  expect(tls?.ciphers).toBe("A:B");
});

test("kafkaSettings() says that cipher suites of the user replace those of the TLS option", () => {
  const given = { extra_config: { "ssl.cipher.suites": "A:B" }, ssl: new SSL({ server_verify: true }) };
  const { tls, warnings } = settings(given);
  expect(tls?.ciphers).toBe("A:B");
  expect(warnings).toEqual([
    'extra_config "ssl.cipher.suites" is used in place of the cipher suites of "ssl"',
  ]);
  expect(
    settings({ extra_config: { "security.protocol": "ssl", "ssl.cipher.suites": "A" } }).warnings,
  ).toEqual([]);
});

test("kafkaSettings() reads the password file anew for each connection", async () => {
  using tree = tempTree({ secret: "one\n" });
  const file = `${tree.root}/secret`;
  const { credentials } = settings({
    sasl: { mechanism: "plain", username: "wca", password_file: file },
  });
  expect((await credentials())?.password).toBe("one");
  fs.writeFileSync(file, "two\n");
  expect((await credentials())?.password).toBe("two");
});

test("kafkaSettings() waits thirty seconds when the time-out is 0", () => {
  expect(settings({ max_timeout_in_seconds: 0 }).acknowledgementMs).toBe(30_000);
});

test("kafkaSettings() puts the host into the topic", () => {
  expect(settings({ topic: "wca.{host}-{host}" }).topic).toBe("wca.node-7-node-7");
});

const BAD: Readonly<Record<string, { readonly given: Partial<KafkaOptions>; readonly message: string }>> = {
  "a topic with a space": {
    given: { topic: "a b" },
    message: 'Cannot use the topic "a b": wanted letters, digits, ".", "_", "-" and {host}',
  },
  "an unknown template": {
    given: { topic: "wca-{rack}" },
    message: 'Cannot use the topic "wca-{rack}": wanted letters, digits, ".", "_", "-" and {host}',
  },
  "a topic that is too long with its host": {
    given: { topic: `${"a".repeat(245)}{host}` },
    message: "wanted up to 249 characters",
  },
  "a topic of two dots": { given: { topic: ".." }, message: 'and not "." or ".."' },
  "a broker without a port": { given: { brokers_ips: ["kafka"] }, message: "wanted host:port" },
  "a compression that is not there": {
    given: { extra_config: { "compression.type": "lz4" } },
    message: 'extra_config "compression.type" is "lz4", wanted one of none, gzip, snappy, zstd',
  },
  "an unknown key about security": {
    given: { extra_config: { "ssl.crl.location": "/x" } },
    message: 'extra_config "ssl.crl.location" is not possible here; see the options "ssl" and "sasl"',
  },
  "SASL without a user": {
    given: { extra_config: { "security.protocol": "sasl_plaintext" } },
    message: "extra_config asks for SASL: wanted sasl.mechanism, sasl.username and sasl.password too",
  },
  "a message size of nothing": {
    given: { extra_config: { "message.max.bytes": 10 } },
    message: "max_message_bytes is 10, wanted 1000 to 50000000",
  },
  "SASL without a password": {
    given: { sasl: { mechanism: "plain", username: "wca" } },
    message: '"sasl" needs one of "password" and "password_file"',
  },
  "SASL with two passwords": {
    given: { sasl: { mechanism: "plain", username: "wca", password: "a", password_file: "/b" } },
    message: '"sasl" needs one of "password" and "password_file"',
  },
  "a password file that is missing": {
    given: { sasl: { mechanism: "plain", username: "wca", password_file: "/does/not/exist" } },
    message: 'Cannot read password_file "/does/not/exist": ENOENT',
  },
};

for (const [what, { given, message }] of Object.entries(BAD)) {
  test(`kafkaSettings() refuses ${what}`, () => {
    expect(() => settings(given)).toThrow(message);
    expect(() => settings(given)).toThrow(TypeError);
  });
}

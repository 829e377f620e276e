import type { Context } from "../../config/component.ts";
import type { TlsMaterial, TlsSettings } from "../../model/roles.ts";
import { readSecret } from "../../net/files.ts";
import { SSL } from "../../net/ssl.ts";
import { type Address, parseAddress } from "./address.ts";
import type { Compression } from "./codecs.ts";
import type { Credentials } from "./connection.ts";
import { type ExtraSettings, readExtraConfig } from "./extra-config.ts";
import { expandTopic } from "./topic.ts";

/** Below this a message has hardly room for one metric. */
const SMALLEST_MESSAGE_BYTES = 1_000;
const LARGEST_MESSAGE_BYTES = 50_000_000;
/** A little less than brokers take when nobody has told them otherwise (1,048,588). */
const DEFAULT_MESSAGE_BYTES = 1_000_000;
/** What "no limit" means for somebody who has to be done some time. */
const LONGEST_ACKNOWLEDGEMENT_MS = 30_000;

/** Options of the user that decide on {@link KafkaSettings}. */
export interface KafkaOptions {
  readonly topic: string;
  readonly brokers_ips: readonly string[];
  readonly max_timeout_in_seconds: number;
  readonly extra_config?: Readonly<Record<string, string | number | boolean>> | null | undefined;
  readonly ssl?: TlsSettings | null | undefined;
  readonly sasl?: SaslOptions | null | undefined;
  readonly client_id?: string | undefined;
  readonly acks?: "all" | "leader" | undefined;
  readonly idempotent?: boolean | undefined;
  readonly compression?: Compression | undefined;
  readonly max_message_bytes?: number | undefined;
  readonly key: "host" | "none";
}

export interface SaslOptions {
  readonly mechanism: Credentials["mechanism"];
  readonly username: string;
  readonly password?: string | undefined;
  readonly password_file?: string | undefined;
}

/** What the storage works with: options, `extra_config` and defaults put together. */
export interface KafkaSettings {
  readonly topic: string;
  readonly brokers: readonly Address[];
  readonly key: string | undefined;
  readonly clientId: string;
  readonly acks: "all" | "leader";
  readonly idempotent: boolean;
  readonly compression: Compression;
  readonly maxMessageBytes: number;
  readonly acknowledgementMs: number;
  readonly tls: () => TlsMaterial | undefined;
  readonly credentials: () => Promise<Credentials | undefined>;
  /** For the log, once. */
  readonly warnings: readonly string[];
}

/** Throws TypeError for what contradicts itself or cannot be. */
export function kafkaSettings(options: KafkaOptions, { hostname }: Pick<Context, "hostname">): KafkaSettings {
  const extra = Object.fromEntries(
    Object.entries(options.extra_config ?? {}).map(([key, value]) => [key, String(value)]),
  );
  const { settings, warnings: extraWarnings, keys } = readExtraConfig(extra);
  const given = givenSettings(options);
  const overridden = Object.keys(given).flatMap((name) => keys[name as keyof ExtraSettings] ?? []);
  const all: ExtraSettings = { ...settings, ...given };
  const credentials = credentialsOf(options, all);
  const { acks = "all", idempotent = true, compression = "none" } = all;
  const { maxMessageBytes = DEFAULT_MESSAGE_BYTES, clientId = "wca" } = all;
  if (maxMessageBytes < SMALLEST_MESSAGE_BYTES || maxMessageBytes > LARGEST_MESSAGE_BYTES) {
    throw new TypeError(
      `max_message_bytes is ${maxMessageBytes}, wanted ${SMALLEST_MESSAGE_BYTES} to ${LARGEST_MESSAGE_BYTES}`,
    );
  }
  return {
    topic: expandTopic(options.topic, hostname),
    brokers: options.brokers_ips.map(parseAddress),
    key: options.key === "host" ? hostname : undefined,
    clientId,
    acks,
    idempotent: idempotent && acks === "all",
    compression,
    maxMessageBytes,
    acknowledgementMs: options.max_timeout_in_seconds * 1000 || LONGEST_ACKNOWLEDGEMENT_MS,
    tls: tlsOf(options, all),
    credentials,
    warnings: [
      ...extraWarnings,
      ...[...new Set(overridden)].map(
        (key) => `extra_config "${key}" is overridden by the storage's own option`,
      ),
      ...(options.ssl == null || all.ciphers === undefined
        ? []
        : ['extra_config "ssl.cipher.suites" is used in place of the cipher suites of "ssl"']),
    ],
  };
}

/** What the options say that `extra_config` can say too. */
function givenSettings(options: KafkaOptions): ExtraSettings {
  const { client_id, acks, idempotent, compression, max_message_bytes, ssl, sasl } = options;
  return {
    ...(client_id === undefined ? {} : { clientId: client_id }),
    ...(acks === undefined ? {} : { acks }),
    ...(idempotent === undefined ? {} : { idempotent }),
    ...(compression === undefined ? {} : { compression }),
    ...(max_message_bytes === undefined ? {} : { maxMessageBytes: max_message_bytes }),
    ...(ssl == null ? {} : { tls: true, caFile: "", certFile: "", keyFile: "", verify: true }),
    ...(sasl == null
      ? {}
      : { sasl: true, mechanism: sasl.mechanism, username: sasl.username, password: sasl.password ?? "" }),
  };
}

function tlsOf({ ssl }: KafkaOptions, all: ExtraSettings): () => TlsMaterial | undefined {
  const { tls, caFile, certFile, keyFile, verify = true, ciphers } = all;
  const rules = ssl ?? (tls === true ? sslOfFiles() : undefined);
  if (rules === undefined) return () => undefined;
  return () => ({ ...rules.material(), ...(ciphers === undefined ? {} : { ciphers }) });

  function sslOfFiles(): TlsSettings {
    return new SSL({
      server_verify: verify && (caFile ?? true),
      client_cert_path: certFile ?? null,
      client_key_path: keyFile ?? null,
    });
  }
}

function credentialsOf(
  { sasl: options }: KafkaOptions,
  { sasl, mechanism, username, password }: ExtraSettings,
): () => Promise<Credentials | undefined> {
  const file = options?.password_file;
  if (options != null && (options.password === undefined) === (file === undefined)) {
    throw new TypeError('"sasl" needs one of "password" and "password_file"');
  }
  // What cannot be read now is a fault of the configuration.
  if (file !== undefined) readSecret("password_file", file);
  if (sasl !== true) return async () => undefined;
  if (mechanism === undefined || username === undefined || (password === undefined && file === undefined)) {
    throw new TypeError(
      "extra_config asks for SASL: wanted sasl.mechanism, sasl.username and sasl.password too",
    );
  }
  return async () => ({
    mechanism,
    username,
    password: file === undefined ? (password ?? "") : readSecret("password_file", file),
  });
}

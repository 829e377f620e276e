import type { Compression } from "./codecs.ts";

/** What `extra_config` can say, in our terms. */
export interface ExtraSettings {
  clientId?: string;
  acks?: "all" | "leader";
  idempotent?: boolean;
  compression?: Compression;
  maxMessageBytes?: number;
  tls?: boolean;
  sasl?: boolean;
  mechanism?: "plain" | "scram-sha-256" | "scram-sha-512";
  username?: string;
  password?: string;
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  verify?: boolean;
  ciphers?: string;
}

/** What became of the keys. */
export interface ReadExtraConfig {
  readonly settings: ExtraSettings;
  /** One for each key, or group of keys, that has not the effect that was wanted. */
  readonly warnings: readonly string[];
  /** Setting → the key that gave it. */
  readonly keys: Readonly<Partial<Record<keyof ExtraSettings, string>>>;
}

type Reader = (value: string) => Partial<ExtraSettings>;

const compression: Reader = (value) => ({ compression: choice(value, COMPRESSION_NAMES) });
const acks: Reader = (value) => ({ acks: choice(value, ACKS_NAMES) });
const mechanism: Reader = (value) => ({ mechanism: choice(value, MECHANISM_NAMES) });

const COMPRESSION_NAMES = { none: "none", gzip: "gzip", snappy: "snappy", zstd: "zstd" } as const;
const ACKS_NAMES = { all: "all", "-1": "all", "1": "leader", "0": "leader" } as const;
const MECHANISM_NAMES = {
  PLAIN: "plain",
  "SCRAM-SHA-256": "scram-sha-256",
  "SCRAM-SHA-512": "scram-sha-512",
} as const;
const PROTOCOLS = {
  plaintext: { tls: false, sasl: false },
  ssl: { tls: true, sasl: false },
  sasl_plaintext: { tls: false, sasl: true },
  sasl_ssl: { tls: true, sasl: true },
} as const;
const TRUTHS = { true: true, false: false, "1": true, "0": false } as const;

/** Keys of librdkafka that mean something here, by its CONFIGURATION.md. */
const READERS: Readonly<Record<string, Reader>> = {
  "client.id": (clientId) => ({ clientId }),
  acks,
  "request.required.acks": acks,
  "enable.idempotence": (value) => ({ idempotent: choice(value, TRUTHS) }),
  "compression.type": compression,
  "compression.codec": compression,
  "message.max.bytes": (value) => ({ maxMessageBytes: wholeNumber(value) }),
  "security.protocol": (value) => choice(value.toLowerCase(), PROTOCOLS),
  "sasl.mechanism": mechanism,
  "sasl.mechanisms": mechanism,
  "sasl.username": (username) => ({ username }),
  "sasl.password": (password) => ({ password }),
  "ssl.ca.location": (caFile) => ({ caFile }),
  "ssl.certificate.location": (certFile) => ({ certFile }),
  "ssl.key.location": (keyFile) => ({ keyFile }),
  "ssl.cipher.suites": (ciphers) => ({ ciphers }),
  "enable.ssl.certificate.verification": (value) => ({ verify: choice(value, TRUTHS) }),
};

/** Keys that an option replaces. */
const REPLACED: Readonly<Record<string, string>> = {
  "bootstrap.servers": "brokers_ips",
  "metadata.broker.list": "brokers_ips",
  "ssl.enabled.protocols": "TLS 1.2 or later, always",
};

/** Beginnings of keys about who may see what: to leave one out in silence would be a hole. */
const SECURITY = /^(?:ssl|sasl|security|https)\./;

/** Reads keys of librdkafka. Throws TypeError for a value that cannot be, and for a key about security that is not known here. */
export function readExtraConfig(extra: Readonly<Record<string, string>>): ReadExtraConfig {
  const settings: ExtraSettings = {};
  const keys: Partial<Record<keyof ExtraSettings, string>> = {};
  const warnings: string[] = [];
  const idle: string[] = [];
  for (const [key, value] of Object.entries(extra)) {
    const replacement = REPLACED[key];
    const reader = READERS[key];
    if (replacement !== undefined) {
      warnings.push(`extra_config "${key}" is overridden: ${replacement}`);
    } else if (reader !== undefined) {
      const read = readKey(key, value, reader);
      Object.assign(settings, read);
      for (const name of Object.keys(read)) keys[name as keyof ExtraSettings] = key;
    } else if (SECURITY.test(key)) {
      throw new TypeError(`extra_config "${key}" is not possible here; see the options "ssl" and "sasl"`);
    } else {
      idle.push(key);
    }
  }
  if (extra["acks"] === "0" || extra["request.required.acks"] === "0") {
    warnings.push(
      'extra_config "acks" of 0 is overridden: the leader acknowledges, as losses could not be counted',
    );
  }
  if (idle.length > 0) warnings.push(`extra_config has keys without effect here: ${idle.join(", ")}`);
  return { settings, warnings, keys };
}

function readKey(key: string, value: string, reader: Reader): Partial<ExtraSettings> {
  try {
    return reader(value);
  } catch (cause) {
    // Passwords are read as they are and cannot fail, so the value may be shown.
    throw new TypeError(`extra_config "${key}" is "${value}", ${(cause as Error).message}`, { cause });
  }
}

function choice<T>(value: string, choices: Readonly<Record<string, T>>): T {
  const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (chosen === undefined) throw new RangeError(`wanted one of ${Object.keys(choices).join(", ")}`);
  return chosen;
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new RangeError("wanted a whole number of bytes");
  return Number(value);
}

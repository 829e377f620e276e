import * as net from "node:net";
import * as tls from "node:tls";
import type Connection from "kafkajs/src/network/connection.js";
import type { ApiVersions, Logger } from "kafkajs/src/network/connection.js";
import type { Log } from "../../model/log.ts";
import type { TlsMaterial } from "../../model/roles.ts";
import { type Address, formatAddress } from "./address.ts";
import type { Kafkajs } from "./kafkajs.ts";
import { within } from "./within.ts";

export interface Credentials {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: string;
}

/** How connections to the brokers of one storage are made. */
export interface ConnectionSettings {
  readonly clientId: string;
  readonly log: Log;
  /** Read anew for each connection: certificates and passwords are renewed while the agent runs. */
  readonly tls: () => TlsMaterial | undefined;
  readonly credentials: () => Promise<Credentials | undefined>;
}

/** Requests that this program makes. */
export type Api = "Metadata" | "Produce" | "InitProducerId";

/** From the first packet until the broker has let us in. */
const CONNECT_MS = 3_000;
/** Probes of an idle connection, so that a broker that vanished is noticed. */
const KEEP_ALIVE_MS = 60_000;
const KEYS_OF_NODE_TLS = ["ca", "cert", "key", "ciphers", "minVersion", "rejectUnauthorized"] as const;

/**
 * One connection to one broker, authenticated.
 *
 * Wraps the connection of kafkajs, which has habits that a program which runs for months cannot afford:
 * - after each answer it sets a timer for the year 1970 (`TimeoutNegativeWarning` on standard error);
 * - it looks for late requests ten times a second, for as long as it lives;
 * - its `disconnect` waits for answers that never come, and leaves the socket half open;
 * - it hears of a broken socket by `end` and `error` only, not by `close`;
 * - it writes JSON to the console, errors included that the caller is told anyway.
 */
export class BrokerConnection {
  readonly address: Address;
  readonly #kafkajs: Kafkajs;
  readonly #connection: Connection;
  readonly #socket: () => net.Socket | undefined;
  #versions: ApiVersions = {};
  #closed = false;

  private constructor(address: Address, kafkajs: Kafkajs, { connection, socket }: Parts) {
    this.address = address;
    this.#kafkajs = kafkajs;
    this.#connection = connection;
    this.#socket = socket;
  }

  /** Connects, asks for the versions of requests, authenticates. `signal` gives it up. */
  static async open(
    address: Address,
    { kafkajs, settings, signal }: { kafkajs: Kafkajs; settings: ConnectionSettings; signal: AbortSignal },
  ): Promise<BrokerConnection> {
    const opened = new BrokerConnection(address, kafkajs, await prepare(address, { kafkajs, settings }));
    const giveUp = () => opened.destroy("given up");
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      signal.throwIfAborted();
      await within(opened.#enter(), { ms: CONNECT_MS, message: `not let in within ${CONNECT_MS / 1000} s` });
      return opened;
    } catch (error) {
      opened.destroy("not let in");
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  get isOpen(): boolean {
    return !this.#closed && this.#connection.isConnected();
  }

  knows(api: Api): boolean {
    const versions = this.#versions[this.#kafkajs.apiKeys[api]];
    return versions !== undefined;
  }

  /** Sends a request in the newest version that both sides know. `read` gets the decoded answer, error codes and all. */
  async request<T>(api: Api, options: object, read: (answer: unknown) => T): Promise<T> {
    const { lookup, requests, apiKeys } = this.#kafkajs;
    const { request, response } = lookup(this.#versions)(apiKeys[api], requests[api])(options);
    const reading = { decode: response.decode, parse: async (decoded: unknown) => read(decoded) };
    return (await this.#connection.send({ request, response: reading, logResponseError: false })) as T;
  }

  /** At once: what is under way fails. */
  destroy(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const error = new Error(`connection to ${formatAddress(this.address)} closed: ${reason}`);
    this.#connection.requestQueue.destroy();
    this.#connection.rejectRequests(error);
    // With an error, so that a `connect` under way ends and clears its timer.
    this.#socket()?.destroy(error);
  }

  async #enter(): Promise<void> {
    await this.#connection.connect();
    this.#socket()?.once("close", () => this.destroy("by the broker"));
    this.#versions = await this.#askVersions();
    this.#connection.setVersions(this.#versions);
    const { SaslAuthenticate } = this.#kafkajs.apiKeys;
    this.#connection.setSupportAuthenticationProtocol(this.#versions[SaslAuthenticate] !== undefined);
    await this.#connection.authenticate();
  }

  /** A broker that does not know the version asked for says so, and is asked again with an older one. */
  async #askVersions(): Promise<ApiVersions> {
    const definition = this.#kafkajs.requests.ApiVersions;
    const candidates = definition.versions.map(Number).sort((a, b) => b - a);
    for (const version of candidates) {
      const { request, response } = definition.protocol({ version })({});
      try {
        const answer = await this.#connection.send({ request, response, logResponseError: false });
        const { apiVersions } = answer as {
          apiVersions: readonly { apiKey: number; minVersion: number; maxVersion: number }[];
        };
        return Object.fromEntries(apiVersions.map(({ apiKey, ...range }) => [apiKey, range]));
      } catch (error) {
        if ((error as { type?: string }).type !== "UNSUPPORTED_VERSION") throw error;
      }
    }
    throw new Error("the broker knows none of our versions of ApiVersions");
  }
}

interface Parts {
  readonly connection: Connection;
  /** Absent before `connect`. */
  readonly socket: () => net.Socket | undefined;
}

async function prepare(
  address: Address,
  { kafkajs, settings }: { readonly kafkajs: Kafkajs; readonly settings: ConnectionSettings },
): Promise<Parts> {
  const { clientId, log, tls: material, credentials } = settings;
  let socket: net.Socket | undefined;
  const connection = new kafkajs.Connection({
    host: address.host,
    port: address.port,
    clientId,
    logger: debugLogger(log),
    ssl: material() ?? null,
    sasl: (await credentials()) ?? null,
    connectionTimeout: CONNECT_MS,
    requestTimeout: CONNECT_MS,
    // Callers have deadlines of their own.
    enforceRequestTimeout: false,
    socketFactory: ({ host, port, ssl, onConnect }) => {
      socket =
        ssl === null ? net.connect({ host, port }, onConnect) : connectTls({ host, port }, ssl, onConnect);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.setNoDelay(true);
      return socket;
    },
  });
  const { requestQueue } = connection;
  const schedule = requestQueue.scheduleCheckPendingRequests.bind(requestQueue);
  requestQueue.scheduleCheckPendingRequests = () => {
    if (requestQueue.pending.length > 0) schedule();
  };
  return { connection, socket: () => socket };
}

function connectTls(address: Address, material: object, onConnect: () => void): tls.TLSSocket {
  const known = Object.fromEntries(
    KEYS_OF_NODE_TLS.map((key) => [key, (material as Partial<TlsMaterial>)[key]]).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return tls.connect(
    {
      ...address,
      ...(net.isIP(address.host) === 0 ? { servername: address.host } : {}),
      // Otherwise those that come with Bun.
      ca: tls.getCACertificates("system"),
      ...known,
    },
    onConnect,
  );
}

/** Whatever kafkajs has to say; failures reach the log as errors of deliveries. */
function debugLogger(log: Log): Logger {
  const debug = (message: string, extra?: object) => {
    const { broker, error } = (extra ?? {}) as { readonly broker?: string; readonly error?: string };
    log.debug([`kafkajs: ${message}`, broker, error].filter((part) => part !== undefined).join(", "));
  };
  const logger: Logger = { info: debug, error: debug, warn: debug, debug, namespace: () => logger };
  return logger;
}

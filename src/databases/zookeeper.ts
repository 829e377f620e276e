import { z } from "zod";
import { type Context, defineComponent } from "../config/component.ts";
import { ref, seconds } from "../config/schema.ts";
import { Database } from "../model/roles.ts";
import { DatabaseError } from "./errors.ts";
import { type HostFailure, noHostAvailable } from "./hosts.ts";
import { keyText, valueBytes } from "./key.ts";
import { completeOptions, type WrittenOptions } from "./options.ts";
import { Turns } from "./turns.ts";
import { parseAddress, parseNamespace } from "./zookeeper/address.ts";
import type { Connection } from "./zookeeper/connection.ts";
import { ConnectionLost } from "./zookeeper/connection-lost.ts";
import { Ensemble } from "./zookeeper/ensemble.ts";
import { deleteNode, type NodeTarget, readNode, writeNode } from "./zookeeper/nodes.ts";
import { Refused } from "./zookeeper/protocol.ts";

/** After all hosts failed, before the next round of them. */
const PAUSE_MS = 200;
/** Less than this is no time for another attempt; timers may come a little early too. */
const SHORTEST_MS = 20;

/** Answers of a server that cannot serve us, where another one may. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "CONNECTIONLOSS",
  "OPERATIONTIMEOUT",
  "SESSIONEXPIRED",
  "SESSIONMOVED",
  "NOTREADONLY",
  "THROTTLEDOP",
]);

/**
 * An ensemble of ZooKeeper 3.4 or later. A value is the node `namespace/key`. Connects at the first use, and to
 * another host whenever a connection is lost; what was going on is then tried again until the time is up, so that
 * setting may happen twice. A read sees all that was set before it
 * through the same server; what was set through another one it may miss for a moment: see `readNode`.
 */
export class ZookeeperDatabase extends Database {
  static readonly component = defineComponent("database", {
    doc: "Keeps values in ZooKeeper, one node for each key, for components that need a key-value store. Goes to the next host when one is lost. A value has at most about 1 MB.",
    options: {
      hosts: z
        .array(
          z
            .string()
            .refine((text) => parseAddress(text) !== undefined, { error: "an address such as zk1:2181" })
            .meta({ words: "an address such as zk1:2181" }),
        )
        .min(1)
        .describe("Servers of the ensemble: `zk1:2181`, `[fd00::1]:2181`; 2181 if there is no port."),
      namespace: z
        .string()
        .refine((text) => parseNamespace(text) !== undefined, {
          error: "a path of ZooKeeper such as wca/agents",
        })
        .meta({ words: "a path of ZooKeeper such as wca/agents" })
        .describe("Node below which the keys are; made with its parents when something is set."),
      timeout: seconds({ min: 1, max: 60 })
        .default(5)
        .describe("How long reading or setting a value may take, with finding a host that serves."),
      ssl: ref("ssl").nullish().describe("TLS, for the secure port of the servers. Left out: no TLS."),
    },
  });

  readonly #hosts: EnsembleHosts;
  readonly #namespace: string;
  readonly #warn: (message: string) => void;
  readonly #turns = new Turns();
  #ensemble: Ensemble | undefined;

  /** The context is there when a configuration file names the database; a program can leave it out. */
  constructor(options: WrittenOptions<typeof ZookeeperDatabase>, context?: Pick<Context, "log">) {
    super();
    const { hosts, namespace, timeout, ssl } = completeOptions(ZookeeperDatabase, options);
    this.#hosts = {
      addresses: hosts.flatMap((host) => parseAddress(host) ?? []),
      timeoutMs: timeout * 1000,
      tls: ssl == null ? undefined : () => ssl.material(),
    };
    this.#namespace = parseNamespace(namespace) ?? "";
    this.#warn = (message) => context?.log.warning(message);
  }

  override async set(key: Uint8Array | string, value: Uint8Array): Promise<void> {
    const name = keyText(key);
    const bytes = valueBytes(value);
    const asked = this.#ask("set", name);
    await this.#turns.take(name, () => this.#attempt(asked, (target) => writeNode(target, bytes)));
  }

  override async get(key: Uint8Array | string): Promise<Uint8Array | null> {
    const asked = this.#ask("get", keyText(key));
    return (await this.#turns.beside(this.#attempt(asked, readNode))) ?? null;
  }

  override async delete(key: Uint8Array | string): Promise<void> {
    const name = keyText(key);
    const asked = this.#ask("delete", name);
    await this.#turns.take(name, () => this.#attempt(asked, deleteNode));
  }

  /** Ends the session when all that is going on is done, after 5 s at the latest. Another use connects anew. */
  async close(): Promise<void> {
    const ensemble = this.#ensemble;
    this.#ensemble = undefined;
    await this.#turns.idle();
    await ensemble?.close();
  }

  #ask(verb: string, name: string): Asked {
    this.#ensemble ??= new Ensemble(this.#hosts);
    return { verb, path: `${this.#namespace}/${name}`, ensemble: this.#ensemble };
  }

  /** Tries until it succeeds, is refused, or the time is up. */
  async #attempt<Result>(asked: Asked, work: (target: NodeTarget) => Promise<Result>): Promise<Result> {
    const { verb, path, ensemble } = asked;
    const deadlineMs = performance.now() + this.#hosts.timeoutMs;
    const action = `${verb} "${path}"`;
    const failures = new Map<string, HostFailure>();
    for (let tried = 1; ; tried++) {
      const connection = await connectionOf(asked);
      const host = hostOf(connection);
      try {
        await before(deadlineMs, connection.session);
        return await work({ connection, path, deadlineMs });
      } catch (error) {
        const failure = failureOf(error, { action, host });
        // That our time is up says less than what the host did before.
        if (!failure.timedOut || !failures.has(host)) failures.set(host, failure);
        const left = ensemble.leave(connection);
        if (tried % this.#hosts.addresses.length === 0) await pauseUntil(deadlineMs);
        if (deadlineMs - performance.now() < SHORTEST_MS)
          throw noHostAvailable(action, [...failures.values()]);
        if (left && tried === 1) this.#warn(`Cannot ${action} at ${host}: ${failure.reason}, trying again`);
      }
    }
  }
}

type EnsembleHosts = ConstructorParameters<typeof Ensemble>[0];

/** What is wanted, and of whom. */
interface Asked {
  readonly verb: string;
  readonly path: string;
  readonly ensemble: Ensemble;
}

async function connectionOf({ verb, path, ensemble }: Asked): Promise<Connection> {
  try {
    return await ensemble.connection();
  } catch (cause) {
    // Closed meanwhile, or the files of a certificate cannot be read.
    throw new DatabaseError(`Cannot ${verb} "${path}": ${(cause as Error).message}`, { cause });
  }
}

function hostOf({ address: { host, port } }: Connection): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The reason to ask the next host; throws what no other host would answer differently. */
function failureOf(
  error: unknown,
  { action, host }: { readonly action: string; readonly host: string },
): HostFailure {
  if (error instanceof ConnectionLost) return { host, reason: error.message, timedOut: error.timedOut };
  if (error instanceof RangeError)
    throw new RangeError(`Cannot ${action}: ${error.message}`, { cause: error });
  if (!(error instanceof Refused)) throw error;
  if (ELSEWHERE.has(error.code)) return { host, reason: error.code, timedOut: false };
  throw new DatabaseError(`Cannot ${action} at ${host}: ${error.code}`, { cause: error, code: error.code });
}

/** A connection that others asked for may take longer than we have. */
async function before(deadlineMs: number, session: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new ConnectionLost("no connection in time", { timedOut: true })),
    Math.max(0, deadlineMs - performance.now()),
  );
  try {
    await Promise.race([session, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function pauseUntil(deadlineMs: number): Promise<void> {
  return Bun.sleep(Math.max(0, Math.min(PAUSE_MS, deadlineMs - performance.now())));
}

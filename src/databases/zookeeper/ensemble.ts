import type { TlsMaterial } from "../../model/roles.ts";
import { DatabaseError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { Connection } from "./connection.ts";

/** What is asked for; the server keeps it within its limits. It remembers a killed agent for so long, no more depends on it. */
const SESSION_MS = 30_000;
/** The server is told that we leave, and waited for so long. */
const GOODBYE_MS = 2000;

const NOWHERE: Address = { host: "", port: 0 };

export interface EnsembleOptions {
  readonly addresses: readonly Address[];
  /** How long connecting may take, all hosts together. */
  readonly timeoutMs: number;
  /** Read anew for each connection. */
  readonly tls?: (() => TlsMaterial) | undefined;
}

/** One connection at a time to any of the servers, shared by all that goes on. */
export class Ensemble {
  readonly #options: EnsembleOptions;
  /** At first any, so that agents spread over the servers. */
  #current: number;
  #connection: Connection | undefined;
  #lastZxid = 0n;
  #closed = false;

  constructor(options: EnsembleOptions) {
    this.#options = options;
    this.#current = Math.floor(Math.random() * options.addresses.length);
  }

  /** The connection in use, or one to the current host, which may not have a session yet. */
  async connection(): Promise<Connection> {
    // Bun's modules for sockets take 8 ms to load, which an agent without this database need not wait for.
    const { Connection: Dialling } = await import("./connection.ts");
    if (this.#closed) throw new DatabaseError("the database was closed");
    this.#connection ??= this.#dial(Dialling);
    return this.#connection;
  }

  /** The next host takes over, unless this connection has been left already. */
  leave(connection: Connection): boolean {
    if (this.#connection !== connection) return false;
    this.#connection = undefined;
    this.#current = (this.#current + 1) % this.#options.addresses.length;
    // A server that is behind what we have seen refuses the next session: reads never go back in time.
    if (connection.lastZxid > this.#lastZxid) this.#lastZxid = connection.lastZxid;
    connection.drop();
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close(performance.now() + GOODBYE_MS);
  }

  #dial(Dialling: typeof Connection): Connection {
    const { addresses, timeoutMs, tls } = this.#options;
    return new Dialling(addresses[this.#current] ?? NOWHERE, {
      // A host that does not answer leaves time for the others.
      deadlineMs: performance.now() + timeoutMs / addresses.length,
      sessionMs: SESSION_MS,
      lastZxid: this.#lastZxid,
      tls: tls?.(),
    });
  }
}

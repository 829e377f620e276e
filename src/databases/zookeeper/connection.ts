import * as net from "node:net";
import * as tls from "node:tls";
import type { TlsMaterial } from "../../model/roles.ts";
import type { Address } from "./address.ts";
import { ConnectionLost } from "./connection-lost.ts";
import { Frames, type JuteReader } from "./jute.ts";
import {
  framed,
  LONGEST_REQUEST_BYTES,
  type Operation,
  PING_XID,
  Refused,
  type Reply,
  readReply,
  requestFrame,
  sessionRequest,
  sessionTimeoutMs,
} from "./protocol.ts";

/** A server with a raised `jute.maxbuffer` may hold values longer than ours. */
const LONGEST_REPLY_BYTES = 64 * 1024 * 1024;
/** A session is kept alive by a ping in each third of its time-out. */
const PINGS_PER_TIMEOUT = 3;

export interface ConnectOptions {
  /** `performance.now()` by which the session has to be there. */
  readonly deadlineMs: number;
  /** Time-out of the session that is asked for; the server may set another one. */
  readonly sessionMs: number;
  readonly lastZxid: bigint;
  readonly tls?: TlsMaterial | undefined;
}

interface Waiting extends Pick<PromiseWithResolvers<JuteReader>, "resolve" | "reject"> {
  readonly xid: number;
}

/** A session with one server on one connection; both end together. Answers come in the order of the requests. */
export class Connection {
  readonly address: Address;
  /** Settles when requests can be made. Rejects with {@link ConnectionLost}. */
  readonly session: Promise<void>;
  readonly #socket: net.Socket;
  readonly #frames = new Frames(LONGEST_REPLY_BYTES);
  readonly #waiting: Waiting[] = [];
  readonly #session = Promise.withResolvers<void>();
  #established = false;
  #lost: ConnectionLost | undefined;
  #nextXid = 1;
  #lastZxid: bigint;
  #pings: ReturnType<typeof setInterval> | undefined;
  #pingUnanswered = false;

  /** Dials at once; {@link session} tells when it is there. */
  constructor(address: Address, options: ConnectOptions) {
    const { deadlineMs, sessionMs, lastZxid, tls: material } = options;
    this.address = address;
    this.#lastZxid = lastZxid;
    const { socket, ready } = material === undefined ? plain(address) : secured(address, material);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.once(ready, () => {
      socket.write(framed(sessionRequest({ lastZxid, timeoutMs: Math.ceil(sessionMs) })));
    });
    socket.on("data", (piece: Uint8Array) => this.#receive(piece));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#lose(new ConnectionLost(error.code ?? error.message, { cause: error })),
    );
    socket.on("close", () => this.#lose(new ConnectionLost("the server closed the connection")));
    this.session = this.#within(deadlineMs, this.#session.promise);
    // There may be nobody who waits for it.
    this.session.catch(() => undefined);
  }

  /** The last transaction of the server that an answer told of. */
  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  /**
   * The rest of the answer. Throws {@link Refused} when the server refuses, RangeError when the request is longer
   * than servers take, and {@link ConnectionLost}, also when the deadline (`performance.now()`) has passed: the
   * connection is then given up.
   */
  async request(operation: Operation, body: Uint8Array, deadlineMs: number): Promise<JuteReader> {
    if (this.#lost !== undefined) throw this.#lost;
    const xid = this.#nextXid;
    const frame = requestFrame({ xid, operation, body });
    if (frame.length - 4 > LONGEST_REQUEST_BYTES) {
      throw new RangeError(
        `the request has ${frame.length - 4} bytes, ZooKeeper takes at most ${LONGEST_REQUEST_BYTES}`,
      );
    }
    // Transaction numbers of requests are positive 32-bit integers.
    this.#nextXid = xid === 0x7fffffff ? 1 : xid + 1;
    const answer = Promise.withResolvers<JuteReader>();
    this.#waiting.push({ xid, resolve: answer.resolve, reject: answer.reject });
    this.#socket.write(frame);
    return this.#within(deadlineMs, answer.promise);
  }

  /** Ends the session; the server is not waited for longer than the deadline. */
  async close(deadlineMs: number): Promise<void> {
    try {
      if (this.#established) await this.request("closeSession", new Uint8Array(), deadlineMs);
    } catch (error) {
      if (!(error instanceof ConnectionLost) && !(error instanceof Refused)) throw error;
    }
    this.#lose(new ConnectionLost("closed"));
  }

  /** Gives the connection up. */
  drop(): void {
    this.#lose(new ConnectionLost("closed"));
  }

  async #within<Result>(deadlineMs: number, answer: Promise<Result>): Promise<Result> {
    const patienceMs = Math.max(0, deadlineMs - performance.now());
    const timer = setTimeout(
      () => this.#lose(new ConnectionLost("no answer in time", { timedOut: true })),
      patienceMs,
    );
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(piece: Uint8Array): void {
    try {
      for (const frame of this.#frames.add(piece)) {
        if (this.#established) this.#settle(readReply(frame));
        else this.#establish(frame);
      }
    } catch (cause) {
      // A frame that cannot be: whatever comes after it means nothing.
      this.#lose(new ConnectionLost(`not ZooKeeper's protocol: ${(cause as Error).message}`, { cause }));
    }
  }

  #establish(frame: Uint8Array): void {
    const timeoutMs = sessionTimeoutMs(frame);
    if (timeoutMs <= 0) throw new RangeError("the server gave no session");
    this.#established = true;
    this.#pings = setInterval(() => this.#ping(), timeoutMs / PINGS_PER_TIMEOUT);
    this.#session.resolve();
  }

  #settle({ xid, zxid, error, body }: Reply): void {
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    if (xid === PING_XID) {
      this.#pingUnanswered = false;
      return;
    }
    const first = this.#waiting.shift();
    if (first?.xid !== xid) {
      if (first !== undefined) this.#waiting.unshift(first);
      throw new RangeError(`answer ${xid} came, wanted ${first?.xid ?? "none"}`);
    }
    if (error === 0) first.resolve(body);
    else first.reject(new Refused(error));
  }

  #ping(): void {
    if (this.#pingUnanswered) {
      this.#lose(new ConnectionLost("no answer to a ping", { timedOut: true }));
      return;
    }
    this.#pingUnanswered = true;
    this.#socket.write(requestFrame({ xid: PING_XID, operation: "ping", body: new Uint8Array() }));
  }

  #lose(reason: ConnectionLost): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    clearInterval(this.#pings);
    this.#socket.destroy();
    this.#session.reject(reason);
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}

interface Dialled {
  readonly socket: net.Socket;
  /** The event after which bytes can be sent. */
  readonly ready: "connect" | "secureConnect";
}

function plain({ host, port }: Address): Dialled {
  return { socket: net.connect({ host, port }), ready: "connect" };
}

/** The certificate has to name the host as it is written in the options. */
function secured({ host, port }: Address, material: TlsMaterial): Dialled {
  const name = net.isIP(host) === 0 ? { servername: host } : {};
  return { socket: tls.connect({ host, port, ...name, ...material }), ready: "secureConnect" };
}

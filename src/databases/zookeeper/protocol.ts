/*
 * The requests of ZooKeeper's protocol that a key-value store needs (zookeeper.jute, ZooDefs.OpCode and
 * KeeperException.Code of Apache ZooKeeper; unchanged from 3.4 to 3.9). No watches, no ephemeral nodes.
 */
import { JuteReader, JuteWriter } from "./jute.ts";

/** `jute.maxbuffer` of a server that was not told otherwise: it hangs up on longer requests. */
export const LONGEST_REQUEST_BYTES = 0xfffff;

export const PING_XID = -2;

export const OPCODES = {
  create: 1,
  delete: 2,
  getData: 4,
  setData: 5,
  sync: 9,
  ping: 11,
  closeSession: -11,
} as const;
export type Operation = keyof typeof OPCODES;

/** Names of `KeeperException.Code`, for messages. */
const ERRORS: Readonly<Record<number, string>> = {
  [-1]: "SYSTEMERROR",
  [-2]: "RUNTIMEINCONSISTENCY",
  [-3]: "DATAINCONSISTENCY",
  [-4]: "CONNECTIONLOSS",
  [-5]: "MARSHALLINGERROR",
  [-6]: "UNIMPLEMENTED",
  [-7]: "OPERATIONTIMEOUT",
  [-8]: "BADARGUMENTS",
  [-101]: "NONODE",
  [-102]: "NOAUTH",
  [-103]: "BADVERSION",
  [-108]: "NOCHILDRENFOREPHEMERALS",
  [-110]: "NODEEXISTS",
  [-111]: "NOTEMPTY",
  [-112]: "SESSIONEXPIRED",
  [-113]: "INVALIDCALLBACK",
  [-114]: "INVALIDACL",
  [-115]: "AUTHFAILED",
  [-118]: "SESSIONMOVED",
  [-119]: "NOTREADONLY",
  [-124]: "SESSIONCLOSEDREQUIRESASLAUTH",
  [-125]: "QUOTAEXCEEDED",
  [-127]: "THROTTLEDOP",
};

/** The server understood a request and refused it; `code` is the name of its error: `NONODE`. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: string;

  constructor(code: number) {
    const name = ERRORS[code] ?? `error ${code}`;
    super(name);
    this.code = name;
  }
}

export interface SessionRequest {
  /** Last transaction that we have seen the result of: a server that is behind it refuses us. */
  readonly lastZxid: bigint;
  readonly timeoutMs: number;
}

/** Asks for a new session. Earlier ones are not taken up again: they hold nothing. */
export function sessionRequest({ lastZxid, timeoutMs }: SessionRequest): Uint8Array {
  const protocolVersion = 0;
  const noSession = 0n;
  const noPassword = new Uint8Array(16);
  const readOnly = false;
  return new JuteWriter()
    .int(protocolVersion)
    .long(lastZxid)
    .int(timeoutMs)
    .long(noSession)
    .buffer(noPassword)
    .bool(readOnly)
    .bytes();
}

/** The session's time-out as the server has set it, milliseconds. */
export function sessionTimeoutMs(frame: Uint8Array): number {
  const reader = new JuteReader(frame);
  reader.int();
  return reader.int();
}

export interface Request {
  readonly xid: number;
  readonly operation: Operation;
  readonly body: Uint8Array;
}

/** A frame: its length, then the header, then the body. */
export function requestFrame({ xid, operation, body }: Request): Uint8Array {
  return framed(Buffer.concat([new JuteWriter().int(xid).int(OPCODES[operation]).bytes(), body]));
}

export function framed(payload: Uint8Array): Uint8Array {
  return new JuteWriter().buffer(payload).bytes();
}

export interface Reply {
  readonly xid: number;
  readonly zxid: bigint;
  /** 0, or a code of `KeeperException`. */
  readonly error: number;
  readonly body: JuteReader;
}

export function readReply(frame: Uint8Array): Reply {
  const body = new JuteReader(frame);
  return { xid: body.int(), zxid: body.long(), error: body.int(), body };
}

/** Everybody may do everything, as with the original; who may connect is the server's matter. */
const ALL_PERMISSIONS = 31;
const ANY_VERSION = -1;
const PERSISTENT = 0;

export function createBody(path: string, value: Uint8Array): Uint8Array {
  const entries = 1;
  return new JuteWriter()
    .text(path)
    .buffer(value)
    .int(entries)
    .int(ALL_PERMISSIONS)
    .text("world")
    .text("anyone")
    .int(PERSISTENT)
    .bytes();
}

export function setDataBody(path: string, value: Uint8Array): Uint8Array {
  return new JuteWriter().text(path).buffer(value).int(ANY_VERSION).bytes();
}

export function getDataBody(path: string): Uint8Array {
  return new JuteWriter().text(path).bool(false).bytes();
}

export function deleteBody(path: string): Uint8Array {
  return new JuteWriter().text(path).int(ANY_VERSION).bytes();
}

export function syncBody(path: string): Uint8Array {
  return new JuteWriter().text(path).bytes();
}

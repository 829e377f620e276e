import { WASI_FUNCTIONS } from "../imports.ts";
import { GuestFault } from "./fault.ts";
import type { Lines } from "./lines.ts";

/** errno of WASI preview 1. */
const SUCCESS = 0;
const BADF = 8;
const FAULT = 21;
const INVAL = 28;
const NOTSUP = 58;

const REALTIME = 0;
const NANOSECONDS = 1_000_000;
const CHARACTER_DEVICE = 2;
/** getrandom in pieces that the Web Crypto API takes. */
const RANDOM_PIECE = 65_536;
const MOST_VECTORS = 1024;
const SUBSCRIPTION = 48;
const EVENT = 32;

type Call = (memory: DataView, ...words: number[]) => number;

/**
 * WASI without a capability: no files, arguments, environment or sleep. Languages that are made for it (Go) call
 * some of it whatever a program does. What is not here answers NOTSUP.
 */
const CALLS: Readonly<Record<string, Call>> = {
  args_get: () => SUCCESS,
  args_sizes_get: twoZeros,
  environ_get: () => SUCCESS,
  environ_sizes_get: twoZeros,
  clock_res_get: (memory, _clock, at = 0) => {
    memory.setBigUint64(at >>> 0, BigInt(NANOSECONDS), true);
    return SUCCESS;
  },
  clock_time_get: (memory, clock, _precision, at = 0) => {
    const milliseconds = clock === REALTIME ? Date.now() : performance.now();
    memory.setBigUint64(at >>> 0, BigInt(Math.round(milliseconds * NANOSECONDS)), true);
    return SUCCESS;
  },
  sched_yield: () => SUCCESS,
  random_get: (memory, at = 0, length = 0) => {
    const bytes = new Uint8Array(memory.buffer, at >>> 0, length >>> 0);
    for (let start = 0; start < bytes.length; start += RANDOM_PIECE) {
      crypto.getRandomValues(bytes.subarray(start, start + RANDOM_PIECE));
    }
    return SUCCESS;
  },
  fd_fdstat_get: (memory, descriptor = 0, at = 0) => {
    if (descriptor >>> 0 > 2) return BADF;
    new Uint8Array(memory.buffer, at >>> 0, 24).fill(0);
    memory.setUint8(at >>> 0, CHARACTER_DEVICE);
    return SUCCESS;
  },
  fd_read: (memory, descriptor, _vectors, _count, at = 0) => {
    if (descriptor !== 0) return BADF;
    memory.setUint32(at >>> 0, 0, true);
    return SUCCESS;
  },
  fd_close: () => BADF,
  fd_prestat_get: () => BADF,
  fd_prestat_dir_name: () => BADF,
  fd_seek: () => BADF,
  fd_tell: () => BADF,
  fd_filestat_get: () => BADF,
  fd_fdstat_set_flags: () => BADF,
  path_open: () => BADF,
  poll_oneoff: pollOneoff,
  proc_exit: (_memory, code = 0) => {
    throw new GuestFault("error", `it called proc_exit(${code})`);
  },
};

/** Imports of `wasi_snapshot_preview1` for an instance whose memory is known once it is there. */
export function wasiImports(memory: () => WebAssembly.Memory, lines: Lines): Bun.WebAssembly.ModuleImports {
  const calls: Readonly<Record<string, Call>> = {
    ...CALLS,
    fd_write: (view, descriptor = 0, vectors = 0, count = 0, at = 0) => {
      if (descriptor !== 1 && descriptor !== 2) return BADF;
      const level = descriptor === 1 ? "info" : "warning";
      let written = 0;
      for (let index = 0; index < Math.min(count >>> 0, MOST_VECTORS); index++) {
        const vector = (vectors >>> 0) + index * 8;
        const length = view.getUint32(vector + 4, true);
        lines.stream(level, new Uint8Array(view.buffer, view.getUint32(vector, true), length));
        written += length;
      }
      view.setUint32(at >>> 0, written, true);
      return SUCCESS;
    },
  };
  return Object.fromEntries(
    WASI_FUNCTIONS.map((name) => [
      name,
      (...words: (number | bigint)[]) => {
        const call = calls[name];
        return call === undefined ? NOTSUP : callWith(call, memory(), words);
      },
    ]),
  );
}

/** An address outside of the memory is an answer to the module, not a fault of ours. */
function callWith(call: Call, memory: WebAssembly.Memory, words: readonly (number | bigint)[]): number {
  try {
    return call(new DataView(memory.buffer), ...words.map(Number));
  } catch (error) {
    if (error instanceof RangeError) return FAULT;
    throw error;
  }
}

function twoZeros(memory: DataView, first = 0, second = 0): number {
  memory.setUint32(first >>> 0, 0, true);
  memory.setUint32(second >>> 0, 0, true);
  return SUCCESS;
}

/** Every clock that is waited for has rung: a plugin cannot sleep. */
function pollOneoff(memory: DataView, subscriptions = 0, events = 0, count = 0, at = 0): number {
  if (count >>> 0 > MOST_VECTORS) return INVAL;
  for (let index = 0; index < count >>> 0; index++) {
    const subscription = (subscriptions >>> 0) + index * SUBSCRIPTION;
    const event = (events >>> 0) + index * EVENT;
    const type = memory.getUint8(subscription + 8);
    new Uint8Array(memory.buffer, event, EVENT).fill(0);
    memory.setBigUint64(event, memory.getBigUint64(subscription, true), true);
    memory.setUint16(event + 8, type === 0 ? SUCCESS : BADF, true);
    memory.setUint8(event + 10, type);
  }
  memory.setUint32(at >>> 0, count, true);
  return SUCCESS;
}

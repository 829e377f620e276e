/*
 * A process in place of a sandbox's, of which somebody has got hold: `bun child.ts BEHAVIOUR PID …`. It speaks
 * the language of the pipes, and then it does not.
 */
import * as fs from "node:fs";
import { REPLY, REQUEST, REQUEST_HEAD } from "../../../src/wasm/frames.ts";
import { readFully, skipFully, writeFrame } from "../../../src/wasm/guest/pipe.ts";

const OUTPUT = 1;
const [behaviour = ""] = process.argv.slice(2);

const HEAD_BYTES = 13;

/** The body of an answer, as it should be. */
function answer(id: number, payload = new Uint8Array(0), { outcome = 0, variables = 0 } = {}): Uint8Array[] {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, id, true);
  view.setUint8(4, outcome);
  view.setUint32(9, variables, true);
  return [head, payload];
}

function ready(text = '{"measures":[]}'): void {
  writeFrame(REPLY.ready, [new TextEncoder().encode(text)]);
}

function raw(...bytes: readonly number[]): void {
  fs.writeSync(OUTPUT, Uint8Array.from(bytes));
}

function spin(): never {
  for (;;) fs.fstatSync(0);
}

function wait(): never {
  for (;;) Bun.sleepSync(1000);
}

/** Never returns: the agent has had enough before. */
function flood(bytes: Uint8Array): never {
  for (;;) fs.writeSync(OUTPUT, bytes);
}

const MEBIBYTE = 1 << 20;
const LINE = Uint8Array.from([10, 0, 0, 0, REPLY.log, 4, ...new TextEncoder().encode("so much!")]);

/** What it does instead of being ready, by its name. */
const STARTS: Readonly<Record<string, () => void>> = {
  "exits at once": () => process.exit(0),
  "never gets ready": wait,
  "spins before it is ready": spin,
  "closes its output and spins": () => {
    fs.closeSync(OUTPUT);
    spin();
  },
  "is ready with garbage": () => {
    ready("<<<>>>");
    wait();
  },
  "is ready with another form": () => {
    ready('{"measures":[null]}');
    wait();
  },
  "is ready twice": () => {
    ready();
    ready();
    wait();
  },
  "sends garbage": () => flood(new Uint8Array(65_536).map((_, at) => (at * 7919) % 251)),
  "sends zeros without end": () => flood(new Uint8Array(65_536)),
  "sends the head of 4 GB": () => {
    raw(0xff, 0xff, 0xff, 0xff, REPLY.answer);
    wait();
  },
  "sends logs before it is asked": () => {
    ready();
    flood(LINE);
  },
  "ends itself by a signal": () => process.kill(process.pid, "SIGSEGV"),
};

/** What it does instead of answering the call. */
const CALLS: Readonly<Record<string, (id: number) => void>> = {
  "answers twice": (id) => {
    writeFrame(REPLY.answer, answer(id));
    writeFrame(REPLY.answer, answer(id));
  },
  "answers the next call too": (id) => {
    writeFrame(REPLY.answer, answer(id));
    writeFrame(REPLY.answer, answer(id + 1));
  },
  "answers and goes on with logs": (id) => {
    writeFrame(REPLY.answer, answer(id));
    flood(LINE);
  },
  "answers another call": (id) => writeFrame(REPLY.answer, answer(id + 7)),
  "answers with an unknown outcome": (id) => writeFrame(REPLY.answer, answer(id, undefined, { outcome: 99 })),
  "answers with variables that are not there": (id) =>
    writeFrame(REPLY.answer, answer(id, undefined, { variables: 0xffff_ffff })),
  "answers with variables that are cut off": (id) =>
    writeFrame(REPLY.answer, answer(id, new Uint8Array(12).fill(255), { variables: 12 })),
  "answers 64 MB": (id) => writeFrame(REPLY.answer, answer(id, new Uint8Array(64 * MEBIBYTE))),
  "answers a head of 4 GB": () => raw(0xff, 0xff, 0xff, 0xff, REPLY.answer),
  "answers nothing but a head": () => raw(3, 0, 0, 0, REPLY.answer, 0, 0),
  "answers a frame of no bytes": () => raw(0, 0, 0, 0, REPLY.answer),
  "answers a message of an unknown kind": () => raw(10, 0, 0, 0, 77),
  "answers half and goes silent": () => raw(100, 0, 0, 0, REPLY.answer, 1, 2, 3),
  "answers byte by byte": (id) => {
    const bytes = Buffer.alloc(MEBIBYTE);
    bytes.writeUInt32LE(MEBIBYTE - 4, 0);
    bytes[4] = REPLY.answer;
    bytes.writeUInt32LE(id, 5);
    for (const byte of bytes) raw(byte);
  },
  "sends log lines without end": () => flood(LINE),
  "sends 64 MB of a log line": () => {
    raw(0, 0, 0, 4, REPLY.log);
    flood(new Uint8Array(65_536));
  },
  "does not read": () => wait(),
  "closes its output and spins in a call": () => {
    fs.closeSync(OUTPUT);
    spin();
  },
  "stops itself": () => process.kill(process.pid, "SIGSTOP"),
  "exits in the call": () => process.exit(0),
  "leaves a process that holds the pipes": () => {
    // In a sandbox it could not: this is what would be if it could.
    Bun.spawn(["sleep", "30"], { stdio: ["inherit", "inherit", "inherit"] }).unref();
    process.exit(0);
  },
};

STARTS[behaviour]?.();
ready();
const head = new Uint8Array(REQUEST_HEAD);
const view = new DataView(head.buffer);
for (;;) {
  readFully(head);
  const [kind, id] = [view.getUint8(4), view.getUint32(5, true)];
  if (kind === REQUEST.call && behaviour === "does not read") wait();
  skipFully(view.getUint32(0, true) - (REQUEST_HEAD - 4));
  const act = CALLS[behaviour];
  if (kind === REQUEST.call && act !== undefined) act(id);
  else
    writeFrame(REPLY.answer, answer(id, new TextEncoder().encode(kind === REQUEST.load ? '["detect"]' : "")));
}

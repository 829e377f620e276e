/** A process that took over a sandbox: does what its first argument says in place of serving a module. */
import * as fs from "node:fs";
import { REPLY } from "../../src/wasm/frames.ts";

const MIB = new Uint8Array(1024 * 1024).fill(0xff);
const [mode = ""] = process.argv.slice(2);

function frame(kind: number, body: Uint8Array, length = body.length + 1): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  new DataView(bytes.buffer).setUint32(0, length, true);
  bytes[4] = kind;
  bytes.set(body, 5);
  return bytes;
}

function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(1, bytes, at);
}

function answer(id: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const body = new Uint8Array(13 + payload.length);
  new DataView(body.buffer).setUint32(0, id, true);
  body.set(payload, 13);
  return frame(REPLY.answer, body);
}

function ready(): void {
  write(frame(REPLY.ready, new TextEncoder().encode('{"measures":[]}')));
}

/** The number of the next request, whose body is read as well. */
function request(): { readonly id: number; readonly kind: number } {
  const head = new Uint8Array(13);
  read(head);
  const view = new DataView(head.buffer);
  read(new Uint8Array(view.getUint32(0, true) - 9));
  return { id: view.getUint32(5, true), kind: view.getUint8(4) };
}

function read(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const count = fs.readSync(0, bytes, at, bytes.length - at, null);
    if (count === 0) process.exit(0);
    at += count;
  }
}

/** Answers until a call is asked for; its number. */
function untilCall(): number {
  for (;;) {
    const { id, kind } = request();
    if (kind === 3) return id;
    write(answer(id, new TextEncoder().encode(kind === 1 ? '["detect"]' : "")));
  }
}

const MODES: Readonly<Record<string, () => void>> = {
  garbage: () => {
    for (;;) write(MIB);
  },
  "garbage after ready": () => {
    ready();
    for (;;) write(MIB);
  },
  "flood of logs": () => {
    ready();
    untilCall();
    const lines = new Uint8Array(64 * 1024);
    const line = frame(REPLY.log, new Uint8Array(58).fill(97));
    for (let at = 0; at < lines.length; at += line.length) lines.set(line.subarray(0, lines.length - at), at);
    for (;;) write(lines);
  },
  "oversized frame": () => {
    ready();
    untilCall();
    write(frame(REPLY.answer, MIB, 0x7fff_ffff));
    for (;;) write(MIB);
  },
  "second answer": () => {
    ready();
    const id = untilCall();
    write(Buffer.concat([answer(id, Uint8Array.of(49)), answer(id, Uint8Array.of(50))]));
    untilCall();
  },
  "answer to another request": () => {
    ready();
    write(answer(untilCall() + 1));
    untilCall();
  },
  "answer nobody asked for": () => {
    ready();
    write(answer(untilCall()));
    Bun.sleepSync(50);
    write(answer(9));
    untilCall();
  },
  "second ready": () => {
    ready();
    ready();
    untilCall();
  },
  "unknown kind": () => {
    ready();
    untilCall();
    write(frame(77, new Uint8Array(3)));
    untilCall();
  },
  "lying variables": () => {
    ready();
    const body = new Uint8Array(13);
    const view = new DataView(body.buffer);
    view.setUint32(0, untilCall(), true);
    view.setUint32(9, 0xffff_fff0, true);
    write(frame(REPLY.answer, body));
    untilCall();
  },
  "too many variables": () => {
    ready();
    const body = new Uint8Array(13 + 8 + 1 + 1_200_000);
    const view = new DataView(body.buffer);
    view.setUint32(0, untilCall(), true);
    view.setUint32(9, body.length - 13, true);
    view.setUint32(13, 1, true);
    view.setUint32(17, 1_200_000, true);
    write(frame(REPLY.answer, body));
    untilCall();
  },
  silent: () => {
    for (;;) Bun.sleepSync(1000);
  },
  "deaf to its input": () => {
    ready();
    const { id } = request();
    write(answer(id, new TextEncoder().encode('["detect"]')));
    write(answer(request().id));
    for (;;) Bun.sleepSync(1000);
  },
  "one byte at a time": () => {
    ready();
    untilCall();
    const bytes = frame(REPLY.answer, new Uint8Array(1_000_000));
    for (let at = 0; at < bytes.length; at++) write(bytes.subarray(at, at + 1));
  },
  exit: () => {
    ready();
    untilCall();
    process.exit(7);
  },
  "closed output": () => {
    ready();
    untilCall();
    fs.closeSync(1);
    for (;;) Bun.sleepSync(1000);
  },
  "much memory": () => {
    ready();
    untilCall();
    const kept = Array.from({ length: 300 }, () => new Uint8Array(1024 * 1024).fill(1));
    for (;;) Bun.sleepSync(1000 + kept.length);
  },
};

MODES[mode]?.();
process.exit(99);

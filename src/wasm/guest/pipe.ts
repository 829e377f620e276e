import * as fs from "node:fs";
import { REPLY_HEAD } from "../frames.ts";

const INPUT = 0;
const OUTPUT = 1;

/** The agent has closed its end: nothing is left to do. */
export class AgentGone extends Error {
  override readonly name = "AgentGone";
}

/** Fills the bytes; waits as long as it takes. */
export function readFully(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const read = fs.readSync(INPUT, bytes, at, bytes.length - at, null);
    if (read === 0) throw new AgentGone();
    at += read;
  }
}

/** Reads and forgets. */
export function skipFully(length: number): void {
  const bytes = new Uint8Array(Math.min(length, 65_536));
  for (let rest = length; rest > 0; rest -= bytes.length)
    readFully(bytes.subarray(0, Math.min(rest, bytes.length)));
}

/** One frame, in one system call unless the pipe is full. */
export function writeFrame(kind: number, parts: readonly Uint8Array[]): void {
  const head = new Uint8Array(REPLY_HEAD);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  new DataView(head.buffer).setUint32(0, length + 1, true);
  head[4] = kind;
  writeFully([head, ...parts.filter((part) => part.length > 0)]);
}

function writeFully(parts: readonly Uint8Array[]): void {
  let rest = parts;
  while (rest.length > 0) {
    let written = fs.writevSync(OUTPUT, rest);
    rest = rest.flatMap((part) => {
      const done = Math.min(written, part.length);
      written -= done;
      return done === part.length ? [] : [part.subarray(done)];
    });
  }
}

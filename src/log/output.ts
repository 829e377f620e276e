import * as fs from "node:fs";
import { isatty } from "node:tty";
import { socketSender } from "../kernel/socket.ts";
import { openWithoutBlocking } from "../storages/pipe.ts";

const STDOUT = 1;

/** Writes what fits without waiting and returns how many bytes that were; throws when there are none. */
type Write = (bytes: Uint8Array) => number;

/**
 * Writes lines to standard output and tells whether it took them. A reader that is gone or does not keep up
 * costs lines: logging must not stop a round. Not `process.stdout`, which costs 8 MB of memory.
 */
export function standardOutput(): (line: string) => boolean {
  let write: Write | undefined;
  /** End of a line that something full has taken the start of. */
  let rest: Uint8Array = new Uint8Array();
  /** What is left of the bytes; they are all left when nothing takes any. */
  function leftOf(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return bytes;
    try {
      write ??= openOutput();
      return bytes.subarray(write(bytes));
    } catch {
      return bytes;
    }
  }
  return (line) => {
    rest = leftOf(rest);
    if (rest.length > 0) return false;
    const bytes = Buffer.from(line);
    const left = leftOf(bytes);
    if (left.length === bytes.length) return false;
    rest = left;
    return true;
  };
}

function openOutput(): Write {
  const send = isSocket() ? socketSender(STDOUT) : undefined;
  if (send !== undefined) return send;
  const descriptor = isatty(STDOUT) ? openTerminal() : openWithoutBlocking(STDOUT);
  return (bytes) => fs.writeSync(descriptor, bytes);
}

/** As systemd connects a service with its journal. */
function isSocket(): boolean {
  try {
    return fs.fstatSync(STDOUT).isSocket();
  } catch {
    return false; // It is closed.
  }
}

/** A descriptor of our own that does not block, for the terminal may be held (Ctrl-S). */
function openTerminal(): number {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
  try {
    return fs.openSync(`/proc/self/fd/${STDOUT}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return STDOUT; // The terminal of another user.
  }
}

import * as fs from "node:fs";

/**
 * A second descriptor of a pipe, one that does not block: a reader that stopped reading must not stop the
 * agent. The flag cannot be set on the first one, since other processes share it. Anything else is left.
 */
export function openWithoutBlocking(descriptor: number): number {
  const { O_WRONLY, O_NONBLOCK } = fs.constants;
  try {
    if (!fs.fstatSync(descriptor).isFIFO()) return descriptor;
    return fs.openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK);
  } catch {
    return descriptor; // Closed, or without a reader: the first write will say so.
  }
}

import { createReadStream } from "node:fs";
import type { SnapshotMessage } from "../protocol/messages.ts";
import { isHeader, TRACE_VERSION } from "./header.ts";

const NEWLINE = 10;
const MOST_LINE_BYTES = 256 << 20;

/** A line that is not what it should be: `file:line: …`. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

/**
 * The snapshots of one file that `wca run --record` wrote. A last line that was cut off, as by a full disk, is left
 * out. Throws {@link TraceError}.
 */
export async function* readTrace(file: string): AsyncGenerator<SnapshotMessage, void, undefined> {
  let number = 0;
  for await (const { bytes, isWhole } of linesOf(file)) {
    number++;
    const at = `${file}:${number}`;
    const value = parsed(bytes, { at, isWhole });
    if (value === undefined) return;
    if (isHeader(value)) {
      if (value.wcaTrace === TRACE_VERSION) continue;
      throw new TraceError(
        `${at}: saw version ${JSON.stringify(value.wcaTrace)} of traces, wanted ${TRACE_VERSION}`,
      );
    }
    if (number === 1) throw new TraceError(`${at}: saw no header, wanted {"wcaTrace":${TRACE_VERSION},…}`);
    const wrong = faultOf(value);
    if (wrong !== undefined) throw new TraceError(`${at}: ${wrong}`);
    yield value as SnapshotMessage;
  }
  if (number === 0) throw new TraceError(`${file}:1: saw nothing, wanted {"wcaTrace":${TRACE_VERSION},…}`);
}

/** Nothing for a last line that was cut off. */
function parsed(
  bytes: Uint8Array,
  { at, isWhole }: { readonly at: string; readonly isWhole: boolean },
): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    if (!isWhole) return undefined;
    throw new TraceError(`${at}: saw no JSON: ${(cause as Error).message}`, { cause });
  }
}

/** What a trace has to have for anything to be made of it. */
function faultOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "saw no snapshot, wanted an object";
  const { timeMs, intervalSecs, platformMeasurements, tasks } = value as Readonly<Record<string, unknown>>;
  if (typeof timeMs !== "number" || typeof intervalSecs !== "number")
    return "wanted numbers timeMs and intervalSecs";
  if (!isObject(platformMeasurements)) return "wanted an object platformMeasurements";
  if (!Array.isArray(tasks)) return "wanted a list of tasks";
  const index = tasks.findIndex(
    (task) => !isObject(task) || typeof task["id"] !== "string" || !isObject(task["measurements"]),
  );
  return index === -1 ? undefined : `wanted id and measurements of tasks[${index}]`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Line {
  readonly bytes: Uint8Array;
  /** It ends with a newline. */
  readonly isWhole: boolean;
}

async function* linesOf(file: string): AsyncGenerator<Line, void, undefined> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield { bytes: Buffer.concat([...parts, chunk.subarray(start, end)]), isWhole: true };
      parts = [];
      size = 0;
      start = end + 1;
    }
    size += chunk.length - start;
    if (size > MOST_LINE_BYTES)
      throw new TraceError(`${file}: saw a line of more than ${MOST_LINE_BYTES} bytes`);
    parts.push(chunk.subarray(start));
  }
  if (size > 0) yield { bytes: Buffer.concat(parts), isWhole: false };
}

import { type ParsedOptions, UsageError } from "../cli-options.ts";
import type { Log } from "../model/log.ts";
import type { Recorder } from "../trace/recorder.ts";
import { VERSION } from "../version.ts";

const DEFAULT_BYTES = 64 << 20;
const DEFAULT_KEEP = 3;

/** What writes the trace that the command line asks for; nothing when it asks for none. Throws UsageError. */
export async function recorderOf(
  { record, recordBytes, recordKeep }: ParsedOptions,
  { hostname, log }: { readonly hostname: string; readonly log: Log },
): Promise<Recorder | undefined> {
  if (record === undefined) {
    if (recordBytes === undefined && recordKeep === undefined) return undefined;
    throw new UsageError("options --record-bytes and --record-keep need --record FILE");
  }
  const { Recorder } = await import("../trace/recorder.ts");
  return new Recorder(record, {
    log,
    hostname,
    agentVersion: VERSION,
    maxBytes: recordBytes ?? DEFAULT_BYTES,
    keep: recordKeep ?? DEFAULT_KEEP,
  });
}

/** Makes the file, so that whoever asks for a trace is told at once if there can be none. Throws UsageError. */
export async function tryOut(recorder: Recorder): Promise<void> {
  const fault = await recorder.tryOut();
  if (fault !== undefined)
    throw new UsageError(`option --record: Cannot write to "${recorder.path}": ${fault}`);
}

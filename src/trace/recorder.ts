import type { Log } from "../model/log.ts";
import type { Measurement } from "../model/metric.ts";
import type { Snapshot, SnapshotRecorder } from "../model/snapshot.ts";
import { snapshotMessage } from "../protocol/snapshot-message.ts";
import { TRACE_VERSION, type TraceHeader } from "./header.ts";
import { RotatingFile } from "./rotating-file.ts";

/** What waits to be written, while the disk is slow: more is dropped. */
const MOST_WAITING_BYTES = 32 << 20;
/** How long the end of the agent waits for the disk. */
const CLOSE_MS = 3000;

export interface RecorderOptions {
  readonly log: Log;
  readonly hostname: string;
  readonly agentVersion: string;
  /** Of one file. */
  readonly maxBytes: number;
  /** Older files that stay. */
  readonly keep: number;
}

/** Writes the snapshots of a run to a file, one JSON line each, besides the rounds. What fails costs its snapshot. */
export class Recorder implements SnapshotRecorder {
  readonly #options: RecorderOptions;
  readonly #file: RotatingFile;
  #intervalSecs = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #recorded = 0;
  #dropped = 0;
  #failing: string | undefined;
  #droppedBefore = 0;

  constructor(file: string, options: RecorderOptions) {
    const { hostname, agentVersion, maxBytes, keep } = options;
    this.#options = options;
    const header = (): string => {
      const first: TraceHeader = {
        wcaTrace: TRACE_VERSION,
        hostname,
        agentVersion,
        intervalSecs: this.#intervalSecs,
      };
      return JSON.stringify(first);
    };
    this.#file = new RotatingFile(file, { maxBytes, keep, header });
  }

  get path(): string {
    return this.#file.path;
  }

  /** Makes the file. Tells why nothing can be written to it as things are; nothing when all is well. */
  async tryOut(): Promise<string | undefined> {
    try {
      await this.#file.tryOut();
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  record(snapshot: Snapshot): void {
    this.#intervalSecs = snapshot.intervalSecs;
    const line = Buffer.from(`${JSON.stringify(snapshotMessage(snapshot))}\n`);
    // Room for the header, too.
    if (line.length > this.#options.maxBytes / 2) {
      this.#failed(`a snapshot has ${line.length} bytes, wanted at most half of a file`);
    } else if (this.#waitingBytes + line.length > MOST_WAITING_BYTES) {
      this.#failed(`${this.#waitingBytes} bytes wait already, the disk is too slow`);
    } else {
      this.#waiting.push(line);
      this.#waitingBytes += line.length;
      this.#writing ??= this.#writeAll();
    }
  }

  /** Measurements for the agent's own metrics. */
  measurements(): Record<string, Measurement> {
    return { wca_snapshots_recorded_total: this.#recorded, wca_snapshots_dropped_total: this.#dropped };
  }

  /** Waits a little until all is written. */
  async close(): Promise<void> {
    await Promise.race([this.#writing, Bun.sleep(CLOSE_MS)]);
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    await this.#file.close().catch(() => undefined);
    const { log } = this.#options;
    const sum = `${this.#recorded} snapshots recorded to "${this.#file.path}", ${this.#dropped} dropped`;
    log[this.#dropped === 0 ? "info" : "warning"](sum);
  }

  async #writeAll(): Promise<void> {
    // Not in the round that recorded it.
    await Bun.sleep(0);
    while (this.#waiting.length > 0) {
      const line = this.#waiting.shift() as Uint8Array;
      try {
        await this.#file.append(line);
        this.#succeeded();
      } catch (error) {
        this.#failed(reasonOf(error));
      }
      this.#waitingBytes -= line.length;
    }
    this.#writing = undefined;
  }

  #succeeded(): void {
    this.#recorded++;
    if (this.#failing === undefined) return;
    this.#failing = undefined;
    const lost = this.#dropped - this.#droppedBefore;
    this.#options.log.info(`Recording works again, ${lost} snapshots were dropped`);
  }

  #failed(reason: string): void {
    if (this.#failing === undefined) {
      this.#droppedBefore = this.#dropped;
      this.#options.log.error(
        `Cannot record to "${this.#file.path}": ${reason}; snapshots are dropped and counted in wca_snapshots_dropped_total`,
      );
    }
    this.#failing = reason;
    this.#dropped++;
  }
}

/** An errno by its name: messages of the system repeat the path. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (code === "ELOOP") return "it is a symbolic link";
  return typeof code === "string" ? code : String(message ?? error);
}

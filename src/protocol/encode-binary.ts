import { Cells } from "./cells.ts";
import type { SnapshotMessage } from "./messages.ts";
import { taskColumns } from "./task-columns.ts";

/** "WCA1" as it stands in memory. */
export const BINARY_MAGIC = 0x31414357;
/** Bytes before the values. */
export const BINARY_HEADER_BYTES = 40;

/**
 * The form `binary`: a header, the values as 64-bit floats task by task, then what hardly ever changes as
 * JSON. A plugin that sees the version of that part again need not read it.
 */
export class BinaryEncoder {
  readonly #cells = new Cells();
  readonly #encoder = new TextEncoder();
  #room = new Float64Array(1024);
  #meta = "";
  #metaBytes = new Uint8Array(0);
  #metaVersion = 0;

  encode({ timeMs, intervalSecs, tasks, platform, platformMeasurements }: SnapshotMessage): Uint8Array {
    const cells = this.#cells;
    cells.collect(tasks);
    const { columns } = cells;
    const wanted = Object.keys(platformMeasurements).length > 0 ? { platformMeasurements } : {};
    this.#setMeta(
      JSON.stringify({ ...(platform && { platform }), ...wanted, tasks: taskColumns(tasks), columns }),
    );
    const headerWords = BINARY_HEADER_BYTES / 8;
    const words = headerWords + tasks.length * columns.length;
    const length = words * 8 + this.#metaBytes.length;
    if (this.#room.length * 8 < length) this.#room = new Float64Array(Math.ceil((length / 8) * 1.25));
    const room = this.#room;
    room.fill(Number.NaN, headerWords, words);
    for (let cell = 0; cell < cells.count; cell++) {
      const [row = 0, column = 0] = [cells.rows[cell], cells.columnsOf[cell]];
      room[headerWords + row * columns.length + column] = cells.values[cell] ?? Number.NaN;
    }
    const view = new DataView(room.buffer);
    const counts = [BINARY_MAGIC, this.#metaBytes.length, tasks.length, columns.length];
    for (const [index, count] of counts.entries()) view.setUint32(index * 4, count, true);
    view.setFloat64(16, timeMs, true);
    view.setFloat64(24, intervalSecs, true);
    view.setUint32(32, this.#metaVersion, true);
    view.setUint32(36, 0, true);
    const bytes = new Uint8Array(room.buffer, 0, length);
    bytes.set(this.#metaBytes, words * 8);
    return bytes;
  }

  #setMeta(meta: string): void {
    if (meta === this.#meta) return;
    this.#meta = meta;
    this.#metaBytes = this.#encoder.encode(meta);
    this.#metaVersion++;
  }
}

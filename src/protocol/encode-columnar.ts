import { Cells } from "./cells.ts";
import type { SnapshotMessage } from "./messages.ts";
import { taskColumns } from "./task-columns.ts";
import { TextBytes } from "./text-bytes.ts";

/** The form `columnar`: JSON with a list for each measurement, so that names come once. */
export class ColumnarEncoder {
  readonly #bytes = new TextBytes();
  readonly #cells = new Cells();

  encode({ tasks, ...round }: SnapshotMessage): Uint8Array {
    const cells = this.#cells;
    cells.collect(tasks);
    const { columns } = cells;
    const values = columns.map(() => new Array<number | null>(tasks.length).fill(null));
    for (let cell = 0; cell < cells.count; cell++) {
      const column = values[cells.columnsOf[cell] ?? 0];
      const row = cells.rows[cell];
      if (column !== undefined && row !== undefined) column[row] = cells.values[cell] ?? null;
    }
    return this.#bytes.encode(JSON.stringify({ ...round, tasks: taskColumns(tasks), columns, values }));
  }
}

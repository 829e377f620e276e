/*
 * Decoders of the forms columnar and binary as a plugin's author would write them from the specification;
 * they share nothing with the encoders.
 */

type Level = { [key: string]: number | Level };

export function fromColumnar(bytes: Uint8Array): unknown {
  const { tasks, columns, values, ...round } = JSON.parse(new TextDecoder().decode(bytes));
  return { ...round, tasks: tasksOf(tasks, columns, (row, column) => values[column][row]) };
}

/** The header, and what it leads to. */
export function fromBinary(bytes: Uint8Array): { readonly version: number; readonly snapshot: unknown } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = new TextDecoder().decode(bytes.subarray(0, 4));
  if (magic !== "WCA1") throw new Error(`saw magic ${magic}`);
  const metaLength = view.getUint32(4, true);
  const rows = view.getUint32(8, true);
  const columnCount = view.getUint32(12, true);
  const start = 40 + rows * columnCount * 8;
  if (start + metaLength !== bytes.length) throw new Error(`saw ${bytes.length} bytes`);
  const meta = JSON.parse(new TextDecoder().decode(bytes.subarray(start)));
  const { tasks, columns, ...rest } = meta;
  const snapshot = {
    timeMs: view.getFloat64(16, true),
    intervalSecs: view.getFloat64(24, true),
    ...rest,
    tasks: tasksOf(tasks, columns, (row, column) => {
      const value = view.getFloat64(40 + (row * columnCount + column) * 8, true);
      return Number.isNaN(value) ? null : value;
    }),
  };
  return { version: view.getUint32(32, true), snapshot };
}

function tasksOf(
  tasks: Readonly<Record<string, readonly unknown[]>>,
  columns: readonly (readonly string[])[],
  cell: (row: number, column: number) => number | null,
): unknown[] {
  return (tasks["id"] ?? []).map((_, row) => {
    const fields = Object.entries(tasks).map(([field, list]) => [field, list[row]]);
    const measurements: Level = {};
    for (const [column, path] of columns.entries()) {
      const value = cell(row, column);
      if (value !== null) put(measurements, path, value);
    }
    return { ...Object.fromEntries(fields), measurements };
  });
}

function put(level: Level, path: readonly string[], value: number): void {
  const [name = "", ...below] = path;
  if (below.length === 0) {
    level[name] = value;
    return;
  }
  const next = Object.hasOwn(level, name) ? (level[name] as Level) : {};
  level[name] = next;
  put(next, below, value);
}

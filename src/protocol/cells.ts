import type { Measurements } from "../model/metric.ts";
import type { TaskMessage } from "./messages.ts";

/** A level of the measurements' names; `column` where a number has been seen under exactly this path. */
interface Level {
  readonly path: readonly string[];
  column: number;
  readonly below: Map<string, Level>;
}

/**
 * The measurements of tasks as a table: which columns there are, and the cells that have a value, task by
 * task. The lists are filled anew by each `collect` and keep their room.
 */
export class Cells {
  /** Paths into the measurements, in the order in which they were first seen. */
  columns: (readonly string[])[] = [];
  /** How many cells have a value. */
  count = 0;
  /** Of each cell. */
  rows = new Uint32Array(1024);
  columnsOf = new Uint32Array(1024);
  values = new Float64Array(1024);

  collect(tasks: readonly TaskMessage[]): void {
    this.columns = [];
    this.count = 0;
    const root = levelOf([]);
    for (const [row, { measurements }] of tasks.entries()) this.#addLevel(measurements, root, row);
  }

  #addLevel(measurements: Measurements, level: Level, row: number): void {
    for (const name in measurements) {
      const measurement = measurements[name];
      if (measurement === undefined) continue;
      let next = level.below.get(name);
      if (next === undefined) {
        next = levelOf([...level.path, name]);
        level.below.set(name, next);
      }
      if (typeof measurement === "number") this.#addCell(measurement, next, row);
      else this.#addLevel(measurement, next, row);
    }
  }

  #addCell(value: number, level: Level, row: number): void {
    if (level.column < 0) level.column = this.columns.push(level.path) - 1;
    if (this.count === this.values.length) this.#grow();
    this.rows[this.count] = row;
    this.columnsOf[this.count] = level.column;
    this.values[this.count] = value;
    this.count++;
  }

  #grow(): void {
    const length = this.values.length * 2;
    const { rows, columnsOf, values } = this;
    this.rows = new Uint32Array(length);
    this.rows.set(rows);
    this.columnsOf = new Uint32Array(length);
    this.columnsOf.set(columnsOf);
    this.values = new Float64Array(length);
    this.values.set(values);
  }
}

function levelOf(path: readonly string[]): Level {
  return { path, column: -1, below: new Map() };
}

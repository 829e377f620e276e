import { input } from "./host";
import { JsonReader } from "./json-reader";

/** What was seen in a round, of the form `columnar`. */
export class Snapshot {
  /** Wall clock, milliseconds since the epoch. */
  timeMs: f64 = 0;
  /** Between the starts of two rounds as configured. */
  intervalSecs: f64 = 0;
  /** Of each task, in order. */
  ids: string[] = [];
  /** Inodes: another one means that the counters of the task have started anew. */
  identities: f64[] = [];
  /** Of each column, levels after slashes: `task_pressure_seconds_total/cpu/some`. */
  columns: string[] = [];
  /** By column, of each task; NaN: not known. */
  values: f64[][] = [];

  /** The values of the column with this path; null when no task has any. */
  column(path: string): f64[] | null {
    const at = this.columns.indexOf(path);
    return at < 0 ? null : this.values[at];
  }
}

/** The input of `detect` when `describe` says `"input":"columnar"`. */
export function readSnapshot(): Snapshot {
  const snapshot = new Snapshot();
  const json = new JsonReader(input());
  json.enterObject();
  while (json.nextKey()) {
    const key = json.key;
    if (key == "timeMs") snapshot.timeMs = json.number();
    else if (key == "intervalSecs") snapshot.intervalSecs = json.number();
    else if (key == "tasks") readTasks(json, snapshot);
    else if (key == "columns") readColumns(json, snapshot);
    else if (key == "values") readValues(json, snapshot);
    else json.skip();
  }
  return snapshot;
}

function readTasks(json: JsonReader, snapshot: Snapshot): void {
  json.enterObject();
  while (json.nextKey()) {
    const key = json.key;
    if (key == "id") snapshot.ids = readStrings(json);
    else if (key == "identity") snapshot.identities = readNumbers(json);
    else json.skip();
  }
}

function readColumns(json: JsonReader, snapshot: Snapshot): void {
  json.enterList();
  while (json.nextItem()) snapshot.columns.push(readStrings(json).join("/"));
}

function readValues(json: JsonReader, snapshot: Snapshot): void {
  json.enterList();
  while (json.nextItem()) snapshot.values.push(readNumbers(json));
}

function readStrings(json: JsonReader): string[] {
  const strings: string[] = [];
  json.enterList();
  while (json.nextItem()) strings.push(json.string());
  return strings;
}

function readNumbers(json: JsonReader): f64[] {
  const numbers: f64[] = [];
  json.enterList();
  while (json.nextItem()) numbers.push(json.number());
  return numbers;
}

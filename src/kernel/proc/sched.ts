import { asciiSlice } from "../decimal.ts";
import { FractionReader } from "../fraction.ts";
import { type SchedCell, schedNumbersOf } from "./sched-lines.ts";

const [NEWLINE, SPACE, COLON, EQUALS] = [10, 32, 58, 61];
/** The name of the thread stands above a line of dashes and may hold anything, even line ends. */
const RULE = new TextEncoder().encode(`\n${"-".repeat(20)}`);
const FAULTS = new TextEncoder().encode("numa_faults node=");
const UNWANTED = -1;

/** The bytes before a number, and the cell that the number goes to. */
interface Field {
  readonly head: Uint8Array;
  readonly cell: number;
}

/**
 * Sums of the numbers in `/proc/TID/sched` over threads (`proc_sched_show_task` in kernel/sched/debug.c).
 * Most threads of a kernel have the same lines, so a line is first taken for what stood there the last time.
 */
export class SchedSums {
  readonly #wants: (key: string) => boolean;
  readonly #cells: SchedCell[] = [];
  #values: Float64Array = new Float64Array(64).fill(Number.NaN);
  /** Fields of a line by the text before its first number. */
  readonly #known = new Map<string, readonly Field[]>();
  /** Fields of the line that stood at a position last. */
  readonly #expected: (readonly Field[])[] = [];
  readonly #number = new FractionReader();
  /** Numbers of the line that is being read. */
  readonly #line: number[] = [];

  /** `wants`: which keys are summed; faults by NUMA node always are. */
  constructor(wants: (key: string) => boolean) {
    this.#wants = wants;
  }

  /** All that was ever found; grows at the end. */
  get cells(): readonly SchedCell[] {
    return this.#cells;
  }

  /** By number of the cell; NaN for what no thread had since {@link clear}. */
  get values(): Float64Array {
    return this.#values;
  }

  clear(): void {
    this.#values.fill(Number.NaN);
  }

  /** Adds the numbers of one thread. Lines of another form are skipped, those with two colons for instance. */
  add(bytes: Uint8Array, length: number): void {
    let position = 0;
    for (let at = afterName(bytes, length); at < length; position++) {
      const end = endOfLine(bytes, at, length);
      const fields = this.#fieldsOf(position, bytes, at, end);
      if (fields !== undefined && this.#readLine(fields, bytes, at, end)) this.#addLine(fields);
      at = end + 1;
    }
  }

  #fieldsOf(position: number, bytes: Uint8Array, at: number, end: number): readonly Field[] | undefined {
    const expected = this.#expected[position];
    const head = expected?.[0]?.head;
    if (head !== undefined && standsAt(head, bytes, at, end)) return expected;
    const headEnd = endOfHead(bytes, at, end);
    if (headEnd === undefined) return undefined;
    const text = asciiSlice(bytes, at, headEnd);
    const fields = this.#known.get(text) ?? this.#learn(asciiSlice(bytes, at, end));
    if (fields !== undefined) this.#expected[position] = fields;
    return fields;
  }

  /** Nothing, and nothing learned, when the line is of another form. */
  #learn(line: string): readonly Field[] | undefined {
    const numbers = schedNumbersOf(line);
    const [first] = numbers;
    if (first === undefined) return undefined;
    const encoder = new TextEncoder();
    const fields = numbers.map(({ head, cell }) => ({
      head: encoder.encode(head),
      cell: this.#cellOf(cell),
    }));
    this.#known.set(first.head, fields);
    return fields;
  }

  #cellOf(cell: SchedCell): number {
    if (cell.metric === "stat" && !this.#wants(cell.levels[0])) return UNWANTED;
    const known = this.#cells.findIndex((other) => isSame(other, cell));
    if (known >= 0) return known;
    const index = this.#cells.push(cell) - 1;
    if (index === this.#values.length) {
      const larger = new Float64Array(index * 2).fill(Number.NaN);
      larger.set(this.#values);
      this.#values = larger;
    }
    return index;
  }

  /** False when something else than one number stands behind each head. */
  #readLine(fields: readonly Field[], bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    for (let index = 0; index < fields.length; index++) {
      const { head, cell } = fields[index] as Field;
      if (cell === UNWANTED) return false;
      if (!standsAt(head, bytes, at, end)) return false;
      const value = this.#number.read(bytes, skipSpaces(bytes, at + head.length, end), end);
      if (Number.isNaN(value)) return false;
      this.#line[index] = value;
      at = this.#number.end;
    }
    return skipSpaces(bytes, at, end) === end;
  }

  #addLine(fields: readonly Field[]): void {
    for (let index = 0; index < fields.length; index++) {
      const { cell } = fields[index] as Field;
      const sum = this.#values[cell] as number;
      this.#values[cell] = (Number.isNaN(sum) ? 0 : sum) + (this.#line[index] as number);
    }
  }
}

function isSame(a: SchedCell, b: SchedCell): boolean {
  return a.metric === b.metric && a.levels.every((level, index) => level === b.levels[index]);
}

/** Where the numbers begin; 0 when there is no line of dashes. */
function afterName(bytes: Uint8Array, length: number): number {
  for (let at = endOfLine(bytes, 0, length); at < length; at = endOfLine(bytes, at + 1, length)) {
    if (standsAt(RULE, bytes, at, length)) return endOfLine(bytes, at + 1, length) + 1;
  }
  return 0;
}

/** Behind `prio :` or `numa_faults node=0 task_private=`; nothing on a line that has no such thing. */
function endOfHead(bytes: Uint8Array, start: number, end: number): number | undefined {
  const isFaults = standsAt(FAULTS, bytes, start, end);
  const last = isFaults ? EQUALS : COLON;
  let left = isFaults ? 2 : 1;
  for (let at = start; at < end; at++) {
    if (bytes[at] === last && --left === 0) return at + 1;
  }
  return undefined;
}

function standsAt(head: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean {
  if (at + head.length > end) return false;
  for (let i = 0; i < head.length; i++) if (head[i] !== bytes[at + i]) return false;
  return true;
}

function skipSpaces(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === SPACE) at++;
  return at;
}

function endOfLine(bytes: Uint8Array, start: number, length: number): number {
  let at = start;
  while (at < length && bytes[at] !== NEWLINE) at++;
  return at;
}

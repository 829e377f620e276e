import type { Host } from "../../model/host.ts";
import { DecimalReader } from "../decimal.ts";
import { KeyedNumbers } from "../keyed.ts";
import { CELL_NAMES, type CellName, type Format, type KeyRow, TICKS } from "./files.ts";
import { NumaStatParser } from "./numa-stat.ts";
import { PressureParser } from "./pressure.ts";

const MICROSECONDS = 1_000_000;

/** Where decoded numbers go. */
export interface CgroupValues {
  readonly values: Float64Array;
  readonly numaNodes: number[];
  readonly numaPages: number[];
}

type Decode = (bytes: Uint8Array, length: number, into: CgroupValues) => void;

/** Turns the content of one control file into cells; made once per host and file, used for every cgroup. */
export class CgroupDecoder {
  readonly decode: Decode;

  constructor(format: Format, host: Pick<Host, "pageSize" | "ticksPerSecond">) {
    switch (format.kind) {
      case "number":
        this.decode = numberDecoder(indexOf(format.cell), divisorOf(format, host));
        break;
      case "keyed":
        this.decode = keyedDecoder(format.keys, host);
        break;
      case "pressure":
        this.decode = pressureDecoder(indexOf(format.some), indexOf(format.full));
        break;
      default:
        this.decode = numaDecoder(format.kind, host.pageSize);
    }
  }
}

function numberDecoder(cell: number, divisor: number): Decode {
  const number = new DecimalReader();
  // The word "max" is no number: a cgroup without a limit has none to tell.
  return (bytes, length, { values }) => {
    values[cell] = number.read(bytes, 0, length) / divisor;
  };
}

function keyedDecoder(keys: readonly KeyRow[], host: Pick<Host, "ticksPerSecond">): Decode {
  const parser = new KeyedNumbers(keys.map(({ key }) => key));
  const parsed = new Float64Array(keys.length);
  const cells = keys.map(({ cell }) => (cell === "inactiveFile" ? -1 : indexOf(cell)));
  const divisors = keys.map((row) => divisorOf(row, host));
  const inactiveFile = keys.findIndex(({ cell }) => cell === "inactiveFile");
  const usage = indexOf("memUsage");
  const workingSet = indexOf("memWorkingSet");
  return (bytes, length, { values }) => {
    parser.parse(bytes, length, parsed);
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i] as number;
      if (cell >= 0) values[cell] = (parsed[i] as number) / (divisors[i] as number);
    }
    if (inactiveFile < 0) return;
    // Usage is read before memory.stat; the two are not of one instant, so the difference is kept above 0.
    const difference = (values[usage] as number) - (parsed[inactiveFile] as number);
    values[workingSet] = Math.max(0, difference);
  };
}

function pressureDecoder(some: number, full: number): Decode {
  const parser = new PressureParser();
  const totals = { someUs: Number.NaN, fullUs: Number.NaN };
  return (bytes, length, { values }) => {
    parser.parse(bytes, length, totals);
    values[some] = totals.someUs / MICROSECONDS;
    values[full] = totals.fullUs / MICROSECONDS;
  };
}

function numaDecoder(kind: "numa-pages" | "numa-bytes", pageSize: number): Decode {
  const parser = new NumaStatParser();
  const divisor = kind === "numa-bytes" ? pageSize : 1;
  return (bytes, length, { numaNodes, numaPages }) => {
    if (kind === "numa-bytes") parser.parseV2(bytes, length);
    else parser.parseV1(bytes, length);
    for (let i = 0; i < parser.nodes.length; i++) {
      numaNodes.push(parser.nodes[i] as number);
      numaPages.push((parser.amounts[i] as number) / divisor);
    }
  };
}

function indexOf(cell: CellName): number {
  return CELL_NAMES.indexOf(cell);
}

function divisorOf(
  { divisor = 1 }: { readonly divisor?: number | typeof TICKS },
  { ticksPerSecond }: Pick<Host, "ticksPerSecond">,
): number {
  return divisor === TICKS ? ticksPerSecond : divisor;
}

import { DecimalReader } from "../decimal.ts";
import { latin1 } from "../latin1.ts";
import { Names } from "../names.ts";

const [TAB, NEWLINE, SPACE] = [9, 10, 32];
const [UPPER_N, UNDERSCORE, LOWER_A, LOWER_Z] = [78, 95, 97, 122];
const PAGES = "  pages";
const PER_NODE = "  per-node stats";

/** The zone under which statistics of the whole node stand. */
const WHOLE_NODE = "per-node-stats";

/** NUMA node → zone → key → value. */
export type Zoneinfo = Record<string, Record<string, Record<string, number>>>;

/** Knows which node and zone the lines belong to. */
class Place {
  readonly zoneinfo: Zoneinfo = {};
  #node: string | undefined;
  #zone = "";
  #wholeNode = false;
  #values: Record<string, number> | undefined;

  /** `Node 0, zone   Normal`. */
  enter(header: string): void {
    const [, node, zone] = /^Node\s+(\d+),\s*zone\s+(\S+)/.exec(header) ?? [];
    this.#node = node;
    this.#zone = zone ?? "";
    this.#wholeNode = false;
    this.#values = undefined;
  }

  /** Statistics of the whole node stand within its first zone; `  pages` goes on with that zone. */
  set wholeNode(is: boolean) {
    this.#wholeNode = is;
    this.#values = undefined;
  }

  add(key: string, value: number): void {
    if (this.#node === undefined) return;
    if (this.#values === undefined) {
      const zone = this.#wholeNode ? WHOLE_NODE : this.#zone;
      this.zoneinfo[this.#node] ??= {};
      const zones = this.zoneinfo[this.#node] as Record<string, Record<string, number>>;
      this.#values = zones[zone] ??= {};
    }
    this.#values[key] = value;
  }
}

/**
 * Statistics of memory zones: lines of blanks, a word of small letters and underscores, blanks, digits.
 * `/proc/zoneinfo`, proc_zoneinfo(5). Words that end in a colon, as of the page sets of each CPU, are not
 * taken. Pass the same `names` each time the same host is read.
 */
export function parseZoneinfo(bytes: Uint8Array, length: number, names = new Names()): Zoneinfo {
  const place = new Place();
  const number = new DecimalReader();
  let line = 0;
  for (let at = 0; at < length; at++) {
    if (bytes[at] === UPPER_N) {
      const newline = endOfLine(bytes, at, length);
      place.enter(names.at(line++, bytes, at, newline));
      at = newline;
      continue;
    }
    if (startsWith(bytes, at, PER_NODE)) place.wholeNode = true;
    if (startsWith(bytes, at, PAGES)) {
      place.wholeNode = false;
      at += PAGES.length;
    }
    const start = skipBlanks(bytes, at, length);
    let end = start;
    while (end < length && isWordByte(bytes[end] as number)) end++;
    const digits = skipBlanks(bytes, end, length);
    if (start > at && end > start && digits > end) {
      const value = number.read(bytes, digits, length);
      if (!Number.isNaN(value)) place.add(names.at(line++, bytes, start, end), value);
    }
    at = endOfLine(bytes, digits, length);
  }
  return place.zoneinfo;
}

/** The same with the user's pattern, matched at the start of each line: group 1 is the key, group 2 the value. */
export function parseZoneinfoBy(pattern: RegExp, bytes: Uint8Array, length: number): Zoneinfo {
  const place = new Place();
  for (const line of latin1(bytes, length).split("\n")) {
    if (line.startsWith("Node ")) {
      place.enter(line);
      continue;
    }
    if (line.startsWith(PER_NODE)) place.wholeNode = true;
    const pages = line.startsWith(PAGES);
    if (pages) place.wholeNode = false;
    const [, key, digits] = pattern.exec(pages ? ` ${line.slice(PAGES.length)}` : line) ?? [];
    if (key === undefined || digits === undefined || digits.trim() === "") continue;
    const value = Number(digits);
    if (Number.isFinite(value)) place.add(key, value);
  }
  return place.zoneinfo;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function skipBlanks(bytes: Uint8Array, start: number, length: number): number {
  let at = start;
  while (at < length && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

function isWordByte(byte: number): boolean {
  return (byte >= LOWER_A && byte <= LOWER_Z) || byte === UNDERSCORE;
}

function endOfLine(bytes: Uint8Array, start: number, length: number): number {
  let at = start;
  while (at < length && bytes[at] !== NEWLINE) at++;
  return at;
}

import type { Metric } from "../../model/metric.ts";
import type { Labels } from "../../model/task.ts";

/** Labels of one or more metrics of a batch, with what is derived from them once. */
export class LabelSet {
  /** `{a="1",b="x"}` with names in order, or nothing at all when no label is left. */
  readonly text: string;
  /** The metrics that carry it, in the order of the batch. */
  readonly metrics: Metric[] = [];
  /** Text that is in order when the labels are. */
  readonly #sortKey: string;

  constructor(labels: Labels, keep: ReadonlySet<string> | undefined) {
    let text = "";
    let key = "";
    for (const name of Object.keys(labels).sort()) {
      const written = escapeValue(labels[name] ?? "");
      key += keyPart(name, written);
      if (keep === undefined || keep.has(name)) text += `${text === "" ? "{" : ","}${name}="${written}"`;
    }
    this.text = text === "" ? "" : `${text}}`;
    this.#sortKey = key;
  }

  /** Order of series within a family: by label name, then by value, numbers by size and before text. 0: the same labels. */
  compare(other: LabelSet): number {
    if (this.#sortKey === other.#sortKey) return 0;
    return this.#sortKey < other.#sortKey ? -1 : 1;
  }
}

/** Below every character of a label, so that a label that ends is before one that goes on. */
const END = "\u0000";
const NUMBER = "\u0001";
const TEXT = "\u0002";
const MOVED = "\u0003";

/** Numbers are led by how many digits they have. */
function keyPart(name: string, value: string): string {
  if (isDigits(value)) {
    const digits = value.replace(/^0+(?=.)/, "");
    return `${name}${END}${NUMBER}${String.fromCharCode(digits.length)}${digits}${END}${value}${END}`;
  }
  return `${name}${END}${TEXT}${hasSeparators(value) ? value.replaceAll(SEPARATORS, moved) : value}${END}`;
}

/** Characters that the key uses itself, which are moved out of its way. */
const SEPARATORS = new RegExp(`[${END}-${MOVED}]`, "g");

function hasSeparators(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) <= MOVED.charCodeAt(0)) return true;
  return false;
}

function moved(unit: string): string {
  return `${MOVED}${unit.charCodeAt(0)}`;
}

function isDigits(value: string): boolean {
  const first = value.charCodeAt(0);
  return first >= 48 && first <= 57 && /^[0-9]+$/.test(value);
}

const NEEDS_CARE = /[\\\n"\ud800-\udfff]/;

/**
 * Backslash, newline and quote, as the Prometheus text format 0.0.4 has them. Halves of surrogate pairs
 * become what UTF-8 makes of them, so that series which are the same on the wire are the same here.
 */
export function escapeValue(text: string): string {
  if (!NEEDS_CARE.test(text)) return text;
  return escapeHelp(text.toWellFormed()).replaceAll('"', '\\"');
}

/** In help texts quotes stay as they are. */
export function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

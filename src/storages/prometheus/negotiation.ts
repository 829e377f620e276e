/* What a client gets by its headers Accept and Accept-Encoding, RFC 9110, 12.4 and 12.5. */

export type FormatName = "openmetrics" | "text";

/** How metrics are answered. */
export interface Representation {
  readonly format: FormatName;
  readonly contentType: string;
}

interface Offer {
  readonly format: FormatName;
  readonly type: string;
  readonly version: string;
  /** Given only to who names it; other clients might not know it. */
  readonly named: "no" | "type" | "version";
}

/** Version 1.0.0 of the text format is 0.0.4 with names of any characters, which ours do not need. */
const OFFERS: readonly Offer[] = [
  { format: "openmetrics", type: "application/openmetrics-text", version: "1.0.0", named: "type" },
  { format: "text", type: "text/plain", version: "1.0.0", named: "version" },
  { format: "text", type: "text/plain", version: "0.0.4", named: "no" },
];
const FALLBACK = contentType("text/plain", "0.0.4");
/**
 * How names with other characters than the old ones are to be escaped (Prometheus 3): these schemes leave
 * our names as they are. `dots` would double each underscore, so who asks for it gets the common default.
 */
const ESCAPING: ReadonlySet<string> = new Set(["allow-utf-8", "underscores", "values"]);
const DEFAULT_ESCAPING = "underscores";

/** One element of such a header: `text/plain;version=0.0.4;q=0.5`. */
interface Range {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** The best of what is accepted; the text format 0.0.4 if nothing is, as Prometheus' own exporters do. */
export function negotiate(accept: string | null): Representation {
  const ranges = parseRanges(accept ?? "");
  let best: { readonly representation: Representation; readonly quality: number } | undefined;
  for (const offer of OFFERS) {
    const range = closest(offer, ranges);
    if (range === undefined || range.quality === 0 || range.quality <= (best?.quality ?? 0)) continue;
    const type = contentType(offer.type, offer.version, range.parameters.get("escaping"));
    best = { representation: { format: offer.format, contentType: type }, quality: range.quality };
  }
  return best?.representation ?? { format: "text", contentType: FALLBACK };
}

/** Whether the client takes gzip, and does not like it less than plain text. */
export function acceptsGzip(acceptEncoding: string | null): boolean {
  const ranges = parseRanges(acceptEncoding ?? "");
  const qualityFor = (...names: readonly string[]) =>
    ranges.find(({ value }) => names.includes(value))?.quality;
  const quality = qualityFor("gzip", "x-gzip") ?? qualityFor("*") ?? 0;
  return quality > 0 && quality >= (qualityFor("identity") ?? 0);
}

/** The range that fits most exactly: with version, then by type, then `text/*`, then any. */
function closest(offer: Offer, ranges: readonly Range[]): Range | undefined {
  let found: Range | undefined;
  let foundFit = 0;
  for (const range of ranges) {
    const fit = exactness(offer, range);
    if (fit > foundFit || (fit > 0 && fit === foundFit && range.quality > (found?.quality ?? 0))) {
      found = range;
      foundFit = fit;
    }
  }
  return found;
}

/** 0 when the range is of something else. */
function exactness({ type, version, named }: Offer, { value, parameters }: Range): number {
  const wanted = parameters.get("version");
  if (value === type) {
    if (wanted === version) return 4;
    return wanted === undefined && named !== "version" ? 3 : 0;
  }
  if (named !== "no") return 0;
  if (value === `${type.split("/", 1)[0]}/*`) return 2;
  return value === "*/*" ? 1 : 0;
}

function contentType(type: string, version: string, escaping?: string): string {
  const base = `${type}; version=${version}; charset=utf-8`;
  if (escaping === undefined) return base;
  return `${base}; escaping=${ESCAPING.has(escaping) ? escaping : DEFAULT_ESCAPING}`;
}

/** Commas and semicolons within quotes are part of a value. */
const ELEMENTS = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g;
const PARTS = /(?:[^;"]|"(?:[^"\\]|\\.)*"?)+/g;

function parseRanges(header: string): readonly Range[] {
  return (header.match(ELEMENTS) ?? []).flatMap((element) => {
    const [value = "", ...rest] = (element.match(PARTS) ?? []).map((part) => part.trim());
    if (value === "") return [];
    const parameters = new Map(rest.map(parameterOf));
    return [{ value: value.toLowerCase(), parameters, quality: qualityOf(parameters.get("q")) }];
  });
}

function parameterOf(text: string): [string, string] {
  const [, name = text, value = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const unquoted = value.startsWith('"')
    ? value.slice(1).replace(/"$/, "").replaceAll(/\\(.)/g, "$1")
    : value;
  return [name.trim().toLowerCase(), unquoted.trim()];
}

/** Absent, or no number: fully wanted. */
function qualityOf(text: string | undefined): number {
  const quality = Number.parseFloat(text ?? "1");
  return Number.isNaN(quality) ? 1 : Math.min(1, Math.max(0, quality));
}

import { Catalogue, type MetricRow } from "../../model/catalogue.ts";
import { checkTerms, parseTerms, type Term } from "./pmu-terms.ts";
import { UNCORE_EVENTS, type UncoreMetric } from "./uncore-events.ts";

/** What a user wrote in uncore_event_names. */
export type UncoreName =
  | { readonly kind: "predefined"; readonly metric: UncoreMetric; readonly written: string }
  | {
      readonly kind: "pmu";
      readonly metric: string;
      readonly written: string;
      /** One unit (`uncore_imc_0`) or all units of a kind (`uncore_imc`). */
      readonly pmu: string;
      readonly terms: readonly Term[];
    };

/** Keys whose values are hexadecimal without 0x too, as in the original. */
const HEXADECIMAL: ReadonlySet<string> = new Set(["event", "umask", "config", "config1", "config2"]);
/** PMUs that count for CPUs and tasks, and what is no hardware at all. */
const NOT_UNCORE: ReadonlySet<string> = new Set([
  ...["cpu", "cpu_core", "cpu_atom", "software", "tracepoint", "breakpoint", "kprobe", "uprobe"],
]);
const METRIC = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
const PMU = /^[a-zA-Z_]\w*$/;
const FORM = "<name>/<pmu>/<event or terms>/, such as reads/uncore_imc/event=0x04,umask=0x03/";

/**
 * What is wanted in place of a name of uncore_event_names; nothing when it is right. Needs no machine:
 * whether the host has the PMU, and the PMU the event, is seen when the events are resolved.
 */
export function checkUncoreName(text: string): string | undefined {
  const { metric, pmu, terms } = partsOf(text);
  if (isPredefined(metric)) return undefined;
  if (pmu === undefined || terms === undefined) {
    if (text.includes("="))
      return `${FORM}; between brackets it needs quotes, because a comma ends a text there`;
    return `${FORM}, or one of ${Object.keys(UNCORE_EVENTS).join(", ")}`;
  }
  return checkMetric(metric) ?? checkPmu(pmu) ?? checkSelection(terms);
}

function checkMetric(metric: string): string | undefined {
  if (!METRIC.test(metric)) {
    return `a metric name before the PMU: letters, digits and _, no digit first, not __ first, not "${metric}"`;
  }
  if (new Catalogue().get(metric) !== undefined)
    return `a metric name that is free, "${metric}" has another source`;
  return undefined;
}

function checkPmu(pmu: string): string | undefined {
  if (PMU.test(pmu) && !NOT_UNCORE.has(pmu)) return undefined;
  return `a PMU of the host such as uncore_imc, uncore_cha, uncore_upi, amd_df or amd_umc, or one unit such as uncore_imc_0, not "${pmu}"`;
}

function checkSelection(text: string): string | undefined {
  const parts = text.split(",").map(split);
  for (const { key, value } of parts) {
    if (HEXADECIMAL.has(key) && value !== undefined && !/^(0x)?[0-9a-f]{1,16}$/i.test(value)) {
      return `a hexadecimal number behind "${key}=", not "${value}"`;
    }
    if (/^config./.test(key) && !HEXADECIMAL.has(key)) {
      return `one of the keys event, umask, config, config1, config2 or a term of the PMU's format, not "${key}"`;
    }
  }
  const wrong = checkTerms(normalised(text));
  if (wrong !== undefined) return wrong;
  const has = (...keys: readonly string[]) => parts.some(({ key }) => keys.includes(key));
  if (has("config") && has("event", "umask")) return "config= or event= and umask=, not both";
  const named = parts.some(({ key, value }) => value === undefined && !HEXADECIMAL.has(key));
  if (!has("config", "event") && !named) return "event=, config= or the name of an event of the PMU";
  return undefined;
}

/** Throws SyntaxError. */
export function parseUncoreName(text: string): UncoreName {
  const wanted = checkUncoreName(text);
  if (wanted !== undefined) throw new SyntaxError(`Cannot use uncore event "${text}": wanted ${wanted}`);
  const { metric, pmu = "", terms = "" } = partsOf(text);
  if (isPredefined(metric)) return { kind: "predefined", metric, written: metric };
  return { kind: "pmu", metric, written: text, pmu, terms: parseTerms(normalised(terms)) };
}

/** The metric that a name gives, right or wrong. */
export function metricOfUncoreName(text: string): string {
  return partsOf(text).metric;
}

function partsOf(text: string): {
  readonly metric: string;
  readonly pmu: string | undefined;
  readonly terms: string | undefined;
} {
  const parts = text.split("/");
  if (parts.at(-1) === "") parts.pop();
  const [metric = "", pmu, terms, ...more] = parts;
  return { metric, pmu, terms: more.length > 0 ? undefined : terms };
}

function isPredefined(metric: string): metric is UncoreMetric {
  return Object.hasOwn(UNCORE_EVENTS, metric);
}

/** The terms with 0x before every hexadecimal value. */
function normalised(terms: string): string {
  return terms
    .split(",")
    .map((part) => {
      const { key, value } = split(part);
      if (value === undefined || !HEXADECIMAL.has(key)) return part;
      return `${key}=0x${value.replace(/^0x/i, "")}`;
    })
    .join(",");
}

function split(part: string): { readonly key: string; readonly value: string | undefined } {
  const [key = "", ...values] = part.split("=");
  return { key: key.trim(), value: values.length === 0 ? undefined : values.join("=").trim() };
}

/** Rows for the metrics of the names that the catalogue does not have. Throws SyntaxError. */
export function rowsOfUncoreNames(names: readonly string[]): readonly (readonly [string, MetricRow])[] {
  const rows = new Map<string, MetricRow>();
  for (const name of names.map(parseUncoreName)) {
    if (name.kind === "predefined") continue;
    const event = name.written.split("/").slice(1, 3).join("/");
    rows.set(name.metric, {
      help: `Event ${event}/ by socket and unit, as uncore_event_names asks for it; in bytes where the kernel gives a scale in MiB.`,
      type: "counter",
      unit: "none",
      scope: "platform",
      labels: ["socket", "pmu_type"],
      merge: "none",
      source: `perf event ${event}/`,
      option: "uncore_event_names",
    });
  }
  return [...rows];
}

import { Catalogue, type MetricRow } from "../../model/catalogue.ts";
import { Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Platform } from "../../model/platform.ts";
import { cpuGenerationOf, formatCpu } from "./cpu-generation.ts";
import { coreConfig, PERF_TYPE, type PerfEvent } from "./event.ts";
import { encode, listPmus, type Pmu, readPmu } from "./pmu.ts";
import { checkTerms, formatTerms, parseTerms, type Term } from "./pmu-terms.ts";
import {
  CORE_EVENTS,
  type CoreEventName,
  encodingOf,
  GENERIC_EVENTS,
  type GenericEventName,
  generationsOf,
} from "./predefined-events.ts";
import { checkRawEvent, isRawEvent, parseRawEvent, type RawEvent } from "./raw-event.ts";

export type PredefinedEventName = GenericEventName | CoreEventName;

/** Events that need no more than their name. */
export const PREDEFINED_EVENT_NAMES = [
  ...Object.keys(GENERIC_EVENTS),
  ...Object.keys(CORE_EVENTS),
] as readonly PredefinedEventName[];

/** What a user wrote in event_names. */
type EventName =
  | { readonly kind: "generic"; readonly metric: GenericEventName }
  | { readonly kind: "core"; readonly metric: CoreEventName }
  | { readonly kind: "raw"; readonly metric: string; readonly raw: RawEvent }
  | {
      readonly kind: "pmu";
      readonly metric: string;
      readonly pmu: string;
      readonly terms: readonly Term[];
    };

export interface ResolvedEvents {
  /** In the order of the names. */
  readonly events: readonly PerfEvent[];
  /** What this host cannot count, and why. */
  readonly unsupported: readonly { readonly name: string; readonly reason: string }[];
}

/** What {@link resolveEventNames} resolves for. */
export interface ResolveOptions {
  readonly host: Host;
  readonly platform: Platform;
}

/**
 * What is wanted in place of a name of event_names; nothing when it is right. Needs no machine: whether the
 * host has the PMU, and the PMU the event, is seen by {@link resolveEventNames}.
 */
export function checkEventName(text: string): string | undefined {
  if (isPredefined(text)) return undefined;
  if (text.includes("/")) return checkPmuEvent(text);
  if (isRawEvent(text)) return checkRawEvent(text);
  return `<name>__r<hexadecimal digits>, [<name>/]<pmu>/<event or terms>/ or one of ${PREDEFINED_EVENT_NAMES.join(", ")}`;
}

function checkPmuEvent(text: string): string | undefined {
  const { own, pmu, terms } = partsOf(text) ?? {};
  if (pmu === undefined || terms === undefined)
    return "<pmu>/<event or terms>/ or <name>/<pmu>/<event or terms>/";
  if (own !== undefined && !/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(own)) {
    return `a metric name before the PMU: letters, digits and _, no digit first, not __ first, not "${own}"`;
  }
  if (own !== undefined && !isPredefined(own) && new Catalogue().get(own) !== undefined) {
    return `a metric name that is free, "${own}" has another source`;
  }
  if (!/^[a-zA-Z_][\w.:-]*$/.test(pmu))
    return `the name of a PMU before its terms, such as cpu, not "${pmu}"`;
  return checkTerms(terms);
}

/** `[name/]pmu/terms/`. */
function partsOf(text: string) {
  const parts = text.split("/");
  if (parts.pop() !== "") return undefined;
  const [terms, pmu, own, ...more] = parts.reverse();
  return more.length > 0 ? undefined : { own, pmu, terms };
}

function isPredefined(text: string): text is PredefinedEventName {
  return (PREDEFINED_EVENT_NAMES as readonly string[]).includes(text);
}

function parseEventName(text: string): EventName {
  const wanted = checkEventName(text);
  if (wanted !== undefined) throw new SyntaxError(`Cannot use event "${text}": wanted ${wanted}`);
  if (Object.hasOwn(GENERIC_EVENTS, text)) return { kind: "generic", metric: text as GenericEventName };
  if (Object.hasOwn(CORE_EVENTS, text)) return { kind: "core", metric: text as CoreEventName };
  const { own, pmu, terms } = partsOf(text) ?? {};
  if (pmu === undefined || terms === undefined) {
    return { kind: "raw", metric: text, raw: parseRawEvent(text) };
  }
  return { kind: "pmu", metric: own ?? metricOf(pmu, terms), pmu, terms: parseTerms(terms) };
}

/** `cpu/mem-loads/` becomes `task_perf_cpu_mem_loads_total`. */
function metricOf(pmu: string, terms: string): string {
  return `task_perf_${pmu}_${terms}_total`.replace(/[^a-zA-Z0-9_]/g, "_");
}

/**
 * Events of the names on this host, in their order, each once. A term that the PMU of this host has not got
 * costs only its event. Throws SyntaxError for a name that is written wrongly for any host.
 */
export function resolveEventNames(names: readonly string[], options: ResolveOptions): ResolvedEvents {
  const events = new Map<string, PerfEvent>();
  const unsupported: { name: string; reason: string }[] = [];
  for (const name of new Set(names)) {
    try {
      const event = eventOf(name, options);
      const other = events.get(event.metric);
      if (other !== undefined)
        throw new Unsupported(`"${other.written}" gives the metric ${event.metric} already`);
      events.set(event.metric, event);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      unsupported.push({ name, reason: error.message });
    }
  }
  return { events: [...events.values()], unsupported };
}

function eventOf(written: string, options: ResolveOptions): PerfEvent {
  const name = parseEventName(written);
  const plain = { metric: name.metric, written, config1: 0n, config2: 0n, scale: 1 };
  switch (name.kind) {
    case "generic": {
      const { kind, type, config, scale } = GENERIC_EVENTS[name.metric];
      return { ...plain, kind, type, config, scale };
    }
    case "core":
      return { ...plain, kind: "raw", type: PERF_TYPE.raw, ...coreWords(name.metric, options.platform) };
    case "raw": {
      const { config, config1 } = name.raw;
      return { ...plain, kind: "raw", type: PERF_TYPE.raw, config, config1 };
    }
    case "pmu": {
      const pmu = pmuOf(name.pmu, options.host);
      const { type, cpus } = pmu;
      return {
        ...plain,
        kind: "pmu",
        type,
        ...encoded(pmu, name.terms),
        ...(cpus === undefined ? {} : { cpus }),
      };
    }
  }
}

function encoded(pmu: Pmu, terms: readonly Term[]) {
  try {
    return encode(pmu, terms);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unsupported(error.message, { cause: error });
    throw error;
  }
}

function coreWords(metric: CoreEventName, platform: Platform) {
  const generation = cpuGenerationOf(platform);
  const encoding = generation === undefined ? undefined : encodingOf(metric, generation);
  if (encoding !== undefined) return { config: coreConfig(encoding), config1: encoding.config1 ?? 0n };
  const known = `known on ${generationsOf(metric).join(", ")}`;
  throw new Unsupported(`no encoding for ${generation ?? "this CPU"} (${formatCpu(platform)}), ${known}`);
}

function pmuOf(name: string, host: Host): Pmu {
  const pmu = readPmu(host, name);
  if (pmu === undefined) {
    const known = listPmus(host);
    const has = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    throw new Unsupported(`this host has no PMU "${name}", ${has}`);
  }
  if (pmu.uncore)
    throw new Unsupported(`PMU "${name}" counts for the whole package or machine, not for tasks`);
  return pmu;
}

/** Rows for the metrics of raw and PMU events that the catalogue does not have. Throws SyntaxError. */
export function rowsOfEvents(names: readonly string[]): readonly (readonly [string, MetricRow])[] {
  const catalogue = new Catalogue();
  const rows = new Map<string, MetricRow>();
  for (const written of names) {
    const name = parseEventName(written);
    const { metric } = name;
    if (isPredefined(metric) || catalogue.get(metric) !== undefined || rows.has(metric)) continue;
    const encoding = encodingInWords(name);
    rows.set(metric, {
      help: `Perf event ${encoding} of the task, as event_names asks for it.`,
      type: "counter",
      unit: "none",
      scope: "task",
      labels: [],
      merge: "sum",
      source: `perf event ${encoding}`,
      option: "event_names",
    });
  }
  return [...rows];
}

/** `0xd1, umask 0x80` or `cpu/mem-loads,ldlat=0x1e/`. */
function encodingInWords(name: EventName): string {
  if (name.kind === "pmu") return `${name.pmu}/${formatTerms(name.terms)}/`;
  if (name.kind !== "raw") return name.metric;
  const { event, umask, cmask, config1 } = name.raw;
  const more = Object.entries({ cmask, config1 }).filter(([, value]) => BigInt(value) !== 0n);
  const parts = [["umask", umask] as const, ...more].map(
    ([part, value]) => `, ${part} 0x${value.toString(16)}`,
  );
  return `0x${event.toString(16)}${parts.join("")}`;
}

import { KernelError, Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { parseCpuList } from "../cpu-list.ts";
import { isAbsence } from "../optional-file.ts";
import {
  CONFIG_WORDS,
  type ConfigWord,
  type ConfigWords,
  type Field,
  largestOf,
  parseField,
  place,
} from "./pmu-field.ts";
import { formatTerms, parseEventFile, type Term } from "./pmu-terms.ts";

/** Documentation/ABI/testing/sysfs-bus-event_source-devices */
export const PMUS = "/sys/bus/event_source/devices";

/** An event that the kernel names. */
export interface PmuEvent {
  readonly terms: readonly Term[];
  /** Factor from the counted value to the unit. */
  readonly scale: number;
  /** As the kernel writes it: `Joules`, `MiB`. */
  readonly unit?: string;
}

/** A performance monitoring unit as sysfs describes it. */
export interface Pmu {
  readonly name: string;
  /** `perf_event_attr.type`. */
  readonly type: number;
  readonly fields: ReadonlyMap<string, Field>;
  readonly events: ReadonlyMap<string, PmuEvent>;
  /** CPUs to open on: one of each package for an uncore PMU, the cores of one kind of a hybrid CPU. Absent: any. */
  readonly cpus?: readonly number[];
  /** Counts for a package or the machine (it has a `cpumask`): the kernel refuses to count a cgroup with it. */
  readonly uncore: boolean;
}

/** What {@link encode} gives. */
export interface EncodedTerms extends ConfigWords {
  /** Factor of the named event, 1 without one. */
  readonly scale: number;
}

/** No slash and no `..`: it becomes a path. */
const PMU_NAME = /^[a-zA-Z_][\w.:-]*$/;
/** Files beside an event's that tell more about it. */
const ATTRIBUTE = /\.(scale|unit|per-pkg|snapshot)$/;
/** Terms of perf(1) about sampling, which a counter has no use for. */
const IGNORED: ReadonlySet<string> = new Set(["period", "freq"]);
const WHOLE_WORD = Array.from({ length: 64 }, (_, bit) => bit);

/** Names of the host's PMUs, sorted; none where the kernel has no perf events. */
export function listPmus(host: Host): readonly string[] {
  return namesIn(host, PMUS);
}

/** Nothing when the host has no such PMU. What this program cannot read of formats and events is left out. */
export function readPmu(host: Host, name: string): Pmu | undefined {
  if (!PMU_NAME.test(name)) return undefined;
  const directory = `${PMUS}/${name}`;
  const type = readOptional(host, `${directory}/type`)?.trim();
  if (type === undefined) return undefined;
  if (!/^\d{1,10}$/.test(type)) throw new KernelError("parse", `${directory}/type`, "EBADMSG");
  const mask = readCpus(host, `${directory}/cpumask`);
  const cpus = mask ?? readCpus(host, `${directory}/cpus`);
  return {
    name,
    type: Number(type),
    fields: readEach(host, `${directory}/format`, (file) => parseField(host.read(file))),
    events: readEach(host, `${directory}/events`, (file) => readEvent(host, file)),
    ...(cpus === undefined ? {} : { cpus }),
    uncore: mask !== undefined,
  };
}

function readEvent(host: Host, file: string): PmuEvent {
  const scale = Number.parseFloat(readOptional(host, `${file}.scale`) ?? "1");
  if (!Number.isFinite(scale)) throw new SyntaxError(`Cannot read "${file}.scale": it must be a number`);
  const unit = readOptional(host, `${file}.unit`)?.trim();
  return { terms: parseEventFile(host.read(file)), scale, ...(unit === undefined ? {} : { unit }) };
}

function readEach<T>(host: Host, directory: string, read: (file: string) => T): ReadonlyMap<string, T> {
  const all = new Map<string, T>();
  for (const name of namesIn(host, directory)) {
    if (ATTRIBUTE.test(name)) continue;
    try {
      all.set(name, read(`${directory}/${name}`));
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof KernelError)) throw error;
    }
  }
  return all;
}

function readCpus(host: Host, file: string): readonly number[] | undefined {
  const text = readOptional(host, file);
  if (text === undefined) return undefined;
  try {
    return parseCpuList(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new KernelError("parse", file, "EBADMSG", { cause: error });
  }
}

function readOptional(host: Host, file: string): string | undefined {
  try {
    return host.read(file);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function namesIn(host: Host, directory: string): readonly string[] {
  try {
    return host.list(directory);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

/**
 * The words that select what the terms describe. A bare term is an event of the PMU or a field set to 1;
 * terms beside an event's name replace or complete the event's own. Throws SyntaxError for a term that is
 * written wrongly, {@link Unsupported} for an event that this PMU does not have.
 */
export function encode(pmu: Pmu, terms: readonly Term[]): EncodedTerms {
  const named = terms.filter(({ name, value }) => value === undefined && pmu.events.has(name));
  if (named.length > 1) throw wrong(pmu, terms, `one event, not ${named.length}`);
  const [event] = named.map(({ name }) => pmu.events.get(name));
  const values = new Map<string, bigint | "?">();
  for (const { name, value = 1n } of event?.terms ?? []) if (!IGNORED.has(name)) values.set(name, value);
  for (const term of terms) {
    const { name, value } = term;
    if (named.includes(term) || IGNORED.has(name)) continue;
    if (fieldOf(pmu, name) === undefined)
      throw value === undefined ? noEvent(pmu, name) : noField(pmu, terms, name);
    values.set(name, value ?? 1n);
  }
  const words: Record<ConfigWord, bigint> = { config: 0n, config1: 0n, config2: 0n };
  const owners = new Map<string, string>();
  for (const [name, value] of values) {
    const field = fieldOf(pmu, name);
    if (field === undefined) throw noField(pmu, terms, name);
    const fault = faultOf(name, { value, field, owners });
    if (fault !== undefined || value === "?") throw wrong(pmu, terms, fault ?? "");
    for (const bit of field.bits) owners.set(`${field.word}:${bit}`, name);
    words[wordOf(pmu, field, name)] |= place(value, field);
  }
  return { ...words, scale: event?.scale ?? 1 };
}

interface Placement {
  readonly value: bigint | "?";
  readonly field: Field;
  /** `word:bit` → term that has it already. */
  readonly owners: ReadonlyMap<string, string>;
}

/** What is wanted in place of a term's value; nothing when it can be placed. */
function faultOf(name: string, { value, field, owners }: Placement): string | undefined {
  if (value === "?") return `a value for "${name}", which the event leaves open`;
  const largest = largestOf(field);
  if (value > largest) {
    const [most, seen] = [largest, value].map((each) => `0x${each.toString(16)}`);
    return `at most ${most} for "${name}" (bits: ${field.bits.length}), not ${seen}`;
  }
  const owner = field.bits
    .map((bit) => owners.get(`${field.word}:${bit}`))
    .find((each) => each !== undefined);
  return owner === undefined ? undefined : `"${owner}" or "${name}", not both: they share bits`;
}

/** A format's field, or a whole word by its own name. */
function fieldOf(pmu: Pmu, name: string): Field | undefined {
  const words: readonly string[] = CONFIG_WORDS;
  return pmu.fields.get(name) ?? (words.includes(name) ? { word: name, bits: WHOLE_WORD } : undefined);
}

function wordOf(pmu: Pmu, { word }: Field, name: string): ConfigWord {
  const known = CONFIG_WORDS.find((each) => each === word);
  if (known !== undefined) return known;
  throw new Unsupported(`"${name}" of PMU "${pmu.name}" lies in ${word}, which this program does not set`);
}

function noEvent(pmu: Pmu, name: string): Unsupported {
  const events = [...pmu.events.keys()];
  const known = events.length === 0 ? "names none" : `has ${events.join(", ")}`;
  return new Unsupported(`PMU "${pmu.name}" of this host has no event or field "${name}", it ${known}`);
}

function noField(pmu: Pmu, terms: readonly Term[], name: string): SyntaxError {
  const known = new Set([...pmu.fields.keys(), ...CONFIG_WORDS]);
  return wrong(pmu, terms, `one of the terms ${[...known].join(", ")}, not "${name}"`);
}

function wrong(pmu: Pmu, terms: readonly Term[], wanted: string): SyntaxError {
  return new SyntaxError(`Cannot encode "${pmu.name}/${formatTerms(terms)}/": wanted ${wanted}`);
}

import { KernelError, Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Platform } from "../../model/platform.ts";
import { cpuGenerationOf, formatCpu } from "./cpu-generation.ts";
import type { PerfEvent } from "./event.ts";
import { encode, listPmus, PMUS, type Pmu, readPmu } from "./pmu.ts";
import { parseTerms, type Term } from "./pmu-terms.ts";
import { UNCORE_EVENTS, type UncoreEncoding, type UncoreMetric } from "./uncore-events.ts";
import { parseUncoreName } from "./uncore-names.ts";

/** A unit and the events of one metric there, which are counted together. */
export interface UnitEvents {
  readonly unit: Pmu;
  readonly events: readonly PerfEvent[];
}

/** A metric on every unit that counts it. */
export interface UncoreEvent {
  readonly metric: string;
  /** What the user wrote. */
  readonly written: string;
  /** Where the encoding comes from. */
  readonly source: string;
  readonly units: readonly UnitEvents[];
}

/** An event that this host cannot count. */
export interface UncoreLack {
  readonly name: string;
  /** In words for one event, such as a row of `wca doctor`. */
  readonly reason: string;
  /** Kinds of PMUs any of which could count it, where the host has none of them. */
  readonly pmus?: readonly string[];
}

export interface ResolvedUncore {
  /** In the order of the names. */
  readonly events: readonly UncoreEvent[];
  readonly unsupported: readonly UncoreLack[];
}

/** Bytes of the units that the kernel writes behind an event's scale. */
const BYTES: Readonly<Record<string, number>> = {
  Bytes: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/**
 * Ice Lake and Snow Ridge up to Linux 5.9 told 4 bytes for each count of a free-running counter, which is a
 * cache line: "perf/x86/intel/uncore: Fix the scale of the IMC free-running events".
 */
const WRONG_SCALE = 3.814697266e-6;
const LINE_IN_MIB = 64 / 2 ** 20;

/**
 * Finds the units that count the named metrics. Only PMUs that a name needs are read. What this host does not
 * have costs only itself. Throws SyntaxError for a name that is written wrongly.
 */
export class UncoreResolver {
  readonly #host: Host;
  readonly #platform: Platform;
  readonly #names: readonly string[];
  readonly #units = new Map<string, Pmu | undefined>();

  constructor(host: Host, platform: Platform) {
    this.#host = host;
    this.#platform = platform;
    this.#names = listPmus(host);
  }

  resolve(names: readonly string[]): ResolvedUncore {
    const events: UncoreEvent[] = [];
    const unsupported: UncoreLack[] = [];
    for (const name of names) {
      try {
        events.push(this.#resolve(name));
      } catch (error) {
        if (!(error instanceof Unsupported || error instanceof KernelError)) throw error;
        const pmus = error instanceof MissingPmu ? { pmus: error.kinds } : {};
        unsupported.push({ name, reason: error.message, ...pmus });
      }
    }
    return { events, unsupported };
  }

  /** The units of a kind, or the one unit of that name, in the order of their numbers. */
  units(kind: string): readonly Pmu[] {
    const numbered = this.#names.flatMap((name) => {
      const number = numberOf(name, kind);
      return number === undefined ? [] : [{ name, number }];
    });
    numbered.sort((a, b) => a.number - b.number);
    return numbered.flatMap(({ name }) => this.#read(name) ?? []);
  }

  #read(name: string): Pmu | undefined {
    if (!this.#units.has(name)) this.#units.set(name, readPmu(this.#host, name));
    return this.#units.get(name);
  }

  #resolve(written: string): UncoreEvent {
    const name = parseUncoreName(written);
    if (name.kind === "predefined") return this.#predefined(name.metric);
    const { metric, pmu, terms } = name;
    const units = this.units(pmu);
    if (units.length === 0) throw new MissingPmu([pmu]);
    const usable = units.filter(({ uncore }) => uncore);
    if (usable.length === 0) {
      throw new Unsupported(`PMU "${pmu}" has no cpumask: it counts tasks, which is for event_names`);
    }
    return { metric, written, source: pmu, units: usable.map((unit) => unitEvents(unit, name, [terms])) };
  }

  #predefined(metric: UncoreMetric): UncoreEvent {
    const encodings: readonly UncoreEncoding[] = UNCORE_EVENTS[metric].encodings;
    const generation = cpuGenerationOf(this.#platform);
    for (const { pmu, events, generations, source } of encodings) {
      if (generations !== undefined && (generation === undefined || !generations.includes(generation)))
        continue;
      const terms = events.map(parseTerms);
      const units = this.units(pmu)
        .filter((unit) => unit.uncore && hasTerms(unit, terms))
        .map((unit) => unitEvents(unit, { metric, written: metric }, terms, { lines: true }));
      if (units.length > 0) return { metric, written: metric, source, units };
    }
    const kinds = [...new Set(encodings.map(({ pmu }) => pmu))];
    const there = kinds.filter((kind) => this.units(kind).length > 0);
    if (there.length === 0) throw new MissingPmu(kinds);
    throw new Unsupported(
      `PMU ${there.join(", ")} of ${generation ?? "an unknown CPU"} (${formatCpu(this.#platform)}) is not known to count it; name/<pmu>/event=..,umask=../ counts what its manual says`,
    );
  }
}

/** The host has none of the PMUs that could count an event. */
class MissingPmu extends Unsupported {
  readonly kinds: readonly string[];

  constructor(kinds: readonly string[]) {
    super(explainMissing(kinds));
    this.kinds = kinds;
  }
}

export function explainMissing(kinds: readonly string[]): string {
  return `no PMU ${kinds.join(" or ")} in ${PMUS} (a virtual machine, or the module intel_uncore or amd_uncore is not loaded, or the CPU has none)`;
}

/** The unit's number when it is of the kind: 3 of `uncore_imc_3`; `uncore_imc_free_running_3` is of another. */
function numberOf(name: string, kind: string): number | undefined {
  if (name === kind) return -1;
  if (!name.startsWith(`${kind}_`)) return undefined;
  const index = name.slice(kind.length + 1);
  return /^\d+$/.test(index) ? Number(index) : undefined;
}

/** Whether every term is a field of the unit's format, or every event one that the kernel names. */
function hasTerms({ fields, events }: Pmu, all: readonly (readonly Term[])[]): boolean {
  return all.every((terms) =>
    terms.every(({ name, value }) => (value === undefined ? events.has(name) : fields.has(name))),
  );
}

/** `lines`: each count is a cache line or an event, whatever scale the kernel tells. Throws {@link Unsupported}. */
function unitEvents(
  unit: Pmu,
  { metric, written }: Pick<PerfEvent, "metric" | "written">,
  all: readonly (readonly Term[])[],
  { lines = false }: { readonly lines?: boolean } = {},
): UnitEvents {
  const { type, cpus = [] } = unit;
  const events = all.map((terms): PerfEvent => {
    const { config, config1, config2 } = encoded(unit, terms);
    const scale = lines ? 1 : scaleOf(unit, terms);
    return { metric, written, kind: "pmu", type, config, config1, config2, scale, cpus };
  });
  return { unit, events };
}

function encoded(unit: Pmu, terms: readonly Term[]) {
  try {
    return encode(unit, terms);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unsupported(error.message, { cause: error });
    throw error;
  }
}

/** To the base unit: bytes where the kernel's scale leads to MiB. */
function scaleOf({ name, events }: Pmu, terms: readonly Term[]): number {
  const event = terms
    .map((term) => (term.value === undefined ? events.get(term.name) : undefined))
    .find(Boolean);
  if (event === undefined) return 1;
  const { scale, unit = "" } = event;
  const wrong = scale === WRONG_SCALE && numberOf(name, "uncore_imc_free_running") !== undefined;
  return (wrong ? LINE_IN_MIB : scale) * (BYTES[unit] ?? 1);
}

import { defineComponent, type HostContext } from "../../config/component.ts";
import { formatCpuList } from "../../kernel/cpu-list.ts";
import { explainFailure } from "../../kernel/perf/explain.ts";
import { PerfGroupOpener, type RefusedEvent } from "../../kernel/perf/group.ts";
import { listPmus } from "../../kernel/perf/pmu.ts";
import {
  explainMissing,
  type UncoreEvent,
  type UncoreLack,
  UncoreResolver,
} from "../../kernel/perf/uncore.ts";
import { readPlatform } from "../../kernel/platform.ts";
import { CpuReturns } from "../../kernel/sysfs/cpu-returns.ts";
import { KernelError, Unsupported } from "../../model/errors.ts";
import type { Measurement } from "../../model/metric.ts";
import type { Platform } from "../../model/platform.ts";
import { Collector } from "../../model/roles.ts";
import type { Round } from "../../model/round.ts";
import type { Probing, Support } from "../../model/support.ts";
import { deriveUncore } from "./derived.ts";
import { groupsOf, UNCORE_OPTIONS, type UncoreEventNames } from "./options.ts";
import { UncoreUnits } from "./units.ts";

const COMPONENT = "UncoreCollector";

interface UncoreOptions {
  readonly uncore_event_names: UncoreEventNames;
  readonly enable_derived_metrics: boolean;
}

/** Counters outside of the cores: memory controllers, links between sockets, caches, data fabric. */
export class UncoreCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Counts events of memory controllers, links between sockets, caches and data fabrics with perf, and derives the bandwidth of memory and links.",
    options: UNCORE_OPTIONS,
  });

  readonly #context: HostContext;
  readonly #names: readonly (readonly string[])[];
  readonly #derives: boolean;
  readonly #units: UncoreUnits;
  readonly #returns: CpuReturns;
  readonly #monotonicMs: () => number;
  readonly #said = new Set<string>();
  #platform: Platform | undefined;
  #measuredMs = 0;

  /** `monotonicMs`: rates are over this clock, since a round's own may be set. Default: time since start-up. */
  constructor(
    { uncore_event_names, enable_derived_metrics }: UncoreOptions,
    context: HostContext,
    { monotonicMs = () => performance.now() }: { readonly monotonicMs?: () => number } = {},
  ) {
    super();
    this.#context = context;
    this.#monotonicMs = monotonicMs;
    this.#names = groupsOf(uncore_event_names);
    this.#derives = enable_derived_metrics;
    this.#returns = new CpuReturns(context.host);
    this.#units = new UncoreUnits({
      host: context.host,
      // Units of a kind refuse alike: one line for all of them.
      onRefused: (unit, refused) =>
        this.#say(explainRefused(unit, refused), `${refused.event.written}: ${refused.error.code}`),
      onFailure: (unit, error) => this.#say(`Cannot read the counters of PMU "${unit}": ${error.code}`),
    });
  }

  /** Throws {@link Unsupported} when nothing at all can be counted. */
  measure({ platform, platformMeasurements }: Round): void {
    if (this.#names.length === 0 || platform === undefined) return;
    // Another object only when CPUs or nodes came or went, which is when a PMU may have another CPU.
    const returned = this.#returns.look(platform.onlineCpus);
    if (platform !== this.#platform || returned.length > 0) this.#follow(platform, returned);
    const nowMs = this.#monotonicMs();
    this.#units.read();
    Object.assign(
      platformMeasurements,
      this.#units.values(),
      this.#derives ? this.#derive(nowMs) : undefined,
    );
    const factors = this.#units.factors();
    if (Object.keys(factors).length > 0) platformMeasurements["platform_scaling_uncore_factor"] = factors;
  }

  probe(): readonly Support[] {
    const { host } = this.#context;
    if (this.#names.length === 0) return [this.#presence()];
    const resolver = new UncoreResolver(host, readPlatform(host));
    return this.#names.flat().map((name) => {
      const { events, unsupported } = resolver.resolve([name]);
      const [event] = events;
      const [lack] = unsupported;
      const reason = lack?.reason ?? (event === undefined ? "no such event" : this.#tryOpening(event));
      return {
        component: COMPONENT,
        feature: `uncore event ${name}`,
        supported: reason === undefined,
        detail: reason ?? (event === undefined ? "" : describe(event)),
      };
    });
  }

  close(): void {
    this.#units.close();
  }

  #derive(nowMs: number): Readonly<Record<string, Measurement>> {
    const seconds = (nowMs - this.#measuredMs) / 1000;
    this.#measuredMs = nowMs;
    return deriveUncore({ increases: this.#units.increases(), instances: this.#units.instances(), seconds });
  }

  #follow(platform: Platform, returned: readonly number[]): void {
    const { host } = this.#context;
    const resolver = new UncoreResolver(host, platform);
    const resolved = this.#names.map((group) => resolver.resolve(group));
    const lacks = resolved.flatMap(({ unsupported }) => unsupported);
    const said = inOneLine(lacks);
    try {
      if (resolved.every(({ events }) => events.length === 0)) throw new Unsupported(said);
      if (lacks.length > 0) this.#say(said);
      this.#units.follow(
        resolved.map(({ events }) => events),
        { platform, returned },
      );
    } catch (error) {
      this.#units.close();
      if (!(error instanceof KernelError)) throw error;
      throw new Unsupported(explainFailure(error, "uncore counters", host), { cause: error });
    }
    this.#platform = platform;
  }

  /** What stands in the way of opening it; nothing when it can be opened. */
  #tryOpening({ units: [first] }: UncoreEvent): string | undefined {
    const { host } = this.#context;
    const [cpu] = first?.unit.cpus ?? [];
    if (first === undefined || cpu === undefined)
      return "no CPU stands for the PMU now: its cpumask is empty";
    try {
      const { groups, refused } = new PerfGroupOpener(host.perf).open(first.events, { cpu });
      for (const group of groups) group.close();
      return refused[0] && explainRefused(first.unit.name, refused[0]);
    } catch (error) {
      if (error instanceof Unsupported) return error.message;
      if (error instanceof KernelError) return explainFailure(error, `PMU "${first.unit.name}"`, host);
      throw error;
    }
  }

  /** For a configuration without uncore events: which PMUs there would be. */
  #presence(): Support {
    const { host } = this.#context;
    const row = { component: COMPONENT, feature: "uncore counters (uncore_event_names)" };
    const resolver = new UncoreResolver(host, readPlatform(host));
    const kinds = [...new Set(listPmus(host).map((name) => name.replace(/_\d+$/, "")))];
    const found = kinds.flatMap((kind) => {
      const units = resolver.units(kind).filter(({ uncore }) => uncore);
      return units.length === 0 ? [] : [`${kind} (${units.length})`];
    });
    if (found.length > 0) return { ...row, supported: true, detail: `PMUs ${found.join(", ")}` };
    const { unsupported } = resolver.resolve(["platform_cas_count_reads"]);
    return { ...row, supported: false, detail: unsupported[0]?.reason ?? "" };
  }

  /** Once for each `subject`. */
  #say(message: string, subject = message): void {
    if (this.#said.has(subject)) return;
    this.#said.add(subject);
    this.#context.log.warning(message);
  }
}

/** Of those without a PMU one sentence for all; `Cannot count uncore events a, b: …; c: …`. */
function inOneLine(lacks: readonly UncoreLack[]): string {
  const missing = lacks.filter(({ pmus }) => pmus !== undefined);
  const kinds = [...new Set(missing.flatMap(({ pmus }) => pmus ?? []))];
  const others = Map.groupBy(
    lacks.filter(({ pmus }) => pmus === undefined),
    ({ reason }) => reason,
  );
  const parts = [...others].map(([reason, names]) => `${namesOf(names)}: ${reason}`);
  if (missing.length > 0) parts.unshift(`${namesOf(missing)}: ${explainMissing(kinds)}`);
  return `Cannot count uncore events ${parts.join("; ")}`;
}

function namesOf(lacks: readonly UncoreLack[]): string {
  return lacks.map(({ name }) => name).join(", ");
}

const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: "the PMU has no such event",
  EINVAL: "the kernel refuses its settings",
  ENOSPC: "no counter of the unit can count it",
  EOPNOTSUPP: "the PMU cannot count it in this way",
  EBUSY: "somebody else holds the unit",
};

function explainRefused(unit: string, { event, error }: RefusedEvent): string {
  const meaning = REFUSALS[error.code];
  const settings = `type ${event.type}, config 0x${event.config.toString(16)}`;
  return `Cannot count uncore event "${event.written}" with PMU "${unit}" (${settings}): ${error.code}${meaning === undefined ? "" : `, ${meaning}`}`;
}

/** `uncore_imc_0, uncore_imc_1 on CPUs 0,28 (…)`. */
function describe({ units, source }: UncoreEvent): string {
  const cpus = formatCpuList(units.flatMap(({ unit }) => unit.cpus ?? []));
  return `${units.map(({ unit }) => unit.name).join(", ")} on CPUs ${cpus} (${source})`;
}

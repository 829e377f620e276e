import type { PerfEvent } from "../../kernel/perf/event.ts";
import { type PerfGroup, PerfGroupOpener, type RefusedEvent } from "../../kernel/perf/group.ts";
import type { Pmu } from "../../kernel/perf/pmu.ts";
import type { UncoreEvent } from "../../kernel/perf/uncore.ts";
import { KernelError, Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Platform } from "../../model/platform.ts";
import type { ByUnit, UncoreCounters } from "./derived.ts";
import { addTo, type UncoreSum, UncoreSums, type UnitPlace } from "./sums.ts";

/**
 * Counters of a unit of a memory controller, UPI link, CHA or data fabric. The kernel refuses a larger group
 * of an Intel unit, but opens one of an AMD unit that then never counts.
 */
const LARGEST_GROUP = 4;

/** One group of the configuration on a unit, to be opened on one CPU. */
interface Place extends UnitPlace {
  readonly pmu: Pmu;
  readonly cpu: number;
  readonly events: readonly PerfEvent[];
}

interface OpenPlace extends Place {
  readonly groups: readonly PerfGroup[];
  /** What each event of each group adds to. */
  readonly sums: readonly (readonly UncoreSum[])[];
}

export interface UncoreUnitsOptions {
  readonly host: Host;
  /** An event that the unit does not count. */
  readonly onRefused: (unit: string, refused: RefusedEvent) => void;
  /** Groups that could not be read this time. */
  readonly onFailure: (unit: string, error: KernelError) => void;
}

/** The counters of uncore units: opened on the CPU that stands for the unit's socket, and summed for good. */
export class UncoreUnits {
  readonly #options: UncoreUnitsOptions;
  readonly #opener: PerfGroupOpener;
  readonly #places = new Map<string, OpenPlace>();
  readonly #sums = new UncoreSums();

  constructor(options: UncoreUnitsOptions) {
    this.#options = options;
    this.#opener = new PerfGroupOpener(options.host.perf);
  }

  get descriptors(): number {
    return [...this.#places.values()].reduce((sum, place) => sum + descriptorsOf(place), 0);
  }

  /**
   * Opens what is not open yet, on CPUs that were away since (`returned`) anew, and closes what is not
   * wanted any more; totals stay. Throws {@link Unsupported} when descriptors are short, and KernelError
   * for what is about the agent.
   */
  follow(
    groups: readonly (readonly UncoreEvent[])[],
    { platform, returned = [] }: { readonly platform: Platform; readonly returned?: readonly number[] },
  ): void {
    const wanted = placesOf(groups, platform);
    for (const [key, place] of this.#places) {
      if (!wanted.has(key) || returned.includes(place.cpu)) this.#close(key, place);
    }
    const missing = [...wanted].filter(([key]) => !this.#places.has(key));
    const needed = missing.reduce((sum, [, { events }]) => sum + events.length, 0);
    this.#claim(needed, missing.length);
    const before = this.descriptors;
    try {
      for (const [key, place] of missing) this.#open(key, place);
    } finally {
      this.#options.host.releaseDescriptors(needed - (this.descriptors - before));
    }
    this.#sums.consistOf(
      [...wanted.values()].flatMap((place) => place.events.map((event) => [event, place] as const)),
    );
  }

  /** Adds up what was counted since the last time. */
  read(): void {
    this.#sums.begin();
    for (const place of this.#places.values()) this.#readPlace(place);
    this.#sums.end();
  }

  /** See {@link UncoreSums}. */
  values(): UncoreCounters {
    return this.#sums.values();
  }

  increases(): UncoreCounters {
    return this.#sums.increases();
  }

  /** How many CPUs stand for a unit in a socket: one for each die. */
  instances(): ByUnit {
    const cpus = new Map<string, Set<number>>();
    const numbers: Record<string, Record<string, number>> = {};
    for (const { unit, socket, cpu } of this.#places.values()) {
      const key = `${socket}/${unit}`;
      const known = cpus.get(key) ?? new Set();
      cpus.set(key, known.add(cpu));
      numbers[socket] ??= {};
      numbers[socket][unit] = known.size;
    }
    return numbers;
  }

  /** By how much the counts were scaled up, the mean of a unit's groups; 1 where none ran. */
  factors(): ByUnit {
    const ran = new Map<string, { socket: string; unit: string; factors: number[] }>();
    for (const { unit, socket, groups } of this.#places.values()) {
      const key = `${socket}/${unit}`;
      const known = ran.get(key) ?? { socket, unit, factors: [] };
      known.factors.push(...groups.map(({ factor }) => factor).filter((factor) => factor > 0));
      ran.set(key, known);
    }
    const means: Record<string, Record<string, number>> = {};
    for (const { socket, unit, factors } of ran.values()) {
      const sum = factors.reduce((total, factor) => total + factor, 0);
      means[socket] ??= {};
      means[socket][unit] = factors.length === 0 ? 1 : sum / factors.length;
    }
    return means;
  }

  close(): void {
    for (const [key, place] of this.#places) this.#close(key, place, { read: false });
  }

  #claim(needed: number, places: number): void {
    const { host } = this.#options;
    if (host.claimDescriptors(needed)) return;
    throw new Unsupported(
      `Cannot open ${needed} uncore counters on ${places} units and sockets: ${host.freeDescriptors} descriptors are left; raise LimitNOFILE or name fewer events`,
    );
  }

  #open(key: string, place: Place): void {
    const { pmu, cpu, events } = place;
    const groups: PerfGroup[] = [];
    try {
      for (let start = 0; start < events.length; start += LARGEST_GROUP) {
        const opened = this.#opener.open(events.slice(start, start + LARGEST_GROUP), { cpu });
        groups.push(...opened.groups);
        for (const refused of opened.refused) this.#options.onRefused(pmu.name, refused);
      }
    } catch (error) {
      for (const group of groups) group.close();
      // The CPU went offline just now: its unit has another one in the next round.
      if (error instanceof KernelError && error.code === "ENODEV") return;
      throw error;
    }
    const sums = groups.map((group) => group.events.map((event) => this.#sums.of(event, place)));
    this.#places.set(key, { ...place, groups, sums });
  }

  #close(key: string, place: OpenPlace, { read = true }: { readonly read?: boolean } = {}): void {
    if (read) this.#readPlace(place);
    this.#places.delete(key);
    this.#options.host.releaseDescriptors(descriptorsOf(place));
    for (const group of place.groups) group.close();
  }

  #readPlace({ pmu, groups, sums }: OpenPlace): void {
    groups.forEach((group, index) => {
      try {
        group.read();
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        this.#options.onFailure(pmu.name, error);
        return;
      }
      (sums[index] ?? []).forEach((sum, member) => {
        addTo(sum, group.increases[member] ?? 0, group);
      });
    });
  }
}

function descriptorsOf({ groups }: OpenPlace): number {
  return groups.reduce((sum, { descriptors }) => sum + descriptors, 0);
}

/** Every group of the configuration on every unit that it needs, on every CPU of the unit. */
function placesOf(
  groups: readonly (readonly UncoreEvent[])[],
  platform: Platform,
): ReadonlyMap<string, Place> {
  const sockets = socketsOf(platform);
  const places = new Map<string, Place>();
  groups.forEach((uncoreEvents, group) => {
    const byUnit = Map.groupBy(
      uncoreEvents.flatMap(({ units }) => units),
      ({ unit }) => unit.name,
    );
    for (const members of byUnit.values()) {
      const [first] = members;
      if (first === undefined) continue;
      const { unit: pmu } = first;
      const events = members.flatMap((member) => member.events);
      for (const cpu of pmu.cpus ?? []) {
        const [socket, unit] = [String(sockets.get(cpu) ?? 0), String(pmu.type)];
        places.set(`${group}/${pmu.name}/${unit}/${cpu}`, { pmu, cpu, socket, unit, events });
      }
    }
  });
  return places;
}

/** CPU → physical package. */
function socketsOf({ topology }: Platform): ReadonlyMap<number, number> {
  const sockets = new Map<number, number>();
  for (const [socket, cores] of topology) {
    for (const cpus of cores.values()) for (const cpu of cpus) sockets.set(cpu, socket);
  }
  return sockets;
}

import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { PerfGroup, PerfGroupOpener, RefusedEvent } from "./group.ts";
import type { EventPlan } from "./plan.ts";

/** What the events of all cgroups have in common. */
export interface EventSource {
  readonly host: Host;
  readonly opener: PerfGroupOpener;
  readonly plan: EventPlan;
  /** Called once for an event that cannot be counted on this host; it is out of the plan then. */
  readonly onRefused: (refused: RefusedEvent) => void;
}

/**
 * What became of opening. `absent`: there is no such cgroup. `uncountable`: there is, but the kernel does
 * not find it in the hierarchy of perf_event. `crowded`: the host's budget has not as many descriptors left.
 */
export type OpeningResult = "open" | "absent" | "uncountable" | "crowded";

const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ENODEV"]);
const UNCOUNTABLE: ReadonlySet<string> = new Set(["ENOENT"]);

/** The events of one cgroup on all CPUs. Its descriptors are taken out of the host's budget before they are opened. */
export class CgroupEvents {
  readonly directory: string;
  readonly #source: EventSource;
  readonly #groups = new Map<number, readonly PerfGroup[]>();

  constructor(directory: string, source: EventSource) {
    this.directory = directory;
    this.#source = source;
  }

  /** What is open, CPU by CPU. */
  get groups(): readonly PerfGroup[] {
    return [...this.#groups.values()].flat();
  }

  /**
   * Closes what is open on other CPUs and opens what is not open yet, on all of them or none. A descriptor
   * that was opened before its CPU went offline never counts again, so CPUs that come back are new ones,
   * also those that were away too short to be missed (`returned`).
   * Throws {@link KernelError} for what is about the agent or the moment, see `explain.ts`.
   */
  follow(cpus: readonly number[], returned: readonly number[] = []): OpeningResult {
    for (const [cpu, groups] of [...this.#groups]) {
      const stale = returned.includes(cpu) || groups.some(({ dissolved }) => dissolved);
      if (stale || !cpus.includes(cpu)) this.#close(cpu);
    }
    const added = cpus.filter((cpu) => !this.#groups.has(cpu));
    const { host, plan } = this.#source;
    const needed = plan.descriptors(added);
    if (needed === 0) return "open";
    if (!host.claimDescriptors(needed)) return "crowded";
    let used = 0;
    try {
      const result = this.#openOn(added);
      if (result === "open") used = descriptorsOf(added.flatMap((cpu) => this.#groups.get(cpu) ?? []));
      return result;
    } finally {
      host.releaseDescriptors(needed - used);
    }
  }

  close(): void {
    for (const cpu of [...this.#groups.keys()]) this.#close(cpu);
  }

  #openOn(cpus: readonly number[]): OpeningResult {
    const { perf } = this.#source.host;
    let cgroup: number;
    try {
      cgroup = perf.openDirectory(this.directory);
    } catch (error) {
      return resultOf(error, ABSENT, "absent");
    }
    const opened = new Map<number, readonly PerfGroup[]>();
    try {
      for (const cpu of cpus) opened.set(cpu, this.#openGroups(cpu, cgroup));
    } catch (error) {
      for (const group of [...opened.values()].flat()) group.close();
      return resultOf(error, UNCOUNTABLE, "uncountable");
    } finally {
      perf.close(cgroup);
    }
    for (const [cpu, groups] of opened) this.#groups.set(cpu, groups);
    return "open";
  }

  #openGroups(cpu: number, cgroup: number): readonly PerfGroup[] {
    const { opener, plan, onRefused } = this.#source;
    try {
      const { groups, refused } = opener.open(plan.on(cpu), { cpu, cgroup });
      skipAll(groups);
      for (const each of refused) {
        plan.refuse(each.event);
        onRefused(each);
      }
      return groups;
    } catch (error) {
      // It went offline since the list was read; the next list is without it.
      if (error instanceof KernelError && error.code === "ENODEV") return [];
      throw error;
    }
  }

  #close(cpu: number): void {
    const groups = this.#groups.get(cpu) ?? [];
    const descriptors = descriptorsOf(groups);
    for (const group of groups) group.close();
    this.#groups.delete(cpu);
    this.#source.host.releaseDescriptors(descriptors);
  }
}

/**
 * A new event may seem to have been wanted for longer than it exists, when others of its cgroup were closed
 * before (seen with Linux 6.18). That is no time without a counter.
 */
function skipAll(groups: readonly PerfGroup[]): void {
  try {
    for (const group of groups) group.skip();
  } catch (error) {
    for (const group of groups) group.close();
    throw error;
  }
}

function resultOf(error: unknown, codes: ReadonlySet<string>, result: OpeningResult): OpeningResult {
  if (error instanceof KernelError && codes.has(error.code)) return result;
  throw error;
}

function descriptorsOf(groups: readonly PerfGroup[]): number {
  return groups.reduce((sum, { descriptors }) => sum + descriptors, 0);
}

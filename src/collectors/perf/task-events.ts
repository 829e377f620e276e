import { CgroupEvents, type EventSource, type OpeningResult } from "../../kernel/perf/cgroup-events.ts";
import type { PerfGroup } from "../../kernel/perf/group.ts";
import type { PerfHierarchy } from "../../kernel/perf/hierarchy.ts";
import type { Measurement } from "../../model/metric.ts";
import { isSameCgroup, type Task } from "../../model/task.ts";
import { DERIVED_METRICS, type PerfFormulas } from "./derived.ts";
import { EventCounts, exportedCount } from "./event-counts.ts";

export const FACTOR_AVG = "task_scaling_factor_avg";
export const FACTOR_MAX = "task_scaling_factor_max";

/** Readings after which an event that was never counted is told. */
const STARVED_READINGS = 10;

/** Rounds between looks for a cgroup that was not there: 1, 2, 4, … */
const LONGEST_WAIT = 64;

/** What the events of all tasks have in common. */
export interface TaskEventsOptions {
  readonly source: EventSource;
  readonly hierarchy: PerfHierarchy;
  /** One value for all CPUs together, else one for each CPU. */
  readonly aggregate: boolean;
  /** Absent: no derived metrics. */
  readonly formulas?: PerfFormulas;
  /** Called for a metric whose event a task waited for in many readings without getting a counter. */
  readonly onStarved: (metric: string) => void;
}

/** What is counted as one: all of the task, or the task on one CPU. */
interface Part {
  /** Label `cpu`; absent when CPUs are summed. */
  readonly cpu?: number;
  readonly counts: EventCounts;
  /** Readings so far. */
  readings: number;
  /** Sum and number of the averages of CPUs on which the task ran, and the largest factor. */
  factors: number;
  factorCpus: number;
  factorMax: number;
}

/** The groups on one CPU, of all the task's cgroups. */
interface CpuGroups {
  readonly part: Part;
  readonly groups: readonly { readonly group: PerfGroup; readonly indexes: readonly number[] }[];
}

/** Perf events of one task, from its discovery to its end. */
export class TaskEvents {
  readonly #options: TaskEventsOptions;
  #task: Task;
  #cgroups: readonly CgroupEvents[] = [];
  /** By CPU, or all under -1. They outlast the descriptors: a CPU that comes back counts on. */
  readonly #parts = new Map<number, Part>();
  #cpus: readonly CpuGroups[] = [];
  /** Those of the CPUs, each once. */
  #open: readonly Part[] = [];
  #readAtMs = Number.NaN;
  /** Metrics may have values that are not replaced any more. */
  #changed = false;
  /** Rounds to wait for cgroups that were not there, 0 when all were, and how many of them are left. */
  #wait = 0;
  #roundsLeft = 0;

  constructor(task: Task, options: TaskEventsOptions) {
    this.#task = task;
    this.#options = options;
  }

  /** Whether it is the same cgroup still: labels and containers may have changed, the directory has not. */
  isFor(task: Task): boolean {
    return isSameCgroup(task, this.#task);
  }

  /** Takes over what a node found of the same task; true when other cgroups make it up now. */
  update(task: Task): boolean {
    const before = this.#task.subcgroupPaths;
    this.#task = task;
    if (task.subcgroupPaths === before || sameTexts(task.subcgroupPaths, before)) return false;
    this.#wait = 0;
    return true;
  }

  /**
   * Opens events on the CPUs, on those that have returned anew, and closes them on others. Of several cgroups
   * those that are there count.
   */
  follow(cpus: readonly number[], returned: readonly number[] = []): OpeningResult {
    const { hierarchy, source } = this.#options;
    const known = new Map(this.#cgroups.map((cgroup) => [cgroup.directory, cgroup]));
    this.#cgroups = directoriesOf(this.#task, hierarchy).map((directory) => {
      const cgroup = known.get(directory) ?? new CgroupEvents(directory, source);
      known.delete(directory);
      return cgroup;
    });
    for (const cgroup of known.values()) cgroup.close();
    const results = this.#cgroups.map((cgroup) => cgroup.follow(cpus, returned));
    this.#arrange();
    const complete = results.every((result) => result === "open");
    this.#wait = complete ? 0 : Math.min(LONGEST_WAIT, Math.max(1, 2 * this.#wait));
    this.#roundsLeft = this.#wait;
    if (results.includes("crowded")) return "crowded";
    return results.includes("open") ? "open" : (results[0] ?? "absent");
  }

  /** Where the kernel looks for the task, for messages. */
  get directory(): string {
    return this.#cgroups[0]?.directory ?? this.#task.cgroupPath;
  }

  /** A CPU went offline under its events, so that they have to be opened anew. */
  get dissolved(): boolean {
    return this.#cpus.some(({ groups }) => groups.some(({ group }) => group.dissolved));
  }

  /**
   * Whether to look for the task's cgroups again in this round, to be asked once: some may be made later in
   * the hierarchy of perf_event than in the one where a node found them.
   */
  looksAgain(): boolean {
    return this.#wait > 0 && --this.#roundsLeft <= 0;
  }

  /** Reads all that is open. `nowMs`: of a clock that never jumps. Throws KernelError. */
  measure(nowMs: number, into: Record<string, Measurement>): void {
    for (const part of this.#open) begin(part);
    for (const cpu of this.#cpus) readCpu(cpu);
    const secs = (nowMs - this.#readAtMs) / 1000;
    this.#readAtMs = nowMs;
    if (this.#changed) this.forget(into);
    this.#changed = false;
    this.#write(secs, into);
  }

  /** Takes all that was measured out of the record. */
  forget(into: Record<string, Measurement>): void {
    for (const name of [...this.#options.source.plan.metrics, FACTOR_AVG, FACTOR_MAX, ...DERIVED_METRICS])
      delete into[name];
  }

  /** What was counted so far stays, and counting can go on from there. */
  close(): void {
    for (const cgroup of this.#cgroups) cgroup.close();
    this.#readAtMs = Number.NaN;
    this.#cgroups = [];
    this.#cpus = [];
    this.#open = [];
  }

  #arrange(): void {
    const { metrics } = this.#options.source.plan;
    const byCpu = Map.groupBy(
      this.#cgroups.flatMap(({ groups }) => groups),
      ({ cpu }) => cpu,
    );
    this.#cpus = [...byCpu].map(([cpu, groups]) => ({
      part: this.#partOf(cpu),
      groups: groups.map((group) => ({
        group,
        indexes: group.events.map(({ metric }) => metrics.indexOf(metric)),
      })),
    }));
    this.#open = [...new Set(this.#cpus.map(({ part }) => part))];
    this.#changed = true;
  }

  #partOf(cpu: number): Part {
    const { aggregate, source } = this.#options;
    const key = aggregate ? -1 : cpu;
    let part = this.#parts.get(key);
    if (part === undefined) {
      part = {
        ...(aggregate ? {} : { cpu }),
        counts: new EventCounts(source.plan.metrics.length),
        ...{ readings: 0, factors: 0, factorCpus: 0, factorMax: 0 },
      };
      this.#parts.set(key, part);
    }
    return part;
  }

  #tellStarved({ counts }: Part): void {
    const { source, onStarved } = this.#options;
    for (const [index, metric] of source.plan.metrics.entries()) if (counts.starved(index)) onStarved(metric);
  }

  #write(secs: number, into: Record<string, Measurement>): void {
    const { source, formulas } = this.#options;
    const { metrics, scales } = source.plan;
    for (const part of this.#open) {
      part.readings++;
      if (part.readings === STARVED_READINGS) this.#tellStarved(part);
      for (let index = 0; index < metrics.length; index++) {
        const sum = part.counts.sum(index);
        put(into, metrics[index] as string, part.cpu, sum && exportedCount(sum, scales[index] as number));
      }
      put(into, FACTOR_AVG, part.cpu, part.factorCpus === 0 ? 1 : part.factors / part.factorCpus);
      put(into, FACTOR_MAX, part.cpu, part.factorCpus === 0 ? 1 : part.factorMax);
      if (formulas === undefined) continue;
      for (const name of DERIVED_METRICS) {
        // The first reading after opening says nothing of a whole round.
        const value = Number.isNaN(secs) ? undefined : formulas.value(name, part.counts, secs);
        put(into, name, part.cpu, value);
      }
    }
  }
}

/** One cgroup counts what is below it too, so containers have to be counted only where they are elsewhere. */
function directoriesOf({ cgroupPath, subcgroupPaths }: Task, hierarchy: PerfHierarchy): readonly string[] {
  const below = subcgroupPaths.every((path) => isBelow(path, cgroupPath));
  const paths = below
    ? [cgroupPath]
    : subcgroupPaths.filter((path) => !subcgroupPaths.some((other) => isBelow(path, other)));
  return [...new Set(paths)].flatMap((path) => hierarchy.directoryOf(path) ?? []);
}

function isBelow(path: string, above: string): boolean {
  return path.startsWith(above.endsWith("/") ? above : `${above}/`);
}

function begin(part: Part): void {
  part.counts.begin();
  part.factors = 0;
  part.factorCpus = 0;
  part.factorMax = 0;
}

function readCpu({ part, groups }: CpuGroups): void {
  let sum = 0;
  let count = 0;
  for (const { group, indexes } of groups) {
    group.read();
    for (let position = 0; position < indexes.length; position++) {
      part.counts.add(indexes[position] as number, group.increases[position] as number, group);
    }
    const { factor } = group;
    if (factor === 0) continue;
    sum += factor;
    count++;
    if (factor > part.factorMax) part.factorMax = factor;
  }
  if (count === 0) return;
  part.factors += sum / count;
  part.factorCpus++;
}

function put(
  into: Record<string, Measurement>,
  name: string,
  cpu: number | undefined,
  value: number | undefined,
): void {
  if (cpu === undefined) {
    if (value !== undefined) into[name] = value;
    else if (into[name] !== undefined) delete into[name];
    return;
  }
  const known = into[name];
  const cpus = typeof known === "object" ? (known as Record<string, Measurement>) : {};
  if (value !== undefined) {
    cpus[cpu] = value;
    if (cpus !== known) into[name] = cpus;
  } else if (cpus[cpu] !== undefined) {
    delete cpus[cpu];
    if (Object.keys(cpus).length === 0) delete into[name];
  }
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

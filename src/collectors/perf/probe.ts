import { readLayout } from "../../kernel/cgroup/layout.ts";
import type { PerfEvent } from "../../kernel/perf/event.ts";
import { resolveEventNames } from "../../kernel/perf/event-names.ts";
import { explainFailure, explainRefusal, explainUncountable } from "../../kernel/perf/explain.ts";
import { type GroupTarget, PerfGroupOpener } from "../../kernel/perf/group.ts";
import { PerfHierarchy } from "../../kernel/perf/hierarchy.ts";
import { EventPlan } from "../../kernel/perf/plan.ts";
import { readPlatform } from "../../kernel/platform.ts";
import { KernelError, Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Platform } from "../../model/platform.ts";
import type { Support } from "../../model/support.ts";
import type { Task } from "../../model/task.ts";

const COMPONENT = "PerfCollector";
const ALL = "perf events by cgroup";

/** One of each kind, whatever the configuration names. */
const KINDS = { "software events": "task_cpu_clock_seconds", "hardware events": "task_cycles" } as const;

/** What is to be found out. */
export interface PerfProbe {
  readonly eventNames: readonly string[];
  /** Those that would be watched. */
  readonly tasks: readonly Task[];
}

/** Opens events on the first CPU and closes them again: one of each kind, and those of the names. */
export function probePerf(host: Host, { eventNames, tasks }: PerfProbe): readonly Support[] {
  try {
    const platform = readPlatform(host);
    const hierarchy = new PerfHierarchy(host, readLayout(host));
    const directory = directoryOf(host, hierarchy, tasks);
    return withCgroup(host, directory, (cgroup) => {
      const trial = new Trial(host, { hierarchy, directory, platform, cgroup });
      return [
        ...Object.entries(KINDS).map(([feature, name]) => trial.row(feature, name)),
        ...eventNames.map((name) => trial.row(`event ${name}`, name)),
        ...(eventNames.length === 0 ? [] : [descriptors(host, { eventNames, tasks, platform })]),
      ];
    });
  } catch (error) {
    // No platform: SyntaxError.
    const known =
      error instanceof Unsupported || error instanceof KernelError || error instanceof SyntaxError;
    if (!known) throw error;
    return [{ component: COMPONENT, feature: ALL, supported: false, detail: error.message }];
  }
}

/** The first task's cgroup, else the root. */
function directoryOf(host: Host, hierarchy: PerfHierarchy, tasks: readonly Task[]): string {
  for (const { cgroupPath } of tasks) {
    const directory = hierarchy.directoryOf(cgroupPath);
    if (directory !== undefined && host.identity(directory) !== undefined) return directory;
  }
  return hierarchy.mount;
}

function withCgroup<T>({ perf }: Host, directory: string, use: (cgroup: number) => T): T {
  const cgroup = perf.openDirectory(directory);
  try {
    return use(cgroup);
  } finally {
    perf.close(cgroup);
  }
}

interface Place {
  readonly hierarchy: PerfHierarchy;
  readonly directory: string;
  readonly platform: Platform;
  readonly cgroup: number;
}

class Trial {
  readonly #host: Host;
  readonly #place: Place;

  constructor(host: Host, place: Place) {
    this.#host = host;
    this.#place = place;
  }

  row(feature: string, name: string): Support {
    const { platform } = this.#place;
    const row = { component: COMPONENT, feature };
    try {
      const { events, unsupported } = resolveEventNames([name], { host: this.#host, platform });
      const [event] = events;
      if (event === undefined) {
        return { ...row, supported: false, detail: unsupported.map(({ reason }) => reason).join() };
      }
      return { ...row, ...this.#open(event) };
    } catch (error) {
      // Not to be called at all.
      if (!(error instanceof Unsupported)) throw error;
      return { ...row, supported: false, detail: error.message };
    }
  }

  #open(event: PerfEvent): Pick<Support, "supported" | "detail"> {
    const { directory, hierarchy, platform, cgroup } = this.#place;
    const cpu = event.cpus?.[0] ?? platform.onlineCpus[0] ?? 0;
    const target: GroupTarget = { cpu, cgroup };
    try {
      const { groups, refused } = new PerfGroupOpener(this.#host.perf).open([event], target);
      for (const group of groups) group.close();
      const [refusal] = refused;
      if (refusal !== undefined) return { supported: false, detail: explainRefusal(refusal) };
      return { supported: true, detail: `opened in ${directory} on CPU ${cpu}` };
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const detail =
        error.code === "ENOENT"
          ? explainUncountable(directory, hierarchy)
          : explainFailure(error, `perf events of cgroup "${directory}"`, this.#host);
      return { supported: false, detail };
    }
  }
}

function descriptors(
  host: Host,
  { eventNames, tasks, platform }: PerfProbe & { readonly platform: Platform },
): Support {
  const { events } = resolveEventNames(eventNames, { host, platform });
  const { onlineCpus } = platform;
  const plan = new EventPlan(events);
  const needed = tasks.length * plan.descriptors(onlineCpus);
  const left = host.freeDescriptors;
  const sum = `${plan.descriptorsInWords(onlineCpus)}, ${needed} for ${tasks.length === 1 ? "1 task" : `${tasks.length} tasks`}, and ${left} are left of the limit less a reserve of 512`;
  const fits = needed <= left;
  return {
    component: COMPONENT,
    feature: "descriptors for perf events",
    supported: tasks.length === 0 ? "unknown" : fits,
    detail: fits ? sum : `${sum}; raise LimitNOFILE, name fewer events or choose tasks with perf_tasks`,
  };
}

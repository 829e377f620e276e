import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../../config/component.ts";
import { pattern, patternToRegExp } from "../../config/schema.ts";
import { SchedSums } from "../../kernel/proc/sched.ts";
import type { SchedCell } from "../../kernel/proc/sched-lines.ts";
import { ThreadFiles } from "../../kernel/proc/thread-files.ts";
import type { MetricName } from "../../model/catalogue.ts";
import type { Host } from "../../model/host.ts";
import type { Measurement } from "../../model/metric.ts";
import { type LevelTree, levelTree, writeLevels } from "../level-tree.ts";
import { taskSelection } from "../task-selector.ts";
import type { TaskState } from "./selected-tasks.ts";
import { ThreadCollector } from "./thread-collector.ts";
import type { ThreadFileNeed } from "./thread-support.ts";

const METRICS = {
  stat: "task_sched_stat",
  numaFaults: "task_sched_stat_numa_faults",
} as const satisfies Record<SchedCell["metric"], MetricName>;

const NEED: ThreadFileNeed = {
  component: "SchedCollector",
  feature: "scheduler statistics of tasks",
  file: "sched",
  needs: "CONFIG_SCHED_DEBUG (from Linux 6.15 on always there)",
};

export const SCHED_OPTIONS = {
  sched: z
    .union([z.boolean(), pattern()])
    .default(false)
    .describe(
      "Which keys of /proc/TID/sched are summed over the threads of a task: true for all, false for none, or a regular expression that is matched at the start of the key. NUMA faults are measured too unless it is false.",
    ),
  sched_tasks: taskSelection("are looked at by the options sched and schedstat"),
} as const;

/** Scheduler statistics of the threads of tasks. */
export class SchedCollector extends ThreadCollector {
  static readonly component = defineComponent("collector", {
    doc: "Sums the scheduler statistics of a task's threads, from /proc/TID/sched.",
    options: SCHED_OPTIONS,
  });

  constructor({ sched, sched_tasks }: OptionsOf<typeof SchedCollector>, context: HostContext) {
    const wanted = typeof sched === "string" ? patternToRegExp(sched) : undefined;
    const sums = new SchedLevels((key) => wanted?.test(key) ?? true);
    super(context, {
      need: NEED,
      selection: sched_tasks,
      metrics: Object.values(METRICS),
      stateOf: () => new TaskSched(context.host, sums),
    });
  }
}

/** The sums of one task at a time, as measurements. */
class SchedLevels {
  readonly #sums: SchedSums;
  #tree: LevelTree = [];
  #cells = 0;

  constructor(wants: (key: string) => boolean) {
    this.#sums = new SchedSums(wants);
  }

  clear(): void {
    this.#sums.clear();
  }

  add(bytes: Uint8Array, length: number): void {
    this.#sums.add(bytes, length);
  }

  write(into: Record<string, Measurement>): void {
    const { cells, values } = this.#sums;
    if (cells.length > this.#cells) {
      this.#cells = cells.length;
      this.#tree = levelTree(
        cells.map(({ metric, levels }, index) => ({ path: [METRICS[metric], ...levels], index })),
      );
    }
    writeLevels(this.#tree, values, into);
  }
}

/** The threads of one task. */
class TaskSched implements TaskState {
  readonly #host: Host;
  readonly #sums: SchedLevels;
  readonly #files: ThreadFiles<undefined>;

  constructor(host: Host, sums: SchedLevels) {
    this.#host = host;
    this.#sums = sums;
    this.#files = new ThreadFiles(host, "sched", () => undefined);
  }

  measure(threads: readonly number[], into: Record<string, Measurement>): void {
    this.#sums.clear();
    this.#files.read(threads, this.#add);
    this.#sums.write(into);
  }

  close(): void {
    this.#files.close();
  }

  readonly #add = (length: number) => this.#sums.add(this.#host.buffer, length);
}

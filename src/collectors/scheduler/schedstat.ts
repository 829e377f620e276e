import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../../config/component.ts";
import { type Schedstat, SchedstatReader } from "../../kernel/proc/schedstat.ts";
import { ThreadFiles } from "../../kernel/proc/thread-files.ts";
import type { MetricName } from "../../model/catalogue.ts";
import type { Host } from "../../model/host.ts";
import type { Measurement } from "../../model/metric.ts";
import { SCHED_OPTIONS } from "./sched.ts";
import type { TaskState } from "./selected-tasks.ts";
import { ThreadCollector } from "./thread-collector.ts";
import type { ThreadFileNeed } from "./thread-support.ts";

const NANOSECONDS = 1e9;
const RUN = "task_sched_run_seconds" satisfies MetricName;
const WAIT = "task_sched_wait_seconds" satisfies MetricName;
const SLICES = "task_sched_timeslices" satisfies MetricName;

const NEED: ThreadFileNeed = {
  component: "SchedstatCollector",
  feature: "run and wait time of tasks",
  file: "schedstat",
  needs: "CONFIG_SCHED_INFO, before Linux 5.14 without CONFIG_SCHEDSTATS also delay accounting",
  void: "0 0 0\n",
};

export const SCHEDSTAT_OPTIONS = {
  schedstat: z
    .boolean()
    .optional()
    .describe(
      "Measure how long the threads of a task ran and waited for a CPU, from /proc/TID/schedstat. Keeps a descriptor for each thread as long as there are plenty. Default: true when sched is not false.",
    ),
  sched_tasks: SCHED_OPTIONS.sched_tasks,
} as const;

/** Run and wait time of the threads of tasks. */
export class SchedstatCollector extends ThreadCollector {
  static readonly component = defineComponent("collector", {
    doc: "Measures how long the threads of a task ran, and how long they were ready but waited for a CPU, from /proc/TID/schedstat.",
    options: SCHEDSTAT_OPTIONS,
  });

  constructor({ sched_tasks }: OptionsOf<typeof SchedstatCollector>, context: HostContext) {
    const reader = new SchedstatReader();
    super(context, {
      need: NEED,
      selection: sched_tasks,
      metrics: [RUN, WAIT, SLICES],
      stateOf: () => new TaskSchedstat(context.host, reader),
    });
  }
}

/** The threads of one task. Their increases are added up, so that a thread that ends takes nothing with it. */
class TaskSchedstat implements TaskState {
  readonly #host: Host;
  readonly #reader: SchedstatReader;
  readonly #files: ThreadFiles<Schedstat>;
  readonly #total = nothing();
  readonly #now = nothing();
  /** A thread was read at least once: before that, nothing is known of the task. */
  #known = false;

  constructor(host: Host, reader: SchedstatReader) {
    this.#host = host;
    this.#reader = reader;
    this.#files = new ThreadFiles(host, "schedstat", nothing);
  }

  measure(threads: readonly number[], into: Record<string, Measurement>): void {
    if (this.#files.read(threads, this.#add) > 0) this.#known = true;
    if (!this.#known) return;
    into[RUN] = this.#total.runNs / NANOSECONDS;
    into[WAIT] = this.#total.waitNs / NANOSECONDS;
    into[SLICES] = this.#total.slices;
  }

  close(): void {
    this.#files.close();
  }

  /** A thread seen for the first time counts with all it has. */
  readonly #add = (length: number, before: Schedstat) => {
    const now = this.#now;
    if (!this.#reader.parse(this.#host.buffer, length, now)) return;
    // Another thread has the id now, and no kept descriptor told.
    if (now.runNs < before.runNs || now.waitNs < before.waitNs || now.slices < before.slices) {
      Object.assign(before, nothing());
    }
    const total = this.#total;
    total.runNs += now.runNs - before.runNs;
    total.waitNs += now.waitNs - before.waitNs;
    total.slices += now.slices - before.slices;
    before.runNs = now.runNs;
    before.waitNs = now.waitNs;
    before.slices = now.slices;
  };
}

function nothing(): Schedstat {
  return { runNs: 0, waitNs: 0, slices: 0 };
}

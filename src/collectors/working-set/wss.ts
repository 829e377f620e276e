import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../../config/component.ts";
import { seconds } from "../../config/schema.ts";
import type { MetricName } from "../../model/catalogue.ts";
import type { Measurement } from "../../model/metric.ts";
import { Collector } from "../../model/roles.ts";
import type { Round } from "../../model/round.ts";
import type { Probing, Support } from "../../model/support.ts";
import { isSameCgroup, type Task } from "../../model/task.ts";
import { TaskSelector, taskSelection } from "../task-selector.ts";
import { DamonWorkingSets } from "./damon.ts";
import { probeWorkingSets } from "./probe.ts";
import { SmapsWorkingSets } from "./smaps.ts";
import type { WorkingSetFigures, WorkingSetSource } from "./source.ts";

const LONGEST_INTERVAL_SECS = 3600;
/** Two windows of DAMON. */
const SHORTEST_DAMON_INTERVAL_SECS = 4;
const DAMON_INTERVAL_SECS = 10;
/** Rounds do not start to the millisecond: one that is so much early counts. */
const SLACK_MS = 100;

export const WSS_OPTIONS = {
  wss_reset_cycles: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe(
      "Measures the memory that tasks reference, and clears their referenced bits at every so many measurements; 0: measures without clearing by number. null: off. Clearing disturbs the tasks and the reclaim of memory: read docs/working-set.md first.",
    ),
  wss_stable_cycles: z
    .int()
    .default(0)
    .describe(
      "How many stable measurements in a row make a working set; 0: none is estimated. Positive with wss_reset_cycles 0: the bits are cleared after each such period. Negative: they are not, whatever is stable.",
    ),
  wss_membw_threshold: z
    .number()
    .min(0)
    .nullable()
    .default(null)
    .describe(
      "A measurement is stable when the referenced memory grew by less than this fraction of the bytes transferred from and to memory in the same time, which resctrl has to measure. null: no working set is estimated.",
    ),
  wss_source: z
    .enum(["smaps", "damon"])
    .default("smaps")
    .describe(
      "Where working sets come from: smaps, the referenced bits of processes, if wss_reset_cycles is set; or damon, which samples accesses in the kernel (Linux 6.6, CONFIG_DAMON_VADDR, root), clears nothing, and needs none of the options above.",
    ),
  wss_interval: seconds({ min: 0, max: LONGEST_INTERVAL_SECS })
    .optional()
    .describe(
      "Time between two measurements of working sets, the cycles of the options above; in the rounds between, the metrics keep their values. Default: every round with smaps, 10 with damon. Reading smaps costs in proportion to the memory of the tasks, so give it an interval on hosts with much memory.",
    ),
  wss_tasks: taskSelection("have their working set measured"),
} as const;

/** Metric of each figure. */
const METRICS = [
  ["task_wss_referenced_bytes", "referencedBytes"],
  ["task_working_set_size_bytes", "workingSetBytes"],
  ["task_wss_measure_overhead_seconds", "overheadSecs"],
] as const satisfies readonly (readonly [MetricName, keyof WorkingSetFigures])[];

interface Known {
  readonly task: Task;
  readonly figures: WorkingSetFigures;
}

/** How much memory tasks work on. Off by default: measuring it disturbs them. */
export class WssCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures the memory that tasks reference and estimates their working sets, from /proc/PID/smaps_rollup and clear_refs, or from DAMON.",
    options: WSS_OPTIONS,
  });

  readonly #options: OptionsOf<typeof WssCollector>;
  readonly #context: HostContext;
  readonly #selector: TaskSelector;
  #source: WorkingSetSource | undefined;
  #measuredMs: number | undefined;
  /** Of the last measurement, by task id. */
  #known = new Map<string, Known>();

  /** Throws RangeError when the options contradict each other. */
  constructor(options: OptionsOf<typeof WssCollector>, context: HostContext) {
    super();
    refuseContradictions(options);
    this.#options = options;
    this.#context = context;
    this.#selector = new TaskSelector(options.wss_tasks);
  }

  open(): void {
    const useless = uselessOptions(this.#options);
    if (useless !== undefined) this.#context.log.warning(useless);
  }

  measure(round: Round): void {
    if (!this.#on) return;
    try {
      if (this.#isDue(round.timeMs)) this.#measureNow(round);
    } finally {
      for (const { task, measurements } of round.tasks) put(measurements, this.#figuresOf(task));
    }
  }

  probe(): readonly Support[] {
    return probeWorkingSets(this.#context.host);
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  get #on(): boolean {
    return this.#options.wss_source === "damon" || this.#options.wss_reset_cycles !== null;
  }

  /** A clock that was set back makes it due as well. */
  #isDue(timeMs: number): boolean {
    if (this.#measuredMs === undefined || timeMs < this.#measuredMs) return true;
    return timeMs - this.#measuredMs + SLACK_MS >= intervalOf(this.#options) * 1000;
  }

  #measureNow(round: Round): void {
    // Nothing of the measurement before is left when this one fails.
    this.#known = new Map();
    this.#source ??= this.#makeSource();
    this.#measuredMs = round.timeMs;
    const tasks = round.tasks.filter(({ task }) => this.#selector.selects(task));
    const figures = this.#source.measure(round, tasks);
    for (const { task } of tasks) {
      const found = figures.get(task.id);
      if (found !== undefined) this.#known.set(task.id, { task, figures: found });
    }
  }

  #makeSource(): WorkingSetSource {
    const { wss_source, wss_reset_cycles, wss_stable_cycles, wss_membw_threshold } = this.#options;
    if (wss_source === "damon") return new DamonWorkingSets(this.#context);
    const options = {
      resetCycles: wss_reset_cycles ?? 0,
      stableCycles: wss_stable_cycles,
      membwThreshold: wss_membw_threshold ?? undefined,
    };
    return new SmapsWorkingSets(options, this.#context);
  }

  #figuresOf(task: Task): WorkingSetFigures | undefined {
    const known = this.#known.get(task.id);
    return known !== undefined && isSameCgroup(task, known.task) ? known.figures : undefined;
  }
}

function put(measurements: Record<string, Measurement>, figures: WorkingSetFigures | undefined): void {
  for (const [metric, figure] of METRICS) {
    const value = figures?.[figure];
    if (value === undefined) delete measurements[metric];
    else measurements[metric] = value;
  }
}

function intervalOf({ wss_source, wss_interval }: OptionsOf<typeof WssCollector>): number {
  return wss_interval ?? (wss_source === "damon" ? DAMON_INTERVAL_SECS : 0);
}

function refuseContradictions(options: OptionsOf<typeof WssCollector>): void {
  const { wss_source, wss_reset_cycles, wss_stable_cycles, wss_membw_threshold, wss_interval } = options;
  if (wss_source !== "damon") return;
  if (wss_reset_cycles !== null || wss_stable_cycles !== 0 || wss_membw_threshold !== null)
    throw new RangeError(
      "wss_source damon takes no wss_reset_cycles, wss_stable_cycles or wss_membw_threshold: it clears nothing and measures the working set itself",
    );
  if (intervalOf(options) < SHORTEST_DAMON_INTERVAL_SECS)
    throw new RangeError(
      `wss_source damon needs a wss_interval of at least ${SHORTEST_DAMON_INTERVAL_SECS}, saw ${wss_interval}: it looks at windows of 1.8 seconds`,
    );
}

/** Whether the options ask for working sets, even in vain. */
export function wantsWorkingSets(options: OptionsOf<typeof WssCollector>): boolean {
  const { wss_source, wss_reset_cycles, wss_stable_cycles, wss_membw_threshold } = options;
  const smaps = wss_reset_cycles !== null || wss_stable_cycles !== 0 || wss_membw_threshold !== null;
  return smaps || wss_source === "damon";
}

/** What is wrong with options that can stand together but do not do what was probably meant. */
function uselessOptions(options: OptionsOf<typeof WssCollector>): string | undefined {
  const { wss_reset_cycles, wss_stable_cycles, wss_membw_threshold } = options;
  const hasStable = wss_stable_cycles !== 0;
  const hasThreshold = wss_membw_threshold !== null;
  if (!hasStable && !hasThreshold) return undefined;
  if (wss_reset_cycles === null)
    return "Cannot use wss_stable_cycles and wss_membw_threshold: wss_reset_cycles is null, which switches the measuring of working sets off";
  if (hasStable && hasThreshold) return undefined;
  const [has, lacks] = hasStable
    ? ["wss_stable_cycles", "wss_membw_threshold is null"]
    : ["wss_membw_threshold", "wss_stable_cycles is 0"];
  return `Cannot use ${has}: ${lacks}, so no working set is estimated, only referenced memory is measured`;
}

import { z } from "zod";
import { CgroupCollector } from "../collectors/cgroup/cgroup.ts";
import { TopologyCollector } from "../collectors/topology.ts";
import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { labelName, ref, seconds } from "../config/schema.ts";
import type { Outlet } from "../model/delivery.ts";
import type { Measurement, Measurements } from "../model/metric.ts";
import type { Platform } from "../model/platform.ts";
import { type Collector, type Lifecycle, Runner } from "../model/roles.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Support } from "../model/support.ts";
import type { Labels, Task } from "../model/task.ts";
import { AgentState } from "./agent-state.ts";
import { inClassicOrder } from "./classic-order.ts";
import { COLLECTOR_OPTIONS, catalogueRows, makeCollectors } from "./collectors.ts";
import { Discovery } from "./discovery.ts";
import { LabelledTasks } from "./labelled-tasks.ts";
import { runLoop } from "./loop.ts";
import { MetricSet, type Told } from "./metric-set.ts";
import { Observer } from "./observer.ts";
import { informationLabels } from "./platform-labels.ts";
import { probe } from "./probe.ts";
import { Watch } from "./watch.ts";

const LONGEST_INTERVAL_SECS = 60;
/** A node is given this long at least, however short the interval. */
const SHORTEST_DEADLINE_SECS = 5;
/** Pauses between rounds after which start-up is over, and after which code was compiled for the last time. */
const SETTLED_PAUSES: readonly number[] = [2, 10, 30];

/** Rounds of a runner: what {@link MeasurementRunner.repeat} needs. */
export interface Rounds {
  /** What they are called in the metrics of components. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly round: () => Promise<void>;
}

/**
 * Looks and tells: discovers tasks, measures them and the platform, and stores the metrics. Other runners do
 * more between the two steps, by `repeat`, `look` and `tell`.
 */
export class MeasurementRunner extends Runner {
  static readonly component = defineComponent("runner", {
    doc: "Measures the tasks that its node finds, and the platform, and stores the metrics. Repeats that at every interval.",
    options: {
      node: ref("node").describe("Finds the tasks."),
      metrics_storage: ref("storage", { defaultTag: "LogStorage" }).describe(
        "Takes all metrics. Left out: the text goes to standard error.",
      ),
      interval: seconds({ min: 0, max: LONGEST_INTERVAL_SECS })
        .default(1)
        .describe("Time between the starts of two rounds."),
      extra_labels: z
        .record(labelName(), z.string())
        .default({})
        .describe("Labels added to every metric. They win over labels of the same name, `host` included."),
      include_optional_labels: z
        .boolean()
        .default(false)
        .describe(
          "Add sockets, cores, cpus, cpu_model, cpu_model_number and wca_version to the labels of every metric.",
        ),
      task_label_generators: z
        .record(labelName(), ref("labeler"))
        .default({})
        .describe(
          "Makes further labels of tasks, by the name of the label; later ones see the labels of earlier ones.",
        ),
      metric_names: z
        .enum(["current", "classic"])
        .default("current")
        .describe(
          "`classic` gives metrics the names of the original's first tutorial, where those differed.",
        ),
      ...COLLECTOR_OPTIONS,
    },
  });

  readonly #options: OptionsOf<typeof MeasurementRunner>;
  readonly #context: HostContext;
  readonly #topology: TopologyCollector;
  readonly #collectors: readonly Collector[];
  readonly #watch: Watch;
  readonly #observer: Observer;
  readonly #labelled: LabelledTasks;
  readonly #metrics: MetricSet;
  readonly #discovery: Discovery;
  readonly #outlet: Outlet;
  readonly #state: AgentState;
  /** What the node gave last, labelled: kept while it fails. */
  #found: readonly Task[] = [];
  #pauses = 0;

  constructor(options: OptionsOf<typeof MeasurementRunner>, context: HostContext) {
    super();
    this.#options = options;
    const catalogue = context.catalogue.with(catalogueRows(options));
    this.#context = { ...context, catalogue };
    this.#topology = new TopologyCollector({}, context);
    this.#collectors = makeCollectors(options, this.#context, this.#topology);
    this.#watch = new Watch(context.log);
    this.#observer = new Observer(this.#collectors, this.#watch, context.log);
    this.#labelled = new LabelledTasks(options.task_label_generators, context.log);
    this.#metrics = new MetricSet({ catalogue, metricNames: options.metric_names });
    const deadlineSecs = Math.max(options.interval, SHORTEST_DEADLINE_SECS);
    this.#discovery = new Discovery(options.node, deadlineSecs);
    this.#outlet = context.deliveries.to(options.metrics_storage);
    this.#state = new AgentState(context, this.#watch);
  }

  /** Throws when something that the options demand is not to be had on this host. */
  async open(): Promise<void> {
    for (const collector of this.#collectors) await (collector as Lifecycle).open?.();
  }

  /** Seconds between the starts of two rounds. */
  get intervalSecs(): number {
    return this.#options.interval;
  }

  /** Where durations and failures of whatever belongs to a round are noted. */
  get watch(): Watch {
    return this.#watch;
  }

  async run(signal: AbortSignal): Promise<number> {
    const round = async () => {
      const snapshot = await this.look(signal);
      if (snapshot !== undefined) this.tell(snapshot);
    };
    await this.repeat({ name: nameOf(this), signal, round });
    return 0;
  }

  /** Makes a round at every interval until the signal comes or all iterations are made. */
  async repeat({ name, signal, round }: Rounds): Promise<void> {
    const { iterations } = this.#context;
    await runLoop({
      intervalSecs: this.intervalSecs,
      ...(iterations === undefined ? {} : { iterations }),
      signal,
      round: () => this.#watch.callAsync(name, () => this.#timed(round)),
      onPause: ({ sleepSecs, overrun }) => {
        this.#settle();
        this.#watch.duration("sleep", sleepSecs);
        if (overrun) this.#state.overrun();
      },
    });
  }

  /** Discovers and measures; nothing when the signal came meanwhile. */
  async look(signal: AbortSignal): Promise<Snapshot | undefined> {
    const started = performance.now();
    const timeMs = this.#context.now();
    await this.#discover();
    if (signal.aborted) return undefined;
    this.#watch.duration("sync_containers_state", secondsSince(started));
    const snapshot = this.#observe(timeMs);
    this.#context.recorder?.record(snapshot);
    return snapshot;
  }

  /** Stores what was seen and how the agent fares; `more` are further measurements of the agent itself. */
  tell({ timeMs, platform, platformMeasurements, tasks }: Snapshot, more: Measurements = {}): void {
    const told: Told = {
      commonLabels: this.commonLabels(platform),
      internal: this.#state.internal({ tasks: this.#found.length, platform }),
      platform: platformMeasurements,
      tasks,
      agent: {
        ...this.#state.agent(this.#observer),
        ...this.#context.recorder?.measurements(),
        ...more,
      },
    };
    const isClassic = this.#options.metric_names === "classic";
    const metrics = this.#metrics.update(isClassic ? inClassicOrder(told) : told);
    this.#outlet.offer(metrics, timeMs);
  }

  /** Labels of every metric. */
  commonLabels(platform: Platform | undefined): Labels {
    const { extra_labels, include_optional_labels } = this.#options;
    return {
      host: this.#context.hostname,
      ...(include_optional_labels && platform !== undefined
        ? informationLabels(platform, this.#context.version)
        : {}),
      ...extra_labels,
    };
  }

  close(): void {
    for (const collector of this.#collectors) (collector as Lifecycle).close?.();
  }

  /** What this host supports of what the runner measures, with the tasks that are there now. */
  async probe(): Promise<readonly Support[]> {
    await this.#discover();
    const rows: Support[] = [];
    for (const collector of this.#collectors) {
      const component = nameOf(collector);
      rows.push(...(await probe(collector, { component, tasks: this.#found })));
    }
    return rows;
  }

  async #timed(round: () => Promise<void>): Promise<void> {
    const started = performance.now();
    await round();
    this.#watch.duration("iteration", secondsSince(started));
    this.#context.deliveries.nextRound(started + this.intervalSecs * 1000);
  }

  #settle(): void {
    this.#pauses++;
    if (SETTLED_PAUSES.includes(this.#pauses)) this.#context.host.settle();
  }

  /** A node that fails or hangs costs new tasks, not those that are known. */
  async #discover(): Promise<void> {
    const found = await this.#watch.callAsync(nameOf(this.#options.node), async () => {
      const tasks = await this.#discovery.tasks();
      return this.#labelled.label(tasks);
    });
    if (found !== undefined) this.#found = found;
  }

  #observe(timeMs: number): Snapshot {
    const started = performance.now();
    const platform = this.#watch.call("Platform", () => this.#topology.platform());
    const round = this.#observer.observe(timeMs, platform, this.#found);
    const tasksSecs = this.#watch.lastSeconds(CgroupCollector.name);
    this.#watch.duration("prepare_tasks_data", tasksSecs);
    this.#watch.duration("collect_platform_information", Math.max(0, secondsSince(started) - tasksSecs));
    const lastSeen = this.#context.now() / 1000;
    for (const { task, measurements } of round.tasks) addTaskFacts(task, lastSeen, measurements);
    return {
      timeMs,
      intervalSecs: this.#options.interval,
      platform,
      platformMeasurements: { platform_last_seen: lastSeen, ...round.platformMeasurements },
      tasks: round.tasks,
    };
  }
}

function addTaskFacts(task: Task, lastSeen: number, measurements: Record<string, Measurement>): void {
  measurements["task_up"] = 1;
  measurements["task_last_seen"] = lastSeen;
  measurements["task_subcontainers"] = task.subcgroupPaths.length;
  const { cpus, mem } = task.resources;
  if (typeof cpus === "number") measurements["task_requested_cpus"] = cpus;
  if (typeof mem === "number") measurements["task_requested_mem_bytes"] = mem;
}

function nameOf(component: object): string {
  return component.constructor.name;
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}

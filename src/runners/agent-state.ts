import type { HostContext } from "../config/component.ts";
import type { Measurement } from "../model/metric.ts";
import type { Platform } from "../model/platform.ts";
import type { Observer } from "./observer.ts";
import { informationLabels } from "./platform-labels.ts";
import type { Watch } from "./watch.ts";

/** What the agent tells about itself. */
export class AgentState {
  readonly #context: HostContext;
  readonly #watch: Watch;
  #overruns = 0;

  constructor(context: HostContext, watch: Watch) {
    this.#context = context;
    this.#watch = watch;
  }

  /** A round took longer than the interval. */
  overrun(): void {
    this.#overruns++;
  }

  /** What comes first in a batch: that the agent is alive and what it looks at. */
  internal({
    tasks,
    platform,
  }: {
    readonly tasks: number;
    readonly platform: Platform | undefined;
  }): Record<string, Measurement> {
    return {
      wca_up: this.#context.now() / 1000,
      wca_tasks: tasks,
      wca_mem_usage_bytes: process.memoryUsage.rss(),
      ...(platform === undefined ? {} : { wca_information: this.#information(platform) }),
    };
  }

  #information(platform: Platform): Measurement {
    const labels = Object.values(informationLabels(platform, this.#context.version));
    return labels.reduceRight<Measurement>((inner, label) => ({ [label]: inner }), 1);
  }

  /** What comes last: how the agent's parts fare. */
  agent({
    observer,
    storages,
  }: {
    readonly observer: Observer;
    readonly storages: Readonly<Record<string, object>>;
  }): Record<string, Measurement> {
    return {
      ...this.#watch.measurements(),
      wca_tasks_dropped_total: observer.droppedTasks,
      wca_missing_files: observer.missingFiles(),
      wca_metrics_dropped_total: droppedMetrics(storages),
      wca_round_overruns_total: this.#overruns,
      wca_warning_count: Object.fromEntries(this.#context.logCounts("warning")),
      wca_error_count: Object.fromEntries(this.#context.logCounts("error")),
    };
  }
}

function droppedMetrics(storages: Readonly<Record<string, object>>): Record<string, number> {
  const dropped: Record<string, number> = {};
  for (const [name, storage] of Object.entries(storages)) {
    if ("droppedMetrics" in storage) dropped[name] = Number(storage.droppedMetrics);
  }
  return dropped;
}

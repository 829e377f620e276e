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
    const memory = memoryBytes();
    return {
      wca_up: this.#context.now() / 1000,
      wca_tasks: tasks,
      ...(memory === undefined ? {} : { wca_mem_usage_bytes: memory }),
      ...(platform === undefined ? {} : { wca_information: this.#information(platform) }),
    };
  }

  #information(platform: Platform): Measurement {
    const labels = Object.values(informationLabels(platform, this.#context.version));
    return labels.reduceRight<Measurement>((inner, label) => ({ [label]: inner }), 1);
  }

  /** What comes last: how the agent's parts fare. */
  agent(observer: Observer): Record<string, Measurement> {
    return {
      ...joined(this.#watch.measurements(), this.#context.deliveries.measurements()),
      wca_tasks_dropped_total: observer.droppedTasks,
      wca_missing_files: observer.missingFiles(),
      wca_round_overruns_total: this.#overruns,
      wca_warning_count: Object.fromEntries(this.#context.logCounts("warning")),
      wca_error_count: Object.fromEntries(this.#context.logCounts("error")),
    };
  }
}

/** Nothing where /proc is not mounted: Bun reads /proc/self/statm. */
function memoryBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

/** Both tell of components under the same metrics, the one of storages, the other of all else. */
function joined(
  one: Readonly<Record<string, Measurement>>,
  other: Readonly<Record<string, Measurement>>,
): Record<string, Measurement> {
  const both: Record<string, Measurement> = { ...one };
  for (const [name, measurement] of Object.entries(other)) {
    const known = both[name];
    both[name] =
      typeof known === "object" && typeof measurement === "object"
        ? { ...known, ...measurement }
        : measurement;
  }
  return both;
}

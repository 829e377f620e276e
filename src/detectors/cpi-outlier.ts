import { defineComponent, type OptionsOf } from "../config/component.ts";
import type { ContentionAnomaly, Decision } from "../model/anomaly.ts";
import type { Metric } from "../model/metric.ts";
import { Detector } from "../model/roles.ts";
import type { ObservedTask, Snapshot } from "../model/snapshot.ts";
import { ContenderSearch } from "./cpi-outlier/contenders.ts";
import { Judge } from "./cpi-outlier/judge.ts";
import { CPI_OUTLIER_OPTIONS } from "./cpi-outlier/options.ts";
import { readingsOf } from "./cpi-outlier/readings.ts";
import { Rounds } from "./cpi-outlier/rounds.ts";
import { WatchedTask } from "./cpi-outlier/watched-task.ts";

/**
 * The reference of the algorithm in `wasm-plugins/cpi-outlier/README.md`, which the Wasm plugins there follow too:
 * the same series gives the same results to 1e-9.
 */
export class CpiOutlierDetector extends Detector {
  static readonly component = defineComponent("detector", {
    doc: "Finds tasks whose cycles per instruction, or CPU pressure, are far above their own history at the same load, and the tasks whose CPU usage went along with it.",
    options: CPI_OUTLIER_OPTIONS,
  });

  readonly #options: OptionsOf<typeof CpiOutlierDetector>;
  readonly #rounds = new Rounds();
  readonly #judge: Judge;
  readonly #tasks = new Map<string, WatchedTask>();
  /** In the order of the snapshot. */
  #present: WatchedTask[] = [];

  constructor(options: OptionsOf<typeof CpiOutlierDetector>) {
    super();
    this.#options = options;
    this.#judge = new Judge(options, new ContenderSearch(options));
  }

  detect({ timeMs, tasks }: Snapshot): Decision {
    const secs = timeMs / 1000;
    const last = this.#rounds.time;
    const began = this.#rounds.begin(secs);
    if (began === "still") return { anomalies: [], metrics: this.#census() };
    if (began === "back") this.#tasks.clear();
    this.#read(tasks, secs - last);
    const anomalies: ContentionAnomaly[] = [];
    for (const task of this.#present) {
      const anomaly = this.#judge.judge(task, {
        secs,
        rounds: this.#rounds,
        tasks: this.#tasks,
        present: this.#present,
      });
      if (anomaly !== undefined) anomalies.push(anomaly);
    }
    return { anomalies, metrics: this.#census() };
  }

  /** All tasks are read before any is judged, because each can be a contender of any other. */
  #read(observed: readonly ObservedTask[], secs: number): void {
    this.#present = observed.map(({ task: { id, identity }, measurements }) => {
      const known = this.#tasks.get(id);
      const task = known?.identity === identity ? known : new WatchedTask(id, identity, this.#options);
      task.read(readingsOf(measurements), secs, this.#rounds.slot);
      return task;
    });
    this.#tasks.clear();
    for (const task of this.#present) this.#tasks.set(task.id, task);
  }

  #census(): Metric[] {
    const counts = { learning: 0, watched: 0, contended: 0 };
    for (const { contention, history } of this.#present) {
      counts[contention !== undefined ? "contended" : history.isReady ? "watched" : "learning"] += 1;
    }
    return Object.entries(counts).map(([state, value]) => {
      return { name: "cpi_outlier_tasks", value, labels: { state }, type: "gauge" };
    });
  }
}

import { z } from "zod";
import type { Decision } from "../../../src/model/anomaly.ts";
import type { Metric } from "../../../src/model/metric.ts";
import { type Detector, Node, Storage } from "../../../src/model/roles.ts";
import type { Snapshot } from "../../../src/model/snapshot.ts";
import type { Task } from "../../../src/model/task.ts";
import { COLLECTOR_OPTIONS } from "../../../src/runners/collectors.ts";
import { DetectionRunner } from "../../../src/runners/detection.ts";
import { MeasurementRunner } from "../../../src/runners/measurement.ts";
import { WasmDetector } from "../../../src/wasm/detector.ts";
import { taskWith } from "../../roles/labeler.ts";
import { literalMachine } from "../../runners/literal-machine.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { CALL_DEADLINE_MS } from "./loops.ts";

/** Of a round, and how long it waits for the detector. */
export const INTERVAL_SECS = 0.2;
export const ROUND_DEADLINE_MS = 150;

const TASKS = ["a", "b"].map((id) => taskWith({ id, name: id, cgroupPath: `/${id}` }));

class FixedNode extends Node {
  override discover(): readonly Task[] {
    return TASKS;
  }
}

/** One round of an agent, in milliseconds of `performance.now`. */
export interface Round {
  /** When the detector was asked; absent when it was not, as it was still busy. */
  readonly askedMs: number | undefined;
  /** When all that is to be stored had been. */
  readonly toldMs: number;
  /** From asking to telling: longer where the module had to be started again. */
  readonly deadlineMs: number;
  /** Names of the anomalies' resources that were stored. */
  readonly anomalies: readonly string[];
  /** Series that were stored and are not about anomalies. */
  readonly series: number;
}

/** The real runner on a literal machine, with a detector in WebAssembly and a storage that takes notes. */
export class TrialAgent {
  readonly context: TestContext & { iterations?: number };
  readonly rounds: Round[] = [];
  readonly detector: WasmDetector;
  readonly #tree = literalMachine();
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #measurement: MeasurementRunner | undefined;
  #askedMs: number | undefined;
  #isAnswered = false;
  #startsBefore = 0;
  #series = 0;

  constructor(module: string, limits: Readonly<Record<string, number>> = {}) {
    const context = testContext(this.#tree.host);
    this.context = { ...context, now: Date.now };
    const parsed = z
      .object(WasmDetector.component.options)
      .parse({ module, limits: { call_seconds: CALL_DEADLINE_MS / 1000, start_seconds: 1, ...limits } });
    this.detector = new WasmDetector(parsed, this.context);
  }

  /** Throws as the agent would, which then does not start. */
  async open(): Promise<void> {
    await this.detector.open();
  }

  /** Rounds until `stop`, or as many as are asked for. */
  start(iterations?: number): void {
    const context = { ...this.context, ...(iterations === undefined ? {} : { iterations }) };
    const measurement_runner = new MeasurementRunner(
      {
        node: new FixedNode(),
        metrics_storage: this.#storage((metrics) => {
          this.#series = metrics.length;
        }),
        interval: INTERVAL_SECS,
        extra_labels: {},
        include_optional_labels: false,
        task_label_generators: {},
        metric_names: "current",
        ...z.object(COLLECTOR_OPTIONS).parse({}),
        vmstat: false,
        zoneinfo: false,
        rdt_enabled: false,
        gather_hw_mm_topology: false,
      },
      context,
    );
    this.#measurement = measurement_runner;
    const anomalies_storage = this.#storage((metrics) => {
      this.rounds.push({
        askedMs: this.#askedMs,
        toldMs: performance.now(),
        deadlineMs:
          this.#isAnswered && this.#starts() === this.#startsBefore ? CALL_DEADLINE_MS : ROUND_DEADLINE_MS,
        anomalies: metrics
          .filter(({ name }) => name === "anomaly")
          .map(({ labels }) => labels["resource"] ?? ""),
        series: this.#series,
      });
      this.#askedMs = undefined;
    });
    const options = {
      measurement_runner,
      detector: this.#timed(),
      anomalies_storage,
      detect_timeout: ROUND_DEADLINE_MS / 1000,
    };
    this.#running = new DetectionRunner(options, context).run(this.#stop.signal);
  }

  async done(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.detector.close();
    await this.#measurement?.close?.();
    this.#tree[Symbol.dispose]();
  }

  #starts(): number {
    const { wca_plugin_restarts_total: restarts } = this.detector.selfMeasurements();
    return typeof restarts === "object" ? Number(Object.values(restarts)[0]) : 0;
  }

  #storage(store: (metrics: readonly Metric[]) => void): Storage {
    class Noting extends Storage {
      override store(metrics: readonly Metric[]): void {
        store(metrics);
      }
    }
    return new Noting();
  }

  /** The detector itself, but for the clock beside it. */
  #timed(): Detector {
    const { detector } = this;
    const detect = detector.detect.bind(detector);
    detector.detect = async (snapshot: Snapshot): Promise<Decision> => {
      this.#askedMs = performance.now();
      this.#startsBefore = this.#starts();
      this.#isAnswered = false;
      try {
        return await detect(snapshot);
      } finally {
        this.#isAnswered = true;
      }
    };
    return detector;
  }
}

import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { inline, ref, seconds } from "../config/schema.ts";
import type { Outlet } from "../model/delivery.ts";
import type { Metric } from "../model/metric.ts";
import { Runner } from "../model/roles.ts";
import type { SelfMeasuring } from "../model/self-measuring.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Labels } from "../model/task.ts";
import { AnomalyLog } from "./anomaly-log.ts";
import { anomalyMetrics, described } from "./anomaly-metrics.ts";
import { type CheckedDecision, checkedDecision, NO_DECISION } from "./checked-decision.ts";
import { DetectionFaults } from "./detection-faults.ts";
import { DetectorCall } from "./detector-call.ts";
import { KeptMetrics } from "./kept-metrics.ts";
import { MeasurementRunner } from "./measurement.ts";

const LONGEST_TIMEOUT_SECS = 60;
/** Deadline of a detector when rounds follow each other at once. */
const TIMEOUT_WITHOUT_INTERVAL_SECS = 0.5;

/** Looks, thinks and tells: what was measured goes to a detector, and what that finds to a storage. */
export class DetectionRunner extends Runner {
  static readonly component = defineComponent("runner", {
    doc:
      "Measures as !MeasurementRunner does, lets a detector look for interference in what was measured, and " +
      "stores the anomalies that it finds.",
    options: {
      measurement_runner: inline(MeasurementRunner).describe("Measures, and says how often."),
      detector: ref("detector").describe("Finds anomalies."),
      anomalies_storage: ref("storage", { defaultTag: "LogStorage" }).describe(
        "Takes the metrics of anomalies. May be the same as `metrics_storage`. Left out: the text goes to standard error.",
      ),
      detect_timeout: seconds({ min: 0.001, max: LONGEST_TIMEOUT_SECS })
        .optional()
        .describe(
          "How long a round waits for the detector. Left out: half the interval, or 0.5 s when that is 0.",
        ),
    },
  });

  readonly #measurement: MeasurementRunner;
  readonly #detector: string;
  readonly #timeoutSecs: number;
  readonly #call: DetectorCall;
  readonly #selfMeasuring: SelfMeasuring;
  readonly #context: HostContext;
  readonly #outlet: Outlet;
  readonly #faults: DetectionFaults;
  readonly #log: AnomalyLog;
  readonly #kept = new KeptMetrics();
  #count = 0;
  #lastOccurrence: number | undefined;

  constructor(options: OptionsOf<typeof DetectionRunner>, context: HostContext) {
    super();
    const { measurement_runner, detector, anomalies_storage, detect_timeout } = options;
    const { intervalSecs } = measurement_runner;
    this.#measurement = measurement_runner;
    this.#detector = detector.constructor.name;
    this.#timeoutSecs = detect_timeout ?? (intervalSecs / 2 || TIMEOUT_WITHOUT_INTERVAL_SECS);
    this.#call = new DetectorCall(detector, this.#timeoutSecs);
    this.#selfMeasuring = detector as SelfMeasuring;
    this.#context = context;
    this.#outlet = context.deliveries.to(anomalies_storage);
    this.#faults = new DetectionFaults(this.#detector, context.log);
    this.#log = new AnomalyLog(context.log);
  }

  async run(signal: AbortSignal): Promise<number> {
    await this.#measurement.repeat({ name: this.constructor.name, signal, round: () => this.#round(signal) });
    return 0;
  }

  async #round(signal: AbortSignal): Promise<void> {
    const snapshot = await this.#measurement.look(signal);
    if (snapshot === undefined) return;
    const decision = await this.#think(snapshot, signal);
    this.#measurement.tell(snapshot, {
      ...this.#faults.measurements(),
      ...this.#selfMeasuring.selfMeasurements?.(),
    });
    this.#tell(snapshot, decision);
  }

  async #think(snapshot: Snapshot, signal: AbortSignal): Promise<CheckedDecision> {
    const { watch } = this.#measurement;
    const answered = await this.#call.ask(snapshot, signal);
    if (answered.kind === "stopped") return NO_DECISION;
    if (answered.kind === "busy") {
      this.#faults.failed("busy");
      return NO_DECISION;
    }
    const { kind, seconds: secs } = answered;
    watch.duration("detect", secs);
    if (kind === "answer") {
      try {
        const tasks = tasksOf(snapshot);
        const decision = checkedDecision(answered.answer, { tasks, faults: this.#faults });
        watch.succeeded(this.#detector, secs);
        return decision;
      } catch (error) {
        // Reading an answer can run the detector's code, too.
        this.#faults.failed("result");
        watch.failed(this.#detector, secs, error);
        return NO_DECISION;
      }
    }
    this.#faults.failed(kind);
    const lateness = () =>
      new Error(`not done within ${this.#timeoutSecs} s, its decision is not waited for`);
    watch.failed(this.#detector, secs, kind === "late" ? lateness() : answered.error);
    return NO_DECISION;
  }

  #tell(snapshot: Snapshot, { anomalies, metrics }: CheckedDecision): void {
    const { catalogue, now } = this.#context;
    const present = anomalies.filter(({ state }) => state !== "clear").length;
    this.#count += present;
    if (present > 0) this.#lastOccurrence = now() / 1000;
    this.#log.note(anomalies, now());
    const tasks = tasksOf(snapshot);
    const told = [...anomalyMetrics(anomalies, { tasks, catalogue }), ...metrics, ...this.#statistics()];
    const common = this.#measurement.commonLabels(snapshot.platform);
    this.#outlet.offer(this.#kept.update(told.map((metric) => labelled(metric, common))), snapshot.timeMs);
  }

  #statistics(): readonly Metric[] {
    const { catalogue } = this.#context;
    const count = described("anomaly_count", { catalogue, value: this.#count, labels: {} });
    if (this.#lastOccurrence === undefined) return [count];
    const value = this.#lastOccurrence;
    return [count, described("anomaly_last_occurrence", { catalogue, value, labels: {} })];
  }
}

function tasksOf({ tasks }: Snapshot) {
  return new Map(tasks.map(({ task }) => [task.id, task] as const));
}

function labelled(metric: Metric, common: Labels): Metric {
  return { ...metric, labels: { ...metric.labels, ...common } };
}

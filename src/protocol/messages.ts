/*
 * What the agent and a plugin say to each other. `wasm-plugins/protocol/README.md` is the specification for
 * authors of plugins; the schemas beside it are generated from the ones in this folder.
 */
import type { ContentionAnomaly } from "../model/anomaly.ts";
import type { Measurements, Metric } from "../model/metric.ts";
import type { Platform } from "../model/platform.ts";
import type { Labels, Task } from "../model/task.ts";

/** Grows when a plugin that was written before would not understand. */
export const PROTOCOL_VERSION = 1;

/** How a plugin wants to be told what was seen: see `encode-*.ts`. */
export const INPUT_FORMS = ["json", "columnar", "binary"] as const;
export type InputForm = (typeof INPUT_FORMS)[number];

/** What the export `describe` answers. */
export interface Description {
  readonly protocol: typeof PROTOCOL_VERSION;
  readonly role: "detector" | "allocator";
  /** What the plugin does, in a sentence or two. */
  readonly doc: string;
  /** Version of the plugin. */
  readonly version?: string;
  /** JSON Schema of its options: an object with properties. Absent: it has none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Default: json. */
  readonly input?: InputForm;
  /** Names of the measurements of tasks that it looks at. Absent: all. */
  readonly measurements?: readonly string[];
  /** The same for measurements of the platform. */
  readonly platformMeasurements?: readonly string[];
}

/** Input of the export `init`, which is called once before all others in each sandbox. */
export interface InitMessage {
  readonly protocol: typeof PROTOCOL_VERSION;
  /** As configured, defaults filled in. Extism's config has them too, each as text or JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly hostname: string;
  readonly agentVersion: string;
}

/** The machine; maps of `Platform` as objects whose keys are decimal numbers. */
export interface PlatformMessage extends Omit<Platform, "topology" | "nodeCpus" | "nodeDistances"> {
  /** socket → core → CPUs. */
  readonly topology: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  /** NUMA node → CPUs. */
  readonly nodeCpus: Readonly<Record<string, readonly number[]>>;
  /** NUMA node → node → distance. */
  readonly nodeDistances: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A task and what was measured of it, in one object. */
export interface TaskMessage extends Task {
  readonly measurements: Measurements;
}

/** Input of `detect` in the form `json`, and a line of a trace. */
export interface SnapshotMessage {
  /** Wall clock, milliseconds since the epoch. */
  readonly timeMs: number;
  /** Between the starts of two rounds as configured. */
  readonly intervalSecs: number;
  readonly platform?: PlatformMessage;
  readonly platformMeasurements: Measurements;
  readonly tasks: readonly TaskMessage[];
}

export interface MetricMessage extends Omit<Metric, "labels"> {
  readonly labels?: Labels;
}

export interface AnomalyMessage extends Omit<ContentionAnomaly, "metrics"> {
  readonly metrics?: readonly MetricMessage[];
}

/** Output of `detect`. */
export interface DecisionMessage {
  readonly anomalies?: readonly AnomalyMessage[];
  readonly metrics?: readonly MetricMessage[];
}

import { z } from "zod";
import type { Measurement } from "../model/metric.ts";
import { labels } from "./kinds.ts";
import type { PlatformMessage, SnapshotMessage, TaskMessage } from "./messages.ts";

/** Of a field whose keys are decimal numbers. */
function byNumber<Value extends z.ZodType>(value: Value) {
  return z.record(z.string().regex(/^\d+$/), value);
}

const numbers = () => z.array(z.int());

export const MEASUREMENT: z.ZodType<Measurement> = z
  .lazy(() => z.union([z.number(), z.record(z.string(), MEASUREMENT)]))
  .describe("One number, or numbers by level such as numa_node. What could not be read is absent.");

const measurements = () => z.record(z.string(), MEASUREMENT).describe("Measurements by metric name.");

export const PLATFORM = z
  .object({
    cpuModel: z.string(),
    cpuVendor: z.string().exactOptional(),
    cpuFamily: z.int().exactOptional(),
    cpuModelNumber: z.int().exactOptional(),
    cpuStepping: z.int().exactOptional(),
    sockets: z.int(),
    cores: z.int(),
    cpus: z.int(),
    onlineCpus: numbers(),
    topology: byNumber(byNumber(numbers())).describe("Socket, core, CPUs."),
    nodeCpus: byNumber(numbers()).describe("NUMA node, CPUs."),
    nodeDistances: byNumber(byNumber(z.number())).describe("NUMA node, node, distance; 10 is local."),
  })
  .describe("The machine.") satisfies z.ZodType<PlatformMessage>;

const resources = () =>
  z
    .record(z.string(), z.union([z.number(), z.string()]))
    .describe("What the task asked for, by the orchestrator's name.");

export const TASK = z
  .object({
    id: z.string().describe("Unique within a round."),
    name: z.string(),
    cgroupPath: z.string(),
    subcgroupPaths: z.array(z.string()),
    identity: z.number().describe("Inode of the cgroup: another one means that counters start anew."),
    labels: labels(),
    resources: resources(),
    measurements: measurements(),
  })
  .describe("A workload and what was measured of it.") satisfies z.ZodType<TaskMessage>;

/** Fields that all forms begin with. */
const round = {
  timeMs: z.number().describe("Wall clock, milliseconds since the epoch."),
  intervalSecs: z.number().describe("Between the starts of two rounds as configured."),
};

/** Input of `detect` in the form `json`. */
export const SNAPSHOT = z
  .object({
    ...round,
    platform: PLATFORM.exactOptional(),
    platformMeasurements: measurements(),
    tasks: z.array(TASK),
  })
  .describe(
    "Input of the export detect in the form json; a line of a trace.",
  ) satisfies z.ZodType<SnapshotMessage>;

/** What tasks are, a list for each field. */
export const TASK_COLUMNS = z
  .object({
    id: z.array(z.string()),
    name: z.array(z.string()),
    cgroupPath: z.array(z.string()),
    subcgroupPaths: z.array(z.array(z.string())),
    identity: z.array(z.number()),
    labels: z.array(labels()),
    resources: z.array(resources()),
  })
  .describe("What tasks are: a list for each field, all in the same order.");

const columns = () =>
  z
    .array(z.array(z.string()).min(1))
    .describe("Of each column the path into the measurements, levels in order.");

/** Input of `detect` in the form `columnar`. */
export const COLUMNAR_SNAPSHOT = z
  .object({
    ...round,
    platform: PLATFORM.exactOptional(),
    platformMeasurements: measurements(),
    tasks: TASK_COLUMNS,
    columns: columns(),
    values: z
      .array(z.array(z.union([z.number(), z.null()])))
      .describe("A list for each column, null where a task has no value."),
  })
  .describe("Input of the export detect in the form columnar.");

/** The JSON part of the form `binary`. */
export const BINARY_META = z
  .object({
    platform: PLATFORM.exactOptional(),
    platformMeasurements: measurements().exactOptional(),
    tasks: TASK_COLUMNS,
    columns: columns(),
  })
  .describe("The JSON part of the input of detect in the form binary.");

export type TaskColumns = z.output<typeof TASK_COLUMNS>;
export type ColumnarSnapshot = z.output<typeof COLUMNAR_SNAPSHOT>;
export type BinaryMeta = z.output<typeof BINARY_META>;

import type { Measurement, Measurements } from "../model/metric.ts";
import type { Platform } from "../model/platform.ts";
import type { ObservedTask, Snapshot } from "../model/snapshot.ts";
import type { Task } from "../model/task.ts";
import type { PlatformMessage, SnapshotMessage, TaskMessage } from "./messages.ts";

/**
 * A snapshot as plugins and traces know it. It shares the measurements with the snapshot, so write it down
 * before the next round replaces them. JSON has no NaN and no infinity: such a value is absent.
 */
export function snapshotMessage(snapshot: Snapshot): SnapshotMessage {
  const { timeMs, intervalSecs, platform, platformMeasurements, tasks } = snapshot;
  return {
    timeMs,
    intervalSecs,
    ...(platform === undefined ? {} : { platform: platformMessage(platform) }),
    platformMeasurements: finiteMeasurements(platformMeasurements),
    tasks: tasks.map(taskMessage),
  };
}

/** The machine, its maps as objects. */
export function platformMessage(platform: Platform): PlatformMessage {
  const { topology, nodeCpus, nodeDistances, ...fields } = platform;
  return {
    ...fields,
    topology: Object.fromEntries([...topology].map(([socket, cores]) => [socket, Object.fromEntries(cores)])),
    nodeCpus: Object.fromEntries(nodeCpus),
    nodeDistances: Object.fromEntries(
      [...nodeDistances].map(([node, distances]) => [node, Object.fromEntries(distances)]),
    ),
  };
}

function taskMessage({ task, measurements }: ObservedTask): TaskMessage {
  const { id, name, cgroupPath, subcgroupPaths, identity, labels, resources } = task;
  return {
    id,
    name,
    cgroupPath,
    subcgroupPaths,
    identity,
    labels,
    resources: finiteResources(resources),
    measurements: finiteMeasurements(measurements),
  };
}

/** The same object when all its numbers are finite, which they nearly always are. */
export function finiteMeasurements(measurements: Measurements): Measurements {
  return isFiniteLevel(measurements) ? measurements : finiteLevel(measurements);
}

function isFiniteLevel(level: Measurements): boolean {
  for (const key in level) {
    const measurement = level[key] as Measurement;
    if (typeof measurement === "number" ? !Number.isFinite(measurement) : !isFiniteLevel(measurement))
      return false;
  }
  return true;
}

function finiteLevel(level: Measurements): Record<string, Measurement> {
  const finite: Record<string, Measurement> = {};
  for (const [key, measurement] of Object.entries(level)) {
    if (typeof measurement !== "number") finite[key] = finiteLevel(measurement);
    else if (Number.isFinite(measurement)) finite[key] = measurement;
  }
  return finite;
}

function finiteResources(resources: Task["resources"]): Task["resources"] {
  const fields = Object.entries(resources);
  const finite = fields.filter(([, value]) => typeof value === "string" || Number.isFinite(value));
  return finite.length === fields.length ? resources : Object.fromEntries(finite);
}

import type { Measurement, Measurements } from "../model/metric.ts";
import type { Description, SnapshotMessage } from "./messages.ts";

/** The snapshot with the measurements that a plugin looks at, and no others. */
export function selected(
  message: SnapshotMessage,
  { measurements, platformMeasurements }: Pick<Description, "measurements" | "platformMeasurements">,
): SnapshotMessage {
  if (measurements === undefined && platformMeasurements === undefined) return message;
  return {
    ...message,
    platformMeasurements: picked(message.platformMeasurements, platformMeasurements),
    tasks:
      measurements === undefined
        ? message.tasks
        : message.tasks.map((task) => ({ ...task, measurements: picked(task.measurements, measurements) })),
  };
}

function picked(measurements: Measurements, names: readonly string[] | undefined): Measurements {
  if (names === undefined) return measurements;
  const wanted: Record<string, Measurement> = {};
  for (const name of names) {
    const measurement = Object.hasOwn(measurements, name) ? measurements[name] : undefined;
    if (measurement !== undefined) wanted[name] = measurement;
  }
  return wanted;
}

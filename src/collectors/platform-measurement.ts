import type { OptionalFile } from "../kernel/optional-file.ts";
import type { MetricName } from "../model/catalogue.ts";
import type { Measurement } from "../model/metric.ts";
import type { Round } from "../model/round.ts";

/** Puts a value of the host into the round; one that could not be read is left out. */
export function put(round: Round, metric: MetricName, value: Measurement | undefined): void {
  if (value !== undefined) round.platformMeasurements[metric] = value;
}

/** The files that turned out to be missing, each counted once. */
export function missingOf(files: readonly OptionalFile[]): ReadonlyMap<string, number> {
  return new Map(files.filter((file) => file.missing).map((file) => [file.path, 1]));
}

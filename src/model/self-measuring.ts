import type { Measurement } from "./metric.ts";

/** A component with numbers about itself, which go among the agent's own metrics: by metric name, levels as labels. */
export interface SelfMeasuring {
  selfMeasurements?(): Readonly<Record<string, Measurement>>;
}

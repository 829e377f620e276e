import type { Measurement, Measurements } from "../model/metric.ts";
import type { Told } from "./metric-set.ts";

/** What the original's first tutorial shows of a batch, in its order. */
const FIRST = [
  "wca_up",
  "wca_tasks",
  "wca_mem_usage_bytes",
  "platform_mem_usage_bytes",
  "platform_cpu_usage",
  "wca_duration_seconds",
  "wca_duration_seconds_avg",
];

/** The same with the metrics of the tutorial first: they carry only the common labels, wherever they stand. */
export function inClassicOrder(told: Told): Told {
  const all: Measurements = { ...told.internal, ...told.platform, ...told.agent };
  const first: Record<string, Measurement> = {};
  for (const name of FIRST) {
    const measurement = all[name];
    if (measurement !== undefined) first[name] = measurement;
  }
  return {
    ...told,
    internal: { ...first, ...told.internal },
    platform: without(told.platform, first),
    agent: without(told.agent, first),
  };
}

function without(measurements: Measurements, others: Measurements): Measurements {
  return Object.fromEntries(Object.entries(measurements).filter(([name]) => !Object.hasOwn(others, name)));
}

import type { MetricRow } from "../catalogue.ts";

const PLUGIN = {
  unit: "none",
  scope: "internal",
  labels: ["plugin"],
  merge: "none",
  source: "the sandbox of the plugin",
  option: "detector",
} as const satisfies Partial<MetricRow>;

/** Modules in WebAssembly. */
export const PLUGIN_ROWS = {
  wca_plugin_up: {
    ...PLUGIN,
    help: "1 while the plugin can be called, 0 while it waits to be tried again after failures.",
    type: "gauge",
  },
  wca_plugin_calls_total: { ...PLUGIN, help: "Calls of the plugin.", type: "counter" },
  wca_plugin_failures_total: {
    ...PLUGIN,
    help: "Calls of the plugin that gave no result, by reason.",
    type: "counter",
    labels: ["plugin", "reason"],
  },
  wca_plugin_memory_bytes: {
    ...PLUGIN,
    help: "Resident memory of the process that the plugin runs in.",
    type: "gauge",
    unit: "bytes",
    source: "/proc/PID/statm",
  },
  wca_plugin_restarts_total: {
    ...PLUGIN,
    help: "Processes that were started for the plugin after its first one.",
    type: "counter",
  },
} as const satisfies Record<string, MetricRow>;

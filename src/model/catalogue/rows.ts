import type { MetricRow } from "../catalogue.ts";
import { AGENT_ROWS } from "./agent.ts";
import { ANOMALY_ROWS } from "./anomalies.ts";
import { MEMORY_MODULE_ROWS } from "./memory-modules.ts";
import { MEMORY_POOL_ROWS } from "./memory-pools.ts";
import { PERF_ROWS } from "./perf.ts";
import { PLATFORM_ROWS } from "./platform.ts";
import { PLUGIN_ROWS } from "./plugins.ts";
import { RESCTRL_ROWS } from "./resctrl.ts";
import { SCHEDULER_ROWS } from "./scheduler.ts";
import { TASK_CGROUP_ROWS } from "./task-cgroups.ts";
import { TASK_FACT_ROWS } from "./task-facts.ts";
import { UNCORE_ROWS } from "./uncore.ts";
import { WORKING_SET_ROWS } from "./working-set.ts";

/** The catalogue: a row for each metric, in the order of the documentation. */
export const ROWS = {
  ...TASK_CGROUP_ROWS,
  ...PERF_ROWS,
  ...RESCTRL_ROWS,
  ...WORKING_SET_ROWS,
  ...SCHEDULER_ROWS,
  ...TASK_FACT_ROWS,
  ...PLATFORM_ROWS,
  ...MEMORY_POOL_ROWS,
  ...MEMORY_MODULE_ROWS,
  ...UNCORE_ROWS,
  ...AGENT_ROWS,
  ...ANOMALY_ROWS,
  ...PLUGIN_ROWS,
} as const satisfies Record<string, MetricRow>;

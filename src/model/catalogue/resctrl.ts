import type { MetricRow } from "../catalogue.ts";

/** Cache and memory bandwidth of tasks, from resctrl. */
export const RESCTRL_ROWS = {} as const satisfies Record<string, MetricRow>;

import type { MetricRow } from "../catalogue.ts";

/** Hardware and software events of tasks, from perf. */
export const PERF_ROWS = {} as const satisfies Record<string, MetricRow>;

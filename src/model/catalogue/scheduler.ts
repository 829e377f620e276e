import type { MetricRow } from "../catalogue.ts";

/** What the scheduler tells of tasks. */
export const SCHEDULER_ROWS = {} as const satisfies Record<string, MetricRow>;

import type { MetricRow } from "../catalogue.ts";

/** DIMMs and persistent memory. */
export const MEMORY_MODULE_ROWS = {} as const satisfies Record<string, MetricRow>;

import type { MetricRow } from "../catalogue.ts";

/** Swap and huge pages of the host. */
export const MEMORY_POOL_ROWS = {} as const satisfies Record<string, MetricRow>;

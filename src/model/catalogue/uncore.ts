import type { MetricRow } from "../catalogue.ts";

/** Memory controllers, links and caches of the host, from uncore PMUs. */
export const UNCORE_ROWS = {} as const satisfies Record<string, MetricRow>;

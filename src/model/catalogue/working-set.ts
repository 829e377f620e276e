import type { MetricRow } from "../catalogue.ts";

/** Working sets of tasks. */
export const WORKING_SET_ROWS = {} as const satisfies Record<string, MetricRow>;

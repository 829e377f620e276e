import type { Metric } from "../../model/metric.ts";

/** Whether both hold the same objects in the same order. */
export function sameMetrics(a: readonly Metric[], b: readonly Metric[] | undefined): boolean {
  if (b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

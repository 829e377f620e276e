import { PressureParser } from "../cgroup/pressure.ts";

const MICROSECONDS = 1_000_000;

/** What PSI tells stalls of. `irq` needs Linux 6.1 and CONFIG_IRQ_TIME_ACCOUNTING. */
export const PRESSURE_RESOURCES = ["cpu", "memory", "io", "irq"] as const;

/**
 * Seconds since boot in which some, or all (`full`), runnable work waited. `/proc/pressure/*`,
 * docs.kernel.org/accounting/psi.html. `cpu` got its `full` in Linux 5.13, `irq` has nothing else.
 */
export interface Pressure {
  readonly some?: number;
  readonly full?: number;
}

export function parsePressure(bytes: Uint8Array, length: number): Pressure {
  const totals = { someUs: Number.NaN, fullUs: Number.NaN };
  new PressureParser().parse(bytes, length, totals);
  const { someUs, fullUs } = totals;
  if (Number.isNaN(someUs) && Number.isNaN(fullUs)) {
    throw new SyntaxError("Cannot find total= of some or full in a pressure file");
  }
  return {
    ...(Number.isNaN(someUs) ? {} : { some: someUs / MICROSECONDS }),
    ...(Number.isNaN(fullUs) ? {} : { full: fullUs / MICROSECONDS }),
  };
}

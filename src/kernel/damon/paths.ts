/** DAMON by sysfs, docs.kernel.org/admin-guide/mm/damon/usage.html. */
export const KDAMONDS = "/sys/kernel/mm/damon/admin/kdamonds";
export const NR_KDAMONDS = `${KDAMONDS}/nr_kdamonds`;
/** The one kernel thread that the agent makes, and its one context. */
export const KDAMOND = `${KDAMONDS}/0`;
export const CONTEXT = `${KDAMOND}/contexts/0`;

/** Directory of a scheme: 0 is the clock, the others are one for each process. */
export function schemePath(index: number): string {
  return `${CONTEXT}/schemes/${index}`;
}

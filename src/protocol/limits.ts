/**
 * What an answer may hold at most: what the agent reads in a few milliseconds. A plugin that says more is at
 * fault; the specification lists these.
 */
export const LIMITS = {
  anomalies: 1_000,
  /** Of one anomaly. */
  contendingTasks: 1_000,
  /** Of the decision, and of each anomaly. */
  metrics: 2_000,
  /** Of one metric. */
  labels: 64,
  /** Tasks in the answer of an allocator. */
  allocatedTasks: 10_000,
  /** Names in a description. */
  names: 1_000,
  /** Characters of an id, a name, a label. */
  shortText: 4_096,
  /** Characters of a description's texts. */
  longText: 65_536,
  /** Levels of objects and lists in each other. */
  depth: 32,
  /** Objects and lists in one answer. */
  containers: 10_000,
  /** Commas between items and members, in one answer. */
  commas: 20_000,
} as const;

/** `perf_event_attr.type` of the kinds of events that need no PMU of sysfs. linux/perf_event.h */
export const PERF_TYPE = { hardware: 0, software: 1, raw: 4 } as const;

/** One counter to be opened with perf_event_open(2). */
export interface PerfEvent {
  /** Metric it becomes. */
  readonly metric: string;
  /** What the user wrote in event_names or uncore_event_names, for messages. */
  readonly written: string;
  readonly kind: "hardware" | "software" | "raw" | "pmu";
  /** `perf_event_attr.type`. */
  readonly type: number;
  readonly config: bigint;
  readonly config1: bigint;
  readonly config2: bigint;
  /** Factor from the counted to the exported value: 1e-9 for nanoseconds, a PMU event's `.scale`, otherwise 1. */
  readonly scale: number;
  /** CPUs that the PMU wants to be opened on; absent: any CPU. */
  readonly cpus?: readonly number[];
}

/** What selects an event of an x86 core's counter. */
export interface CoreEventSelect {
  /** Event select: 8 bits on Intel, 12 on AMD. */
  readonly event: number;
  readonly umask: number;
  /** Counts cycles in which at least so many events happened. Default: 0, counts events. */
  readonly cmask?: number;
  /** Counts the cycles that `cmask` leaves out. Default: false. */
  readonly inv?: boolean;
  /** Counts how often the condition became true. Default: false. */
  readonly edge?: boolean;
}

/** `perf_event_attr.config` of a raw event: the bits of IA32_PERFEVTSELx (Intel SDM) and PERF_CTL (AMD APM). */
export function coreConfig(select: CoreEventSelect): bigint {
  const { event, umask, cmask = 0, inv = false, edge = false } = select;
  const low = BigInt(event & 0xff) | (BigInt(umask) << 8n) | (BigInt(cmask) << 24n);
  return low | (BigInt(edge) << 18n) | (BigInt(inv) << 23n) | (BigInt(event >> 8) << 32n);
}

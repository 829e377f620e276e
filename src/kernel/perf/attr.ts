import { PERF_TYPE, type PerfEvent } from "./event.ts";

/** What errors of perf's system calls have in place of a path. */
export const PERF_EVENT_PATH = "perf event";

/** Smallest size of struct perf_event_attr that has `config2`; every kernel since 2.6.33 takes it. */
const PERF_ATTR_SIZE_VER1 = 72;

/** Where the fields are: struct perf_event_attr of linux/perf_event.h. */
const OFFSETS = { type: 0, size: 4, config: 8, readFormat: 32, flags: 40, config1: 56, config2: 64 } as const;

/** A read gives the whole group, with the time it was wanted and the time it was counting. */
const READ_FORMAT = { totalTimeEnabled: 1n, totalTimeRunning: 2n, group: 8n } as const;

/** What the processor does for a virtual machine that runs here is not counted twice. */
const EXCLUDE_GUEST = 1n << 20n;

/** Kinds that count in a core's PMU, which alone knows guests; others refuse the flag or ignore it. */
const CORE_TYPES: ReadonlySet<number> = new Set([PERF_TYPE.hardware, PERF_TYPE.raw]);

/**
 * struct perf_event_attr of a counting event. It counts from its opening on, so that no ioctl(2) is needed.
 * Not `inherit`: the events of a cgroup count every thread that is in it anyway, and kernels before 6.12
 * refuse the flag together with reading groups.
 */
export function perfEventAttr({
  type,
  config,
  config1,
  config2,
}: Pick<PerfEvent, "type" | "config" | "config1" | "config2">): Uint8Array {
  const { totalTimeEnabled, totalTimeRunning, group } = READ_FORMAT;
  const attr = new DataView(new ArrayBuffer(PERF_ATTR_SIZE_VER1));
  attr.setUint32(OFFSETS.type, type, true);
  attr.setUint32(OFFSETS.size, PERF_ATTR_SIZE_VER1, true);
  attr.setBigUint64(OFFSETS.config, config, true);
  attr.setBigUint64(OFFSETS.readFormat, totalTimeEnabled | totalTimeRunning | group, true);
  attr.setBigUint64(OFFSETS.flags, CORE_TYPES.has(type) ? EXCLUDE_GUEST : 0n, true);
  attr.setBigUint64(OFFSETS.config1, config1, true);
  attr.setBigUint64(OFFSETS.config2, config2, true);
  return new Uint8Array(attr.buffer);
}

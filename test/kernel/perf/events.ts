import { PERF_TYPE, type PerfEvent } from "../../../src/kernel/perf/event.ts";

/** An event with the given parts; task-clock when there are none. */
export function eventWith(parts: Partial<PerfEvent> = {}): PerfEvent {
  return {
    metric: "task_cpu_clock_seconds",
    written: parts.metric ?? "task_cpu_clock_seconds",
    kind: "software",
    type: PERF_TYPE.software,
    config: 1n,
    config1: 0n,
    config2: 0n,
    scale: 1,
    ...parts,
  };
}

export const CYCLES = eventWith({
  metric: "task_cycles",
  kind: "hardware",
  type: PERF_TYPE.hardware,
  config: 0n,
});
export const INSTRUCTIONS = eventWith({
  ...CYCLES,
  metric: "task_instructions",
  written: "task_instructions",
  config: 1n,
});
export const REFERENCES = eventWith({
  ...CYCLES,
  ...{ metric: "task_cache_references", written: "task_cache_references", config: 2n },
});
export const MISSES = eventWith({
  ...CYCLES,
  metric: "task_cache_misses",
  written: "task_cache_misses",
  config: 3n,
});
export const TASK_CLOCK = eventWith({ scale: 1e-9 });
export const PAGE_FAULTS = eventWith({ metric: "task_page_faults", config: 2n });
export const RAW = eventWith({ metric: "my__r03c0", kind: "raw", type: PERF_TYPE.raw, config: 0x3c0n });

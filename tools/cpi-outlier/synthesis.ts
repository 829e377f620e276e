import type { Measurement } from "../../src/model/metric.ts";
import type { SnapshotMessage, TaskMessage } from "../../src/protocol/messages.ts";

const HERTZ = 2e9;
const START_MS = 1_700_000_000_000;
const SEED = 20_131;

/** How a task fares in a round. What is left out is not measured. */
export interface Doing {
  /** CPUs. */
  readonly usage: number;
  readonly cpi?: number;
  readonly mpki?: number;
  /** Shares of time. */
  readonly pressure?: number;
  readonly throttled?: number;
  /** Another one than in the round before: the cgroup was made anew. Default: 1. */
  readonly identity?: number;
}

export interface Plan {
  readonly rounds: number;
  /** Default: 1. */
  readonly intervalSecs?: number;
  /** By id, in the order of the snapshots; nothing: not there in that round. `noise` is -1 to 1. */
  readonly tasks: Readonly<Record<string, (round: number, noise: () => number) => Doing | undefined>>;
  /** What to change of a snapshot before it is written down. */
  readonly edit?: (snapshot: SnapshotMessage, round: number) => SnapshotMessage;
}

/** The snapshots of a plan: the same in every run. */
export function synthesize({
  rounds,
  intervalSecs = 1,
  tasks,
  edit = (same) => same,
}: Plan): SnapshotMessage[] {
  const noise = noiseFrom(SEED);
  const counters = new Map(Object.keys(tasks).map((id) => [id, new Counters()]));
  return Array.from({ length: rounds }, (_, round) => {
    const seen: TaskMessage[] = [];
    for (const [id, doing] of Object.entries(tasks)) {
      const now = doing(round, noise);
      if (now === undefined) continue;
      const measurements = counters.get(id)?.advance(now, intervalSecs) ?? {};
      const { identity = 1 } = now;
      seen.push({ ...NOTHING_KNOWN, id, name: id, cgroupPath: `/${id}`, identity, measurements });
    }
    const timeMs = START_MS + round * intervalSecs * 1000;
    return edit({ timeMs, intervalSecs, platformMeasurements: {}, tasks: seen }, round);
  });
}

const NOTHING_KNOWN = { subcgroupPaths: [], labels: {}, resources: {} } as const;

class Counters {
  #usage = 100;
  #cycles = 1e12;
  #instructions = 1e12;
  #misses = 1e9;
  #pressure = 10;
  #throttled = 0;

  advance({ usage, cpi, mpki, pressure, throttled }: Doing, secs: number): Record<string, Measurement> {
    const cycles = Math.round(usage * HERTZ * secs);
    const instructions = cpi === undefined ? 0 : Math.round(cycles / cpi);
    this.#usage += usage * secs;
    this.#cycles += cycles;
    this.#instructions += instructions;
    this.#misses += Math.round(((mpki ?? 0) * instructions) / 1000);
    this.#pressure += (pressure ?? 0) * secs;
    this.#throttled += (throttled ?? 0) * secs;
    return {
      task_cpu_usage_seconds: rounded(this.#usage),
      ...(cpi === undefined ? {} : { task_cycles: this.#cycles, task_instructions: this.#instructions }),
      ...(mpki === undefined ? {} : { task_cache_misses: this.#misses }),
      ...(pressure === undefined
        ? {}
        : { task_pressure_seconds_total: { cpu: { some: rounded(this.#pressure) } } }),
      ...(throttled === undefined ? {} : { task_cpu_throttled_seconds_total: rounded(this.#throttled) }),
    };
  }
}

/** The kernel counts microseconds. */
function rounded(secs: number): number {
  return Math.round(secs * 1e6) / 1e6;
}

/** mulberry32: the numbers are the same on every machine. */
function noiseFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

import type { Measurement } from "../../src/model/metric.ts";
import type { SnapshotMessage, TaskMessage } from "../../src/protocol/messages.ts";
import type { Plan } from "./synthesis.ts";

interface Series extends Plan {
  /** Options that are not the default. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Too large to be stored: tests make it anew. */
  readonly isLarge?: true;
}

const between = (round: number, from: number, to: number) => round >= from && round < to;

/** Whose names are sorted differently in UTF-16, and have to be escaped in JSON. */
const ODD_NAMES = ["\u{1f600}", "～", 'quo"te\\\n\u0001'] as const;

/** The synthetic series in wasm-plugins/cpi-outlier/series, by name. */
export const SERIES: Readonly<Record<string, Series>> = {
  // A neighbour that thrashes the cache, beside one that is always busy and one that is only sometimes guilty.
  "cpi-cache": {
    rounds: 75,
    tasks: {
      victim: (round, noise) => {
        const noisy = between(round, 40, 55);
        const cpi = (noisy ? 1.8 : 1) * (1 + 0.03 * noise());
        return { usage: 1.2 + 0.1 * noise(), cpi, mpki: (noisy ? 9 : 2) + 0.2 * noise() };
      },
      innocent: (_, noise) => ({ usage: 3 + 0.02 * noise(), cpi: 0.7, mpki: 1 }),
      antagonist: (round, noise) => ({
        usage: between(round, 40, 55) ? 2 + 0.2 * noise() : 0.05,
        cpi: 2,
        mpki: 20,
      }),
      accomplice: (round) => ({
        usage: between(round, 40, 55) || round % 10 === 0 ? 0.8 : 0.1,
        cpi: 1.5,
        mpki: 5,
      }),
    },
  },
  // CPI rises and misses do not; the victim's load moves between bins; samples of idle rounds do not count.
  "cpi-unknown-resource": {
    rounds: 110,
    tasks: {
      victim: (round, noise) => {
        const usage = round % 25 === 24 ? 0.1 : 0.4 + 0.6 * (Math.floor(round / 10) % 3);
        return {
          usage,
          cpi: (between(round, 80, 95) ? 2.4 : 1 + 0.1 * usage) + 0.02 * noise(),
          mpki: 3 + noise(),
        };
      },
      neighbour: (round) => ({ usage: between(round, 79, 95) ? 1.5 : 0.2 }),
    },
  },
  // Without counters; the neighbour leaves while it is a contender.
  "psi-contention": {
    rounds: 90,
    tasks: {
      victim: (round, noise) => {
        const noisy = between(round, 40, 60);
        return { usage: noisy ? 0.4 : 0.8, pressure: noisy ? 0.55 + 0.1 * noise() : 0.02 + 0.01 * noise() };
      },
      batch: (round) =>
        between(round, 20, 62) ? { usage: round < 40 ? 0.1 : 0.6, pressure: 0.1 } : undefined,
      other: (_, noise) => ({ usage: 0.5 + 0.3 * noise(), pressure: 0.01 }),
    },
  },
  // Nothing to be reported: loads come and go, everybody is a little noisy.
  "quiet-cpi": {
    rounds: 80,
    tasks: {
      web: (round, noise) => ({
        usage: 1 + Math.sin(round / 15) + 0.05 * noise(),
        cpi: 1 + 0.03 * noise(),
        mpki: 2,
      }),
      batch: (round) => ({ usage: round % 40 < 20 ? 2 : 0.1, cpi: 1.4 }),
    },
  },
  "quiet-psi": {
    rounds: 75,
    tasks: {
      web: (_, noise) => ({ usage: 0.6 + 0.2 * noise(), pressure: 0.05 + 0.04 * noise() }),
      batch: (round, noise) => ({ usage: round % 50 < 25 ? 0.9 : 0, pressure: 0.1 + 0.1 * noise() }),
      spiky: (round) => ({ usage: 0.3, pressure: round % 70 === 69 ? 0.9 : 0.01 }),
    },
  },
  // The cgroup of the victim is made anew amid an anomaly, it goes and comes back, and tasks change places.
  "comings-and-goings": {
    rounds: 120,
    options: { min_samples: 10, hits: 2, report_unattributed: true },
    tasks: {
      late: (round) => (round < 30 ? undefined : { usage: between(round, 50, 60) ? 1 : 0.1, pressure: 0 }),
      victim: (round) => {
        if (between(round, 90, 93)) return undefined;
        const identity = round < 55 ? 1 : 2;
        return { usage: 0.5, pressure: between(round, 50, 62) || round > 110 ? 0.7 : 0.05, identity };
      },
      brief: (round) => (round % 7 < 5 ? { usage: 0.4, pressure: 0 } : undefined),
    },
    edit: (snapshot, round) =>
      round % 3 === 2 ? { ...snapshot, tasks: snapshot.tasks.toReversed() } : snapshot,
  },
  // Counters that fall, that are not there, by CPU, and levels of no use.
  "odd-readings": {
    rounds: 90,
    options: { min_samples: 8 },
    tasks: {
      victim: (round) => ({
        usage: 1,
        cpi: between(round, 50, 70) ? 2.8 : 1 + 0.01 * (round % 3),
        mpki: 2,
        pressure: 0.1,
      }),
      neighbour: (round) => ({ usage: between(round, 50, 70) ? 1 : 0, throttled: 0 }),
    },
    edit: (snapshot, round) => ({ ...snapshot, tasks: snapshot.tasks.map((task) => oddly(task, round)) }),
  },
  // The clock stands still, is set back a little and a lot, and jumps ahead.
  clock: {
    rounds: 140,
    options: { min_samples: 10 },
    tasks: {
      victim: (round) => ({
        usage: 0.5,
        pressure: between(round, 30, 45) || between(round, 90, 110) ? 0.6 : 0.02,
      }),
      batch: (round) => ({ usage: between(round, 30, 45) || between(round, 90, 110) ? 0.5 : 0.02 }),
    },
    edit: (snapshot, round) => ({ ...snapshot, timeMs: snapshot.timeMs + clockError(round) }),
  },
  // Held back by its own quota: not the neighbour's fault, though it is busy at the same time.
  throttled: {
    rounds: 90,
    options: { min_samples: 10 },
    tasks: {
      victim: (round) => {
        const quota = between(round, 40, 55);
        const noisy = between(round, 60, 75);
        return {
          usage: 0.5,
          pressure: quota || noisy ? 0.5 : 0.02,
          throttled: quota ? 0.4 : noisy ? 0.1 : 0,
        };
      },
      batch: (round) => ({ usage: between(round, 40, 75) ? 0.6 : 0.1, pressure: 0 }),
    },
  },
  // Counters stop, so pressure is watched, and come back amid an anomaly. Idle rounds do not count as stopped.
  "signal-changes": {
    rounds: 150,
    options: { min_samples: 10 },
    tasks: {
      victim: (round) => {
        const pressure = between(round, 100, 120) ? 0.6 : 0.03;
        if (between(round, 20, 35)) return { usage: 0, cpi: 1, pressure };
        if (between(round, 50, 112)) return { usage: 0.8, pressure };
        return { usage: 0.8, cpi: between(round, 40, 50) || round > 140 ? 2.6 : 1.1, pressure };
      },
      batch: (round) => ({
        usage: between(round, 40, 50) || between(round, 100, 120) || round > 140 ? 1 : 0.2,
      }),
    },
  },
  // What lasts becomes normal, and is learned anew.
  relearn: {
    rounds: 110,
    options: { signal: "cpi", min_samples: 10, relearn_after: 25, report_unattributed: true },
    tasks: {
      moved: (round) => ({ usage: 1, cpi: round < 40 ? 1 : round < 90 ? 1.5 : 2.2 }),
      batch: (round) => ({ usage: between(round, 40, 60) ? 1 : 0.3, cpi: 1 }),
    },
  },
  // An anomaly that would begin in the round in which the history is forgotten is none.
  "relearn-at-onset": {
    rounds: 40,
    options: { min_samples: 2, hits: 6, relearn_after: 5, report_unattributed: true },
    tasks: { moved: (round) => ({ usage: 1, pressure: round < 10 ? 0.1 : 0.9 }) },
  },
  // Outliers too far apart; rows of them that end with a good sample, and by falling idle.
  "rows-and-windows": {
    rounds: 130,
    options: { min_samples: 10, hits: 2, window: 10, clear_after: 3, relearn_after: 20 },
    tasks: {
      victim: (round) => {
        const isOutlier = [20, 35, 40, 95, 96].includes(round) || (between(round, 50, 75) && round % 2 === 0);
        return { usage: between(round, 97, 125) ? 0.1 : 1, cpi: isOutlier || round === 126 ? 3 : 1 };
      },
      batch: (round) => ({ usage: [20, 35, 40].includes(round) ? 1 : 0.1 }),
    },
  },
  // Cache misses that are not known for long enough, that grew too little, and that did grow.
  "cache-or-not": {
    rounds: 40,
    options: { min_samples: 10 },
    tasks: {
      late: (round) => ({
        usage: 1,
        cpi: round < 30 ? 1 : 3,
        ...(round < 25 ? {} : { mpki: round < 30 ? 1 : 5 }),
      }),
      little: (round) => ({ usage: 1, cpi: round < 30 ? 1 : 3, mpki: round < 30 ? 1 : 1.05 }),
      much: (round) => ({ usage: 1, cpi: round < 30 ? 1 : 3, mpki: round < 30 ? 1 : 1.15 }),
      batch: (round) => ({ usage: round < 30 ? 0.1 : 1 }),
    },
  },
  // Counters of a suspect and of a victim that fall; the last bins of load.
  "falling-counters": {
    rounds: 60,
    options: { min_samples: 5, clear_after: 3 },
    tasks: {
      victim: (round) => ({ usage: 1, cpi: between(round, 45, 50) ? 3 : 1 }),
      large: (round) => {
        const isBusy = round % 2 === 0;
        return { usage: isBusy ? 31.7 : 31.2, pressure: isBusy ? 0.5 : between(round, 45, 50) ? 0.45 : 0.1 };
      },
      batch: (round) => ({ usage: between(round, 45, 50) ? 1 : 0.2 }),
    },
    edit: (snapshot, round) => ({ ...snapshot, tasks: snapshot.tasks.map((task) => fallen(task, round)) }),
  },
  // Every option is another one than by default.
  "other-options": {
    rounds: 65,
    options: {
      ...{ signal: "psi", sigmas: 4, min_excess: 0.05, hits: 1, window: 5, min_usage: 0.4, load_step: 0.1 },
      ...{ min_samples: 5, correlation: -0.2, correlation_window: 30, max_contenders: 1, clear_after: 0 },
      ...{ relearn_after: 50, report_unattributed: true },
    },
    tasks: {
      victim: (round, noise) => {
        const noisy = round > 40 && round % 12 < 3;
        return { usage: 0.5 + 0.2 * noise(), cpi: 1, pressure: noisy ? 0.3 : 0.1 + 0.01 * noise() };
      },
      a: (round, noise) => ({ usage: round % 12 < 2 ? 1 : 0.3 + 0.1 * noise() }),
      b: (round, noise) => ({ usage: round % 12 < 4 ? 1.5 : 0.3 + 0.1 * noise(), pressure: 0.02 }),
    },
  },
  // Equal scores are ordered by what was used, and then by the bytes of the names, of which three stay.
  "odd-names": {
    rounds: 40,
    options: { min_samples: 10 },
    tasks: {
      víctim: (round) => ({ usage: 0.5, pressure: round < 25 ? 0.01 : 0.5 }),
      ...Object.fromEntries(ODD_NAMES.map((name) => [name, (round) => ({ usage: round < 25 ? 0 : 0.5 })])),
      plain: (round) => ({ usage: round < 25 ? 0 : 0.25 }),
    },
  },
  // Loads beyond the last bin, and histories of other loads: the nearest, of two equally near the busier.
  loads: {
    rounds: 120,
    options: { min_samples: 5, signal: "psi", report_unattributed: true, clear_after: 2 },
    tasks: {
      large: (round) => {
        const usage = [0.2, 2.2, 40, 90][Math.floor(round / 12) % 4] ?? 0;
        const odd = round > 60 && round % 6 > 3;
        return { usage: odd ? 1.2 : usage, pressure: odd ? 0.33 : usage / 100 + 0.2 };
      },
      batch: (round) => ({ usage: round % 6 > 3 ? 1 : 0.2 }),
    },
  },
  // More rounds than are remembered; what was long ago is forgotten.
  "many-rounds": {
    isLarge: true,
    rounds: 640,
    options: { window: 86_400, correlation_window: 86_400, hits: 5 },
    tasks: {
      v: (round, noise) => ({
        usage: 0.5,
        pressure: between(round, 30, 34) || round > 625 ? 0.6 : 0.05 + 0.04 * noise(),
      }),
      b: (round, noise) => ({
        usage: between(round, 30, 34) ? 0.9 : round > 625 ? 0.9 : 0.3 + 0.002 * noise(),
      }),
    },
  },
  // As many tasks as a large host has, most of them without anything to say.
  "many-tasks": {
    isLarge: true,
    rounds: 60,
    options: { min_samples: 10, correlation: 0.3 },
    tasks: Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [
        `task-${index}`,
        (round: number, noise: () => number) => {
          const noisy = round > 40 && index % 20 === 0;
          const usage = index % 10 === 5 && round > 40 ? 2 : 0.5 + 0.2 * noise();
          if (index % 3 === 0) return { usage, cpi: (noisy ? 3 : 1) + 0.1 * noise(), mpki: noisy ? 4 : 1 };
          return { usage, pressure: (noisy ? 0.5 : 0.1) + 0.05 * noise() };
        },
      ]),
    ),
  },
};

function oddly(task: TaskMessage, round: number): TaskMessage {
  const { task_cycles: cycles, task_cache_misses: _, ...others } = task.measurements;
  const change: Record<string, Measurement> = {};
  if (typeof cycles === "number" && round % 2 === 0)
    change["task_cycles"] = { "0": cycles - 5e11, "1": 5e11 };
  if (round === 30 && task.id === "victim") change["task_cpu_usage_seconds"] = 0;
  if (round === 33) change["task_instructions"] = 17;
  if (round === 37) change["task_cycles"] = {};
  if (round === 41) change["task_pressure_seconds_total"] = { memory: { some: 5 } };
  if (round === 43) change["task_pressure_seconds_total"] = 12;
  if (round === 45 || round === 60) return { ...task, measurements: others };
  if (round === 47) return { ...task, measurements: {} };
  return { ...task, measurements: { ...task.measurements, ...change } };
}

/** Started anew at some time, and counting on from there. */
function fallen(task: TaskMessage, round: number): TaskMessage {
  const { task_cpu_usage_seconds: usage, task_cycles: cycles } = task.measurements;
  const change: Record<string, Measurement> = {};
  if (task.id === "batch" && round >= 30 && typeof usage === "number")
    change["task_cpu_usage_seconds"] = usage - 50;
  if (task.id === "victim" && round >= 20 && typeof cycles === "number")
    change["task_cycles"] = cycles - 5e11;
  return { ...task, measurements: { ...task.measurements, ...change } };
}

/** Milliseconds. */
function clockError(round: number): number {
  if (round === 20 || round === 35) return -1000;
  if (between(round, 50, 55)) return -30_000;
  if (between(round, 60, 70)) return 0.25;
  if (round >= 70) return round < 125 ? -3_600_000 : 0;
  return 0;
}

/** A snapshot a line. */
export function toTrace(snapshots: readonly SnapshotMessage[]): string {
  return snapshots.map((snapshot) => `${JSON.stringify(snapshot)}\n`).join("");
}

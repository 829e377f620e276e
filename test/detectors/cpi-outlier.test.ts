import { describe, expect, test } from "bun:test";
import { CpiOutlierDetector } from "../../src/detectors/cpi-outlier.ts";
import type { Decision } from "../../src/model/anomaly.ts";
import type { Measurements } from "../../src/model/metric.ts";
import { SERIES } from "../../tools/cpi-outlier/series.ts";
import { fullOptions, toSnapshot } from "../../tools/cpi-outlier/stored-series.ts";
import { synthesize } from "../../tools/cpi-outlier/synthesis.ts";
import { taskWith } from "../roles/labeler.ts";

/** Rounds a second apart; each gives what was counted of every task so far. */
class Rounds {
  readonly #detector: CpiOutlierDetector;
  #secs = 0;

  constructor(options: Readonly<Record<string, unknown>>) {
    this.#detector = new CpiOutlierDetector(fullOptions(options));
  }

  next(measured: Readonly<Record<string, Measurements>>): Decision {
    this.#secs += 1;
    const tasks = Object.entries(measured).map(([id, measurements]) => {
      return { task: taskWith({ id, name: id, cgroupPath: `/${id}` }), measurements };
    });
    const timeMs = this.#secs * 1000;
    return this.#detector.detect({
      timeMs,
      intervalSecs: 1,
      platform: undefined,
      platformMeasurements: {},
      tasks,
    });
  }
}

function psi(usage: number, pressure: number): Measurements {
  return { task_cpu_usage_seconds: usage, task_pressure_seconds_total: { cpu: { some: pressure } } };
}

function cpi(usage: number, cycles: number, instructions: number, misses: number): Measurements {
  const counters = { task_cycles: cycles, task_instructions: instructions, task_cache_misses: misses };
  return { task_cpu_usage_seconds: usage, ...counters };
}

function gauge(name: string, value: number, labels: Record<string, string>) {
  return { name, value, labels, type: "gauge" as const };
}

function census(learning: number, watched: number, contended: number) {
  return [
    gauge("cpi_outlier_tasks", learning, { state: "learning" }),
    gauge("cpi_outlier_tasks", watched, { state: "watched" }),
    gauge("cpi_outlier_tasks", contended, { state: "contended" }),
  ];
}

describe("CpiOutlierDetector", () => {
  test("calculates pressure as by hand", () => {
    const rounds = new Rounds({ min_samples: 2, hits: 2, clear_after: 2 });
    rounds.next({ v: psi(10, 1), s: psi(5, 0) });
    // Learned: 0.25 and 0.5 at 1 CPU, so mean 0.375 and variance 0.015625, deviation 0.125.
    rounds.next({ v: psi(11, 1.25), s: psi(5.25, 0) });
    expect(rounds.next({ v: psi(12, 1.75), s: psi(5.5, 0) })).toEqual({
      anomalies: [],
      metrics: census(0, 2, 0),
    });
    // Threshold: max(0.375 + 2 x 0.125, 0.375 + 0.1) = 0.625. 0.75 is above it, the first of two hits.
    expect(rounds.next({ v: psi(12.5, 2.5), s: psi(6.5, 0) })).toEqual({
      anomalies: [],
      metrics: census(0, 2, 0),
    });
    // Suspect: 0.25, 0.25 in good rounds (base 0.25); 1 and 1.25 in bad ones, 0.75 and 1 more. Weights of the bad
    // ones: 1 - 0.625 / 0.75 = 1/6 and 1 - 0.625 / 1 = 0.375. Score: (0.75 / 1.75) / 6 + (1 / 1.75) x 0.375 = 2/7.
    const onset = rounds.next({ v: psi(13, 3.5), s: psi(7.75, 0) });
    expect(onset).toEqual({ anomalies: [], metrics: census(0, 2, 0) });
    const later = rounds.next({ v: psi(13.5, 6), s: psi(8.75, 0) });
    // 2.5 s of waiting in a second is nonsense of two cgroups summed, and weighs 1 - 0.625 / 2.5 = 0.75.
    const score = (0.75 / 2.5) * (1 / 6) + (1 / 2.5) * 0.375 + (0.75 / 2.5) * 0.75;
    const metrics = (value: number) => [
      gauge("cpi_outlier_value", value, { signal: "psi" }),
      gauge("cpi_outlier_mean", 0.375, { signal: "psi" }),
      gauge("cpi_outlier_threshold", 0.625, { signal: "psi" }),
      gauge("cpi_outlier_correlation", expect.closeTo(score, 12) as unknown as number, {
        contending_task_id: "s",
      }),
    ];
    const anomaly = {
      resource: "cpus",
      contendedTaskId: "v",
      contendingTaskIds: ["s"],
      severity: 1,
      confidence: expect.closeTo(score, 12),
      metrics: metrics(2.5),
    };
    expect(score).toBe(0.425);
    expect(later.anomalies).toEqual([{ ...anomaly, state: "onset" }] as never);
    expect(later.metrics).toEqual(census(0, 1, 1));
    // Good samples are not learned while the anomaly lasts; it ends 2 s after the last outlier.
    expect(rounds.next({ v: psi(14.5, 6), s: psi(9, 0) }).anomalies).toEqual([
      { ...anomaly, state: "ongoing" },
    ] as never);
    expect(rounds.next({ v: psi(15.5, 6), s: psi(9.25, 0) })).toEqual({
      anomalies: [{ ...anomaly, state: "clear", severity: 0 }],
      metrics: census(0, 2, 0),
    } as never);
  });

  test("calculates CPI and what was contended for as by hand", () => {
    const rounds = new Rounds({ min_samples: 2, hits: 1 });
    rounds.next({ v: cpi(0, 0, 0, 0), s: { task_cpu_usage_seconds: 0 } });
    // CPI 1 and 1.5: mean 1.25, deviation 0.25, threshold max(1.75, 1.375). Misses per 1000: 2 and 2.
    rounds.next({ v: cpi(1, 1e9, 1e9, 2e6), s: { task_cpu_usage_seconds: 0 } });
    rounds.next({ v: cpi(2, 2.5e9, 2e9, 4e6), s: { task_cpu_usage_seconds: 0 } });
    // CPI 3.5, misses 4 per 1000; the suspect used 1 CPU in the one bad round: 1 - 1.75 / 3.5.
    const { anomalies } = rounds.next({ v: cpi(3, 6e9, 3e9, 8e6), s: { task_cpu_usage_seconds: 1 } });
    expect(anomalies).toEqual([
      {
        resource: "cache",
        contendedTaskId: "v",
        contendingTaskIds: ["s"],
        state: "onset",
        // 3.5 / 1.25 - 1 is above 1.
        severity: 1,
        confidence: 0.5,
        metrics: [
          gauge("cpi_outlier_value", 3.5, { signal: "cpi" }),
          gauge("cpi_outlier_mean", 1.25, { signal: "cpi" }),
          gauge("cpi_outlier_threshold", 1.75, { signal: "cpi" }),
          gauge("cpi_outlier_correlation", 0.5, { contending_task_id: "s" }),
        ],
      },
    ]);
  });

  test("keeps the history of a task with counters over rounds without instructions", () => {
    const rounds = new Rounds({ min_samples: 2 });
    rounds.next({ v: { ...cpi(0, 0, 0, 0), ...psi(0, 0) } });
    rounds.next({ v: { ...cpi(1, 1e9, 1e9, 0), ...psi(1, 0) } });
    rounds.next({ v: { ...cpi(2, 2e9, 2e9, 0), ...psi(2, 0) } });
    for (let idle = 0; idle < 30; idle++) {
      expect(rounds.next({ v: { ...cpi(2, 2e9, 2e9, 0), ...psi(2, 0) } }).metrics).toEqual(census(0, 1, 0));
    }
    // Running uncounted is something else: given up in the tenth such round.
    for (let lost = 1; lost <= 10; lost++) {
      const { metrics } = rounds.next({ v: { ...cpi(2 + lost, 2e9, 2e9, 0), ...psi(2 + lost, 0) } });
      expect(metrics).toEqual(lost < 10 ? census(0, 1, 0) : census(1, 0, 0));
    }
  });

  test("judges 500 tasks of which many suffer in a few milliseconds", () => {
    const plan = SERIES["many-tasks"];
    if (plan === undefined) throw new Error("there is no such series");
    const tasks = Object.entries(plan.tasks).flatMap(([id, doing]) =>
      ["a", "b", "c"].map((copy) => [`${id}-${copy}`, doing] as const),
    );
    const snapshots = synthesize({ ...plan, tasks: Object.fromEntries(tasks.slice(0, 500)) }).map(toSnapshot);
    const detector = new CpiOutlierDetector(fullOptions(plan.options ?? {}));
    const times = snapshots.map((snapshot) => {
      const start = performance.now();
      detector.detect(snapshot);
      return performance.now() - start;
    });
    // Measured: 8 ms on a busy machine of 2 CPUs.
    expect(times.sort((a, b) => a - b)[times.length >> 1]).toBeLessThan(50);
  });
});

import { expect, test } from "bun:test";
import type { Decision } from "../../src/model/anomaly.ts";
import type { Measurements } from "../../src/model/metric.ts";
import type { Platform } from "../../src/model/platform.ts";
import type { Detector } from "../../src/model/roles.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import type { Task } from "../../src/model/task.ts";
import { checkedDecision } from "../../src/runners/checked-decision.ts";
import { DetectionFaults } from "../../src/runners/detection-faults.ts";
import { taskWith } from "./labeler.ts";

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 0);

export const PLATFORM: Platform = {
  cpuModel: "Model",
  sockets: 1,
  cores: 2,
  cpus: 2,
  onlineCpus: [0, 1],
  topology: new Map([
    [
      0,
      new Map([
        [0, [0]],
        [1, [1]],
      ]),
    ],
  ]),
  nodeCpus: new Map([[0, [0, 1]]]),
  nodeDistances: new Map([[0, new Map([[0, 10]])]]),
};

/** A snapshot with the given parts and nothing else. */
export function snapshotWith(parts: Partial<Snapshot> = {}): Snapshot {
  return {
    timeMs: START_MS,
    intervalSecs: 1,
    platform: PLATFORM,
    platformMeasurements: {},
    tasks: [],
    ...parts,
  };
}

/** Tasks named `t00`, `t01`, … with the same measurements. */
export function manyTasks(count: number, measurements: Measurements = {}): Snapshot["tasks"] {
  return Array.from({ length: count }, (_, index) => {
    const id = `t${String(index).padStart(2, "0")}`;
    const task: Task = taskWith({ id, name: id, cgroupPath: `/${id}`, identity: index + 1 });
    return { task, measurements };
  });
}

/** Rounds as a detector may see them: without anything, without measurements, with some, with fewer tasks again. */
function rounds(): readonly Snapshot[] {
  const seen = [
    {},
    { platform: undefined, tasks: manyTasks(3) },
    { tasks: manyTasks(12) },
    ...Array.from({ length: 20 }, (_, round) => ({
      tasks: manyTasks(12, {
        task_cpu_usage_seconds: round,
        task_cycles: 1e9 * round,
        task_instructions: 5e8 * round,
        task_pressure_seconds_total: { cpu: { some: round / 10, full: 0 } },
      }),
      platformMeasurements: { platform_cpu_usage: { "0": 100 * round, "1": 0 } },
    })),
    { tasks: manyTasks(1, { task_cpu_usage_seconds: 0 }) },
    { platformMeasurements: {}, tasks: [] },
  ];
  return seen.map((parts, round) => snapshotWith({ ...parts, timeMs: START_MS + round * 1000 }));
}

/** What a running detector needs beside its class. */
export interface StartedDetector {
  readonly detector: Detector;
  readonly close?: () => void | Promise<void>;
}

/** The contract of every detector. `start` gives a new one each time, opened. */
export function detectorConformance(
  name: string,
  start: () => StartedDetector | Promise<StartedDetector>,
): void {
  async function decisions(snapshots: readonly Snapshot[]): Promise<readonly Decision[]> {
    const { detector, close } = await start();
    try {
      const { signal } = new AbortController();
      const made: Decision[] = [];
      for (const snapshot of snapshots) made.push(structuredClone(await detector.detect(snapshot, signal)));
      return made;
    } finally {
      await close?.();
    }
  }

  test(`${name} detect() gives the same decisions for the same rounds`, async () => {
    const first = await decisions(rounds());
    expect(await decisions(rounds())).toEqual([...first]);
    expect(first.length).toBe(rounds().length);
  });

  test(`${name} detect() does not change the snapshot`, async () => {
    const given = rounds();
    await decisions(given);
    expect(given).toEqual(rounds());
  });

  test(`${name} detect() gives only what can be used`, async () => {
    const said: string[] = [];
    const log = {
      critical() {},
      error() {},
      warning: said.push.bind(said),
      info() {},
      debug() {},
      trace() {},
    };
    const faults = new DetectionFaults(name, log);
    const given = rounds();
    for (const [round, decision] of (await decisions(given)).entries()) {
      const tasks = new Map(given[round]?.tasks.map(({ task }) => [task.id, task]));
      const checked = checkedDecision(decision, { tasks, faults });
      expect(checked.anomalies.length).toBe(decision.anomalies.length);
    }
    expect(said).toEqual([]);
  });

  test(`${name} detect() finds nothing where there is nothing`, async () => {
    const [decision] = await decisions([snapshotWith({ platform: undefined })]);
    expect(decision?.anomalies).toEqual([]);
  });
}

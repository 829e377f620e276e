import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { Decision } from "../../src/model/anomaly.ts";
import type { Batch } from "../../src/model/delivery.ts";
import type { Metric } from "../../src/model/metric.ts";
import { Detector, Node, Storage } from "../../src/model/roles.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import type { Task } from "../../src/model/task.ts";
import { COLLECTOR_OPTIONS } from "../../src/runners/collectors.ts";
import { DetectionRunner } from "../../src/runners/detection.ts";
import { MeasurementRunner } from "../../src/runners/measurement.ts";
import { taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { literalMachine } from "./literal-machine.ts";

const NOW_SECS = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
const TASKS = ["a", "b"].map((id) =>
  taskWith({ id, name: id, cgroupPath: `/${id}`, labels: { workload_instance: `${id}-1` } }),
);

class FixedNode extends Node {
  override discover(): readonly Task[] {
    return TASKS;
  }
}

/** Keeps copies of batches. */
class Kept extends Storage {
  readonly batches: Metric[][] = [];
  readonly times: (number | undefined)[] = [];
  override store(metrics: readonly Metric[], batch?: Batch): void {
    this.batches.push(structuredClone([...metrics]));
    this.times.push(batch?.timeMs);
  }
}

/** Does in each round what the test says. */
class Scripted extends Detector {
  readonly seen: { readonly tasks: readonly string[]; readonly intervalSecs: number }[] = [];
  answer: (round: number, signal: AbortSignal) => unknown = () => ({ anomalies: [] });
  override detect({ tasks, intervalSecs }: Snapshot, signal: AbortSignal): Decision | Promise<Decision> {
    this.seen.push({ tasks: tasks.map(({ task }) => task.id), intervalSecs });
    return this.answer(this.seen.length, signal) as Decision;
  }
}

const ANOMALY = { resource: "cache", contendedTaskId: "a", contendingTaskIds: ["b"] };

interface Setup {
  readonly iterations?: number;
  readonly interval?: number;
  readonly detect_timeout?: number;
  readonly shared?: boolean;
  readonly answer?: Scripted["answer"];
  readonly signal?: AbortSignal;
}

/** Runs to the end on the machine, with timers that stand but for it. */
async function run({
  iterations = 1,
  interval = 1,
  detect_timeout,
  shared = false,
  answer,
  signal,
}: Setup = {}) {
  using tree = literalMachine();
  using clock = fakeClock();
  const context = { ...testContext(tree.host), iterations };
  const detector = new Scripted();
  if (answer !== undefined) detector.answer = answer;
  const metrics = new Kept();
  const anomalies = shared ? metrics : new Kept();
  const measurement_runner = new MeasurementRunner(
    {
      node: new FixedNode(),
      metrics_storage: metrics,
      interval,
      extra_labels: { rack: "7" },
      include_optional_labels: false,
      task_label_generators: {},
      metric_names: "current",
      ...z.object(COLLECTOR_OPTIONS).parse({}),
      vmstat: false,
      zoneinfo: false,
      rdt_enabled: false,
      gather_hw_mm_topology: false,
    },
    context,
  );
  const runner = new DetectionRunner(
    {
      measurement_runner,
      detector,
      anomalies_storage: anomalies,
      ...(detect_timeout === undefined ? {} : { detect_timeout }),
    },
    context,
  );
  const started = performance.now();
  let endedMs = Number.NaN;
  const running = runner.run(signal ?? new AbortController().signal).then((code) => {
    endedMs = performance.now() - started;
    return code;
  });
  await clock.pass((iterations + 1) * (interval + 1) * 1000);
  return {
    code: await running,
    endedMs,
    detector,
    metrics,
    anomalies,
    logged: context.logged.filter(([level]) => level !== "debug").map(([level, text]) => `${level}: ${text}`),
    /** Values of one metric of the agent's own in the last round, by its own label. */
    last: (name: string) => lastOf(metrics, name),
  };
}

function lastOf({ batches }: Kept, name: string): Record<string, number> {
  const own = (
    batches.filter((batch) => batch.some((metric) => metric.name === "wca_up")).at(-1) ?? []
  ).filter((metric) => metric.name === name);
  return Object.fromEntries(
    own.map(({ labels: { host: _, rack: __, ...labels }, value }) => [
      Object.values(labels).join(" "),
      value,
    ]),
  );
}

/** Only what is not 0. */
function counts(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));
}

function namesOf(batch: readonly Metric[] | undefined): readonly string[] {
  return (batch ?? []).map(({ name }) => name);
}

describe("DetectionRunner", () => {
  test("shows the detector what was measured, and stores what it finds with common labels", async () => {
    const extra = { name: "extra", value: 5 };
    const { code, detector, anomalies, last } = await run({
      answer: () => ({
        anomalies: [{ ...ANOMALY, metrics: [{ name: "context", value: 3 }] }],
        metrics: [extra],
      }),
    });
    expect(code).toBe(0);
    expect(detector.seen).toEqual([{ tasks: ["a", "b"], intervalSecs: 1 }]);
    const common = { host: expect.any(String) as unknown as string, rack: "7" };
    const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as unknown as string;
    expect(
      anomalies.batches.map((batch) => batch.map(({ name, value, labels }) => ({ name, value, labels }))),
    ).toEqual([
      [
        {
          name: "anomaly",
          value: 1,
          labels: {
            contended_task_id: "a",
            contending_task_id: "b",
            resource: "cache",
            uuid,
            type: "contention",
            task_id: "a",
            task_name: "a",
            workload_instance: "a-1",
            contending_workload_instance: "b-1",
            ...common,
          },
        },
        { name: "context", value: 3, labels: { uuid, type: "anomaly", ...common } },
        { name: "extra", value: 5, labels: common },
        { name: "anomaly_count", value: 1, labels: common },
        { name: "anomaly_last_occurrence", value: NOW_SECS, labels: common },
      ],
    ]);
    expect(anomalies.times).toEqual([NOW_SECS * 1000]);
    expect(Object.keys(last("wca_duration_seconds"))).toContain("detect");
    expect(last("wca_component_success")["Scripted"]).toBe(1);
    expect(last("wca_component_success")["DetectionRunner"]).toBeUndefined();
    expect(last("wca_tasks")).toEqual({ "": 2 });
  });

  test("stores statistics in every round, and counts anomalies but not their end", async () => {
    const { anomalies, logged } = await run({
      iterations: 4,
      answer: (round) => ({
        anomalies: [[], [{ ...ANOMALY, state: "onset" }], [{ ...ANOMALY, state: "clear" }], []][round - 1],
      }),
    });
    const seen = anomalies.batches.map((batch) => batch.map(({ name, value }) => `${name} ${value}`));
    expect(seen).toEqual([
      ["anomaly_count 0"],
      ["anomaly 1", "anomaly_count 1", `anomaly_last_occurrence ${NOW_SECS}`],
      ["anomaly 0", "anomaly_count 1", `anomaly_last_occurrence ${NOW_SECS}`],
      ["anomaly_count 1", `anomaly_last_occurrence ${NOW_SECS}`],
    ]);
    expect(logged).toEqual([
      'info: Contention began: task "a" suffers on cache from "b"',
      'info: Contention ended: task "a" on cache, after 0 s',
    ]);
  });

  test("gives a storage that both share the two batches of a round in turn, at the same time", async () => {
    const { metrics } = await run({ iterations: 2, shared: true });
    expect(metrics.batches.map((batch) => namesOf(batch)[0])).toEqual([
      "wca_up",
      "anomaly_count",
      "wca_up",
      "anomaly_count",
    ]);
    expect(new Set(metrics.times).size).toBe(1);
  });

  test("gives the same series the same object from round to round", async () => {
    const given: (readonly Metric[])[] = [];
    class Watching extends Kept {
      override store(metrics: readonly Metric[]): void {
        given.push(metrics);
      }
    }
    using tree = literalMachine();
    using clock = fakeClock();
    const context = { ...testContext(tree.host), iterations: 2 };
    const measurement_runner = new MeasurementRunner(
      {
        node: new FixedNode(),
        metrics_storage: new Kept(),
        interval: 0,
        extra_labels: {},
        include_optional_labels: false,
        task_label_generators: {},
        metric_names: "current",
        ...z.object(COLLECTOR_OPTIONS).parse({}),
        rdt_enabled: false,
        gather_hw_mm_topology: false,
      },
      context,
    );
    const detector = new Scripted();
    detector.answer = () => ({ anomalies: [ANOMALY] });
    const runner = new DetectionRunner(
      { measurement_runner, detector, anomalies_storage: new Watching() },
      context,
    );
    const running = runner.run(new AbortController().signal);
    await clock.pass(2000);
    await running;
    expect(given.length).toBe(2);
    expect(given[1]).toBe(given[0] as readonly Metric[]);
  });

  test("goes on without a late decision, skips a detector that is busy still, and takes up one that is done", async () => {
    const late = Promise.withResolvers<unknown>();
    const { detector, anomalies, metrics, last, logged, endedMs } = await run({
      iterations: 5,
      answer: (round) => {
        if (round === 1) {
          setTimeout(() => late.resolve({ anomalies: [ANOMALY, ANOMALY] }), 2500);
          return late.promise;
        }
        return { anomalies: [ANOMALY] };
      },
    });
    // Rounds at 0, 1, 2, 3 and 4 s: the first one waits until 0.5 s, the next two do not ask.
    expect(detector.seen.length).toBe(3);
    expect(counts(last("wca_detection_failures_total"))).toEqual({ late: 1, busy: 2 });
    const counted = anomalies.batches.map(
      (batch) => batch.find(({ name }) => name === "anomaly_count")?.value,
    );
    expect(counted).toEqual([0, 0, 0, 1, 2]);
    expect(metrics.batches.length).toBe(5);
    expect(Math.round(endedMs / 1000)).toBe(4);
    expect(last("wca_round_overruns_total")).toEqual({ "": 0 });
    expect(logged).toEqual([
      "error: Scripted failed: not done within 0.5 s, its decision is not waited for; the others go on, repetitions are counted",
      "info: Scripted works again",
      'info: Contention began: task "a" suffers on cache from "b"',
    ]);
  });

  const TIMEOUTS: readonly (readonly [string, Setup, number])[] = [
    ["half the interval", { interval: 3 }, 1500],
    ["half a second without an interval", { interval: 0 }, 500],
    ["what is configured", { interval: 3, detect_timeout: 0.2 }, 200],
  ];
  for (const [what, setup, wantedMs] of TIMEOUTS) {
    test(`waits for the detector ${what}`, async () => {
      let abortedMs = Number.NaN;
      await run({
        ...setup,
        answer: (_, signal) => {
          const started = performance.now();
          signal.addEventListener("abort", () => {
            abortedMs = performance.now() - started;
          });
          return new Promise(() => {});
        },
      });
      expect(Math.abs(abortedMs - wantedMs)).toBeLessThanOrEqual(10);
    });
  }

  const BROKEN: readonly (readonly [reason: string, answer: Scripted["answer"], message: string])[] = [
    [
      "error",
      () => {
        throw new RangeError("bad luck");
      },
      "bad luck",
    ],
    ["error", () => Promise.reject("bad luck"), "bad luck"],
    ["result", () => undefined, "saw undefined, wanted a decision {anomalies: […], metrics: […]}"],
    [
      "result",
      () => ({
        get anomalies() {
          throw new Error("a getter");
        },
      }),
      "a getter",
    ],
  ];
  for (const [reason, answer, message] of BROKEN) {
    test(`counts the ${reason} of each round and says it once: ${message}`, async () => {
      const { metrics, anomalies, last, logged } = await run({ iterations: 3, answer });
      expect(counts(last("wca_detection_failures_total"))).toEqual({ [reason]: 3 });
      expect([metrics.batches.length, anomalies.batches.map(namesOf)]).toEqual([
        3,
        [["anomaly_count"], ["anomaly_count"], ["anomaly_count"]],
      ]);
      expect(last("wca_component_success")["Scripted"]).toBe(0);
      expect(logged).toEqual([
        `error: Scripted failed: ${message}; the others go on, repetitions are counted`,
      ]);
    });
  }

  test("counts what it leaves out of a decision and keeps the rest", async () => {
    const { anomalies, last } = await run({
      answer: () => ({
        anomalies: [
          { ...ANOMALY, contendedTaskId: "unknown" },
          { ...ANOMALY, severity: 2 },
        ],
        metrics: [{ name: "no name", value: 1 }],
      }),
    });
    expect(namesOf(anomalies.batches[0])).toEqual(["anomaly", "anomaly_count", "anomaly_last_occurrence"]);
    expect(counts(last("wca_anomalies_refused_total"))).toEqual({ contended_task: 1, severity: 1 });
    expect(counts(last("wca_detector_metrics_refused_total"))).toEqual({ name: 1 });
    expect(last("wca_component_success")["Scripted"]).toBe(1);
  });

  test("does not wait for the detector when it is told to stop", async () => {
    const stop = new AbortController();
    const { code, endedMs, metrics } = await run({
      interval: 20,
      signal: stop.signal,
      answer: () => {
        setTimeout(() => stop.abort(), 100);
        return new Promise(() => {});
      },
    });
    expect([code, Math.round(endedMs / 100), metrics.batches.length]).toEqual([0, 1, 1]);
  });
});

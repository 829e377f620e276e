import { expect, test } from "bun:test";
import { z } from "zod";
import type { Metric } from "../../src/model/metric.ts";
import { Node, Storage } from "../../src/model/roles.ts";
import type { Task } from "../../src/model/task.ts";
import { MeasurementRunner } from "../../src/runners/measurement.ts";
import { MOUNT, perfMachine, task } from "../collectors/perf/perf-machine.ts";

class OneTask extends Node {
  discover(): readonly Task[] {
    return [task("a")];
  }
}

class Kept extends Storage {
  metrics: readonly Metric[] = [];
  store(metrics: readonly Metric[]): void {
    this.metrics = structuredClone([...metrics]);
  }
}

/** Metrics of perf events that one round of a whole runner gives. */
async function metricsWith(options: Readonly<Record<string, unknown>>): Promise<readonly Metric[]> {
  using machine = perfMachine({ perf: { events: true } });
  machine.tree.write(`${MOUNT.slice(1)}/a/memory.current`, "4096\n");
  machine.tree.write("sys/devices/system/cpu/online", "0-1\n");
  const storage = new Kept();
  const parsed = z
    .object(MeasurementRunner.component.options)
    .parse({ node: new OneTask(), metrics_storage: storage, interval: 0, vmstat: false, ...options });
  const runner = new MeasurementRunner(parsed, { ...machine.context, iterations: 1 });
  await runner.run(new AbortController().signal);
  runner.close();
  expect(machine.perf.openDescriptors).toBe(0);
  return storage.metrics.filter(({ name }) => /cycles|scaling_factor_max|mine/.test(name));
}

function brief({ name, labels, type, unit, help }: Metric) {
  const { cpu } = labels;
  return [name, cpu, type, unit, help === undefined];
}

test("MeasurementRunner describes the user's own perf events", async () => {
  const metrics = await metricsWith({ event_names: ["task_cycles", "mine__r03c0"] });
  expect(metrics.map(brief)).toEqual([
    ["task_cycles", undefined, "counter", "none", false],
    ["mine__r03c0", undefined, "counter", "none", false],
    ["task_scaling_factor_max", undefined, "gauge", "none", false],
  ]);
});

test("MeasurementRunner gives perf metrics the label cpu, under classic names too", async () => {
  const metrics = await metricsWith({
    ...{ event_names: ["task_cycles"], perf_aggregate_cpus: false, metric_names: "classic" },
  });
  expect(metrics.map(brief)).toEqual([
    ["cycles", "0", "counter", "none", false],
    ["cycles", "1", "counter", "none", false],
    ["scaling_factor_max", "0", "gauge", "none", false],
    ["scaling_factor_max", "1", "gauge", "none", false],
  ]);
});

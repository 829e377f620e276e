import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { checkMetrics, preparePrometheus } from "../support/prometheus.ts";
import { requirement } from "../support/requirement.ts";
import { goldenAgent } from "./golden-agent.ts";

const GOLDEN = path.join(import.meta.dirname, "detection-xeon-2s-cgroup2.prom");

const met = await requirement("promtool", preparePrometheus);

/** The moment of golden runs is second 37 of such a cycle: two tasks contended on two resources each. */
const RUNNER = `
  node: !StaticNode
    tasks:
      - /kubepods.slice
      - /kubepods.slice/kubepods-burstable.slice
      - /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod6a1c0f2e_3b4d_4e5f_8a9b_0c1d2e3f4a5b.slice
      - /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod6a1c0f2e_3b4d_4e5f_8a9b_0c1d2e3f4a5b.slice/cri-containerd-77e177e177e177e177e177e177e177e177e177e177e177e177e177e177e177e1.scope
      - /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod6a1c0f2e_3b4d_4e5f_8a9b_0c1d2e3f4a5b.slice/cri-containerd-c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4c3d4.scope
      - /kubepods.slice/kubepods-pod0f9e8d7c_1a2b_4c3d_8e4f_5a6b7c8d9e0f.slice
      - /kubepods.slice/kubepods-pod0f9e8d7c_1a2b_4c3d_8e4f_5a6b7c8d9e0f.slice/cri-containerd-5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c.scope
      - /kubepods.slice/kubepods-pod0f9e8d7c_1a2b_4c3d_8e4f_5a6b7c8d9e0f.slice/cri-containerd-a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2a1b2.scope
      - /system.slice
      - /system.slice/nginx.service
  extra_labels: {rack: "7"}
  task_label_generators:
    workload_instance: !TaskLabelRegexGenerator {pattern: '.*/', repl: '', source: task_id}
  detector: !ExampleDetector {cycle_length: 64}
`;

test("the agent with a detector gives the expected anomalies", async () => {
  const text = await goldenAgent("xeon-2s-cgroup2", RUNNER, {
    tag: "DetectionRunner",
    storage: "anomalies_storage",
    discarded: "metrics_storage",
  });
  if (process.env["UPDATE"] === "1") fs.writeFileSync(GOLDEN, text);
  expect(text).toBe(fs.readFileSync(GOLDEN, "utf8"));
});

test("the expected anomalies are those of the phase", () => {
  const lines = fs.readFileSync(GOLDEN, "utf8").split("\n");
  const samplesOf = (name: string) => lines.filter((line) => line.startsWith(`${name}{`));
  expect(samplesOf("anomaly").length).toBe(4);
  expect(samplesOf("example_cache_3").length).toBe(2);
  expect(samplesOf("second_of_cycle").map((line) => Number(line.split(" ").at(-1)))).toEqual([37]);
  // Two rounds.
  expect(samplesOf("anomaly_count").map((line) => Number(line.split(" ").at(-1)))).toEqual([8]);
});

test.skipIf(!met)("the expected anomalies are metrics for promtool", async () => {
  const { ok } = await checkMetrics(fs.readFileSync(GOLDEN, "utf8"));
  expect(ok).toBe(true);
});

/* The agent, for real, with detectors of a user's that do what they should not. */
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { readTrace } from "../../src/trace/reader.ts";
import { logLines } from "../support/logfmt.ts";
import { tempTree } from "../support/tree.ts";
import { configFiles, wca } from "../support/wca.ts";

const TIMEOUT_MS = 60_000;
const ROUNDS = 6;

const DETECTORS = `import { type ContentionAnomaly, Detector, type Decision, type Snapshot } from "wca";

export class Late extends Detector {
  override detect(): Promise<Decision> {
    return new Promise(() => {});
  }
}
export class Throwing extends Detector {
  override detect(): Decision {
    throw new RangeError("bad luck");
  }
}
export class Rejecting extends Detector {
  override async detect(): Promise<Decision> {
    await Promise.resolve();
    throw new RangeError("bad luck");
  }
}
export class Wrong extends Detector {
  override detect(): Decision {
    return "nothing" as unknown as Decision;
  }
}
export class Half extends Detector {
  override detect({ tasks }: Snapshot): Decision {
    // A host may have one cgroup only.
    const one = tasks[0]?.task.id ?? "";
    const anomaly: ContentionAnomaly = { resource: "cpus", contendedTaskId: one, contendingTaskIds: [one] };
    const wrong = { ...anomaly, contendedTaskId: "nobody" };
    return { anomalies: [wrong, anomaly], metrics: [{ name: "not a name", value: 1, labels: {} }] };
  }
}
`;

/** Numbers of one metric in the text, by one of its labels or without. */
function samples(text: string, name: string, label?: string): Readonly<Record<string, number>> {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => [
      label === undefined ? "" : (new RegExp(`${label}="([^"]*)"`).exec(line)?.[1] ?? ""),
      Number(line.split(" ").at(-1)),
    ]),
  );
}

async function runWith(name: string) {
  using tree = tempTree({});
  const { root } = tree;
  configFiles(root, {
    "detectors.ts": DETECTORS,
    "config.yaml": `runner: !DetectionRunner
  node: !CgroupNode {require_pids: false, depth: 1}
  interval: 0.1
  vmstat: false
  zoneinfo: false
  metrics_storage: !LogStorage {output_filename: metrics.prom, overwrite: true}
  anomalies_storage: !LogStorage {output_filename: anomalies.prom, overwrite: true}
  detector: !${name}
`,
  });
  const args = ["run", "-0", "-c", "config.yaml", "-n", String(ROUNDS), "-r", `./detectors.ts:${name}`];
  const { exitCode, stdout } = await wca([...args, "--record", "trace.jsonl"], { cwd: root });
  const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
  const snapshots = await Array.fromAsync(readTrace(path.join(root, "trace.jsonl")));
  return {
    exitCode,
    snapshots,
    metrics: read("metrics.prom"),
    anomalies: read("anomalies.prom"),
    said: logLines(stdout).flatMap((line) => /^(?:ERROR|WARNING) \[.*?\] (.*)$/.exec(line)?.[1] ?? []),
  };
}

const REPEATED = "; the others go on, repetitions are counted";

describe("wca run goes on", () => {
  const BAD: readonly (readonly [name: string, what: string, failures: object, said: string])[] = [
    [
      "Late",
      "is late",
      { late: 1, busy: ROUNDS - 1, error: 0, result: 0 },
      "not done within 0.05 s, its decision is not waited for",
    ],
    ["Throwing", "throws", { late: 0, busy: 0, error: ROUNDS, result: 0 }, "bad luck"],
    ["Rejecting", "rejects", { late: 0, busy: 0, error: ROUNDS, result: 0 }, "bad luck"],
    [
      "Wrong",
      "gives something else",
      { late: 0, busy: 0, error: 0, result: ROUNDS },
      'saw "nothing", wanted a decision {anomalies: […], metrics: […]}',
    ],
  ];
  for (const [name, what, failures, said] of BAD) {
    test(
      `with a detector that ${what}`,
      async () => {
        const run = await runWith(name);
        expect(run.exitCode).toBe(0);
        expect(samples(run.metrics, "wca_detection_failures_total", "reason")).toEqual({ ...failures });
        expect(samples(run.metrics, "wca_component_success", "component")[name]).toBe(0);
        expect(samples(run.anomalies, "anomaly_count")).toEqual({ "": 0 });
        expect(run.said).toEqual([`${name} failed: ${said}${REPEATED}`]);
        expect(run.snapshots.length).toBe(ROUNDS);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "with a detector of which half can be used",
    async () => {
      const run = await runWith("Half");
      expect(run.exitCode).toBe(0);
      expect(samples(run.metrics, "wca_anomalies_refused_total", "reason")["contended_task"]).toBe(ROUNDS);
      expect(samples(run.metrics, "wca_detector_metrics_refused_total", "reason")["name"]).toBe(ROUNDS);
      expect(samples(run.metrics, "wca_component_success", "component")["Half"]).toBe(1);
      expect(samples(run.anomalies, "anomaly_count")).toEqual({ "": ROUNDS });
      expect(Object.values(samples(run.anomalies, "anomaly"))).toEqual([1]);
      expect(run.said).toEqual([
        'Cannot use all of an anomaly of Half: contended task "nobody" is none of the round; further ones are counted in wca_anomalies_refused_total',
        'Cannot use a metric of Half: saw name "not a name", wanted letters, digits, _ and :, no digit first; further ones are counted in wca_detector_metrics_refused_total',
      ]);
    },
    TIMEOUT_MS,
  );
});

import { describe, expect, test } from "bun:test";
import { AnomalyLog } from "../../src/runners/anomaly-log.ts";
import { checkedDecision } from "../../src/runners/checked-decision.ts";
import { DetectionFaults } from "../../src/runners/detection-faults.ts";
import { taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

const TASKS = new Map(
  Array.from({ length: 40 }, (_, index) => `t${index}`).map((id) => [
    id,
    taskWith({ id, name: `name of ${id}` }),
  ]),
);
const BASE = { resource: "cache", contendedTaskId: "t1", contendingTaskIds: ["t2"] };
const BEGAN = 'Contention began: task "name of t1" suffers on cache from "name of t2"';

function logging() {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  const faults = new DetectionFaults("Mine", log);
  const anomalyLog = new AnomalyLog(log);
  return {
    note: (seconds: number, ...anomalies: readonly unknown[]) =>
      anomalyLog.note(
        checkedDecision({ anomalies }, { tasks: TASKS, faults }).anomalies,
        1_700_000_000_000 + seconds * 1000,
      ),
    texts: () => logged.map(([level, text]) => (level === "info" ? text : `${level}: ${text}`)),
  };
}

describe("AnomalyLog says", () => {
  test("onset and end of a detector that keeps track, with how long it took", () => {
    const { note, texts } = logging();
    note(0, { ...BASE, state: "onset", severity: 0.5, confidence: 1 });
    note(1, { ...BASE, state: "ongoing" });
    note(2, { ...BASE, state: "ongoing", contendingTaskIds: ["t2", "t3"] });
    note(35, { ...BASE, state: "clear", contendingTaskIds: [] });
    note(36, { ...BASE, state: "clear" });
    expect(texts()).toEqual([
      `${BEGAN} (severity 0.50, confidence 1.00)`,
      'Contention ended: task "name of t1" on cache, after 35 s',
    ]);
  });

  test("an anomaly without a state once, as long as it lasts and for a minute after", () => {
    const { note, texts } = logging();
    for (let second = 0; second < 100; second++) note(second, ...(second % 3 === 0 ? [BASE] : []));
    expect(texts()).toEqual([BEGAN]);
    note(99 + 60);
    note(99 + 61, BASE);
    expect(texts()).toEqual([BEGAN, BEGAN]);
  });

  test("other contenders of an anomaly without a state as another one", () => {
    const { note, texts } = logging();
    note(0, BASE);
    note(1, { ...BASE, contendingTaskIds: ["t3"] });
    note(2, { ...BASE, resource: "cpus" });
    note(3, { ...BASE, resource: "cpus", contendingTaskIds: [] });
    expect(texts()).toEqual([
      BEGAN,
      'Contention began: task "name of t1" suffers on cache from "name of t3"',
      'Contention began: task "name of t1" suffers on cpus from "name of t2"',
      'Contention began: task "name of t1" suffers on cpus from nobody known',
    ]);
  });

  test("one that flaps once a minute", () => {
    const { note, texts } = logging();
    for (let second = 0; second < 50; second++) {
      note(second, { ...BASE, state: second % 2 === 0 ? "onset" : "clear" });
    }
    expect(texts()).toEqual([BEGAN, 'Contention ended: task "name of t1" on cache, after 1 s']);
  });

  test("five names of many contenders", () => {
    const { note, texts } = logging();
    note(0, { ...BASE, contendingTaskIds: ["t2", "t3", "t4", "t5", "t6", "t7", "t8"] });
    expect(texts()[0]).toEndWith(
      'from "name of t2", "name of t3", "name of t4", "name of t5", "name of t6" and 2 more',
    );
  });

  test("ten lines a minute, and how many it left out", () => {
    const { note, texts } = logging();
    for (let index = 2; index < 40; index++) note(index / 10, { ...BASE, contendingTaskIds: [`t${index}`] });
    expect(texts().length).toBe(10);
    note(61);
    expect(texts().slice(10)).toEqual([
      "28 more times a contention began or ended within a minute: they are in the metrics",
    ]);
  });

  test("the end of one whose task is gone, by its id", () => {
    const { note, texts } = logging();
    const tasks = new Map(TASKS);
    note(0, { ...BASE, state: "onset" });
    TASKS.delete("t1");
    note(5, { ...BASE, state: "clear" });
    TASKS.set("t1", tasks.get("t1") ?? taskWith());
    expect(texts()).toEqual([BEGAN, 'Contention ended: task "t1" on cache, after 5 s']);
  });
});

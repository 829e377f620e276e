import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../config/component.ts";
import type { ContentionAnomaly, Decision, Resource } from "../model/anomaly.ts";
import { Detector } from "../model/roles.ts";
import type { Snapshot } from "../model/snapshot.ts";

const LEAST_TASKS = 10;
/** The first tasks are contended, those from here on contend. */
const FIRST_CONTENDING = 5;
const CONTENDED_RESOURCES: readonly Resource[] = ["memory bandwidth", "cache", "cpus"];

/** What is made up before so many seconds of the cycle have passed. */
interface Phase {
  readonly untilSecs: number;
  readonly tasks: number;
  readonly resources: number;
  /** Of each anomaly. */
  readonly metrics: number;
}

const PHASES: readonly Phase[] = [
  { untilSecs: 10, tasks: 1, resources: 1, metrics: 1 },
  { untilSecs: 20, tasks: 1, resources: 2, metrics: 2 },
  { untilSecs: 30, tasks: 1, resources: 3, metrics: 2 },
  { untilSecs: 40, tasks: 2, resources: 2, metrics: 3 },
  { untilSecs: 50, tasks: 3, resources: 1, metrics: 1 },
];

/** Makes anomalies up, so that dashboards and alerts can be tried. */
export class ExampleDetector extends Detector {
  static readonly component = defineComponent("detector", {
    doc:
      "Makes anomalies up, for trying dashboards and alerts: more and more of them in the first 50 seconds of " +
      "each cycle, none in the rest. Needs at least 10 tasks.",
    options: {
      cycle_length: z
        .int()
        .min(1)
        .max(86_400)
        .default(90)
        .meta({ unit: "seconds" })
        .describe("Length of a cycle."),
      skew: z
        .boolean()
        .default(false)
        .describe("Shift the cycle by the name of the host, so that hosts are not in the same phase."),
    },
  });

  readonly #cycleSecs: number;
  readonly #skewSecs: number;
  readonly #context: Context;
  #hasWarned = false;

  constructor({ cycle_length, skew }: OptionsOf<typeof ExampleDetector>, context: Context) {
    super();
    this.#cycleSecs = cycle_length;
    this.#skewSecs = skew ? Bun.hash.crc32(context.hostname) % cycle_length : 0;
    this.#context = context;
  }

  detect({ timeMs, tasks }: Snapshot): Decision {
    const second = (Math.floor(timeMs / 1000) + this.#skewSecs) % this.#cycleSecs;
    const metrics = [{ name: "second_of_cycle", value: second, labels: {}, type: "gauge" as const }];
    const phase = PHASES.find(({ untilSecs }) => second < untilSecs);
    if (phase === undefined) return { anomalies: [], metrics };
    if (tasks.length < LEAST_TASKS) {
      if (!this.#hasWarned) {
        const count = `saw ${tasks.length} tasks, wanted at least ${LEAST_TASKS}`;
        this.#context.log.warning(`Cannot make up anomalies: ${count}`);
      }
      this.#hasWarned = true;
      return { anomalies: [], metrics };
    }
    const ids = tasks.map(({ task }) => task.id).sort();
    return { anomalies: anomaliesOf(phase, ids), metrics };
  }
}

function anomaliesOf({ tasks, resources, metrics }: Phase, ids: readonly string[]): ContentionAnomaly[] {
  return ids.slice(0, tasks).flatMap((contendedTaskId, position) =>
    CONTENDED_RESOURCES.slice(0, resources).map((resource) => ({
      resource,
      contendedTaskId,
      contendingTaskIds: ids.slice(FIRST_CONTENDING + position, FIRST_CONTENDING + position + 1),
      metrics: Array.from({ length: metrics }, (_, index) => ({
        name: `example_${resource.replace(" ", "_")}_${index + 1}`,
        value: index + 1,
        labels: {},
        type: "gauge" as const,
      })),
    })),
  );
}

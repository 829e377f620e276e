import * as fc from "fast-check";
import type { Measurement } from "../../src/model/metric.ts";
import type { SnapshotMessage, TaskMessage } from "../../src/protocol/messages.ts";

const value = () => fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
// "__proto__" as a key of an object literal is no property.
const key = () => fc.string({ minLength: 1, maxLength: 6 }).filter((name) => name !== "__proto__");

/** A level without values says nothing, and only the form json can say it. */
const { measurement } = fc.letrec<{ measurement: Measurement }>((tie) => ({
  measurement: fc.oneof(
    { maxDepth: 2 },
    value(),
    fc.dictionary(key(), tie("measurement"), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
  ),
}));
const measurements = () => fc.dictionary(key(), measurement, { maxKeys: 5, noNullPrototype: true });

const task: fc.Arbitrary<TaskMessage> = fc.record({
  id: fc.string(),
  name: fc.string(),
  cgroupPath: fc.string(),
  subcgroupPaths: fc.array(fc.string(), { maxLength: 2 }),
  identity: fc.nat(),
  labels: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), { noNullPrototype: true }),
  resources: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(value(), fc.string()), {
    noNullPrototype: true,
  }),
  measurements: measurements(),
});

export const snapshots: fc.Arbitrary<SnapshotMessage> = fc.record({
  timeMs: fc.nat(),
  intervalSecs: fc.double({ min: 0.1, max: 3600, noNaN: true }),
  platformMeasurements: measurements(),
  tasks: fc.array(task, { maxLength: 5 }),
});

/** One task as the examples of the specification have it. */
export const TWO_TASKS: SnapshotMessage = {
  timeMs: 1_700_000_000_000,
  intervalSecs: 5,
  platformMeasurements: {},
  tasks: [
    {
      id: "a",
      name: "web",
      cgroupPath: "/a",
      subcgroupPaths: [],
      identity: 11,
      labels: { app: "web" },
      resources: { cpus: 2 },
      measurements: {
        task_cpu_usage_seconds: 12.5,
        task_pressure_seconds_total: { cpu: { some: 0.25 } },
      },
    },
    {
      id: "b",
      name: "batch",
      cgroupPath: "/b",
      subcgroupPaths: [],
      identity: 12,
      labels: {},
      resources: {},
      measurements: { task_cpu_usage_seconds: 7 },
    },
  ],
};

import { expect, test } from "bun:test";
import type { Platform } from "../../src/model/platform.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import { finiteMeasurements, platformMessage, snapshotMessage } from "../../src/protocol/snapshot-message.ts";

const PLATFORM: Platform = {
  cpuModel: "Model",
  cpuModelNumber: 85,
  sockets: 2,
  cores: 2,
  cpus: 3,
  onlineCpus: [0, 1, 2],
  topology: new Map([
    [0, new Map([[0, [0, 1]]])],
    [1, new Map([[4, [2]]])],
  ]),
  nodeCpus: new Map([
    [0, [0, 1, 2]],
    [1, []],
  ]),
  nodeDistances: new Map([
    [
      0,
      new Map([
        [0, 10],
        [1, 20],
      ]),
    ],
  ]),
};

const SNAPSHOT: Snapshot = {
  timeMs: 1_700_000_000_123,
  intervalSecs: 2.5,
  platform: PLATFORM,
  platformMeasurements: { platform_cpu_usage: { "0": 1.5, "1": 2 } },
  tasks: [
    {
      task: {
        id: "t1",
        name: "one",
        cgroupPath: "/one",
        subcgroupPaths: ["/one/a"],
        identity: 77,
        labels: { task_id: "t1" },
        resources: { cpus: 2, mem: 4096, class: "gold" },
      },
      measurements: { task_cpu_usage_seconds: 3.25, task_pressure_seconds_total: { cpu: { some: 1 } } },
    },
  ],
};

test("snapshotMessage() turns maps into objects and survives JSON unchanged", () => {
  const message = snapshotMessage(SNAPSHOT);
  expect(message).toEqual({
    timeMs: 1_700_000_000_123,
    intervalSecs: 2.5,
    platform: {
      cpuModel: "Model",
      cpuModelNumber: 85,
      sockets: 2,
      cores: 2,
      cpus: 3,
      onlineCpus: [0, 1, 2],
      topology: { "0": { "0": [0, 1] }, "1": { "4": [2] } },
      nodeCpus: { "0": [0, 1, 2], "1": [] },
      nodeDistances: { "0": { "0": 10, "1": 20 } },
    },
    platformMeasurements: { platform_cpu_usage: { "0": 1.5, "1": 2 } },
    tasks: [
      {
        id: "t1",
        name: "one",
        cgroupPath: "/one",
        subcgroupPaths: ["/one/a"],
        identity: 77,
        labels: { task_id: "t1" },
        resources: { cpus: 2, mem: 4096, class: "gold" },
        measurements: { task_cpu_usage_seconds: 3.25, task_pressure_seconds_total: { cpu: { some: 1 } } },
      },
    ],
  });
  expect(JSON.parse(JSON.stringify(message))).toEqual(message);
});

test("snapshotMessage() leaves out a platform that is not known", () => {
  const message = snapshotMessage({ ...SNAPSHOT, platform: undefined, tasks: [] });
  expect(Object.keys(message)).toEqual(["timeMs", "intervalSecs", "platformMeasurements", "tasks"]);
});

test("snapshotMessage() leaves out numbers that JSON does not have", () => {
  const [observed] = SNAPSHOT.tasks;
  if (observed === undefined) throw new Error("no task");
  const message = snapshotMessage({
    ...SNAPSHOT,
    platformMeasurements: { a: Number.NaN, b: 1 },
    tasks: [
      {
        task: { ...observed.task, resources: { cpus: Number.POSITIVE_INFINITY, mem: 1, class: "NaN" } },
        measurements: { x: { "0": Number.NEGATIVE_INFINITY, "1": 2 }, y: { "0": { "0": Number.NaN } }, z: 0 },
      },
    ],
  });
  expect(message.platformMeasurements).toEqual({ b: 1 });
  expect(message.tasks[0]?.resources).toEqual({ mem: 1, class: "NaN" });
  expect(message.tasks[0]?.measurements).toEqual({ x: { "1": 2 }, y: { "0": {} }, z: 0 });
});

test("finiteMeasurements() copies nothing when there is nothing to leave out", () => {
  const measurements = { a: 1, b: { "0": { "1": 2 } } };
  expect(finiteMeasurements(measurements)).toBe(measurements);
});

test("platformMessage() keeps all that /proc/cpuinfo says of the model", () => {
  const message = platformMessage({ ...PLATFORM, cpuVendor: "GenuineIntel", cpuFamily: 6, cpuStepping: 7 });
  const { cpuVendor, cpuFamily, cpuModelNumber, cpuStepping } = message;
  expect([cpuVendor, cpuFamily, cpuModelNumber, cpuStepping]).toEqual(["GenuineIntel", 6, 85, 7]);
});

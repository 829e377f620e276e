import { describe, expect, test } from "bun:test";
import { Ajv2020 } from "ajv/dist/2020";
import * as fc from "fast-check";
import { encoderOf } from "../../src/protocol/encoder.ts";
import type { SnapshotMessage } from "../../src/protocol/messages.ts";
import { protocolSchema } from "../../src/protocol/protocol-schema.ts";
import { selected } from "../../src/protocol/selection.ts";
import { fromBinary, fromColumnar } from "./decoders.ts";
import { snapshots, TWO_TASKS } from "./sample-snapshots.ts";

const ajv = new Ajv2020({ strict: false });
ajv.addSchema(protocolSchema());

function isA(definition: string, value: unknown): void {
  const valid = ajv.validate(`urn:wca:plugin-protocol:1#/$defs/${definition}`, value);
  expect(valid ? [] : ajv.errors).toEqual([]);
}

function inJson(message: SnapshotMessage): unknown {
  return JSON.parse(new TextDecoder().decode(encoderOf("json").encode(message)));
}

test("the form json says what the message says", () => {
  fc.assert(
    fc.property(snapshots, (message) => {
      expect(inJson(message)).toEqual(message);
      isA("Snapshot", message);
    }),
  );
});

test("the form columnar gives the form json back", () => {
  const encoder = encoderOf("columnar");
  fc.assert(
    fc.property(snapshots, (message) => {
      const bytes = encoder.encode(message);
      expect(fromColumnar(bytes)).toEqual(inJson(message));
      isA("ColumnarSnapshot", JSON.parse(new TextDecoder().decode(bytes)));
    }),
  );
});

test("the form binary gives the form json back, without platform measurements where there are none", () => {
  const encoder = encoderOf("binary");
  fc.assert(
    fc.property(snapshots, (message) => {
      const { snapshot } = fromBinary(encoder.encode(message));
      const whole: unknown = { platformMeasurements: {}, ...(snapshot as object) };
      expect(whole).toEqual(inJson(message));
    }),
  );
});

describe("the form columnar", () => {
  test("has a column for each path and null where a task has no value", () => {
    const { tasks: _, ...rest } = JSON.parse(
      new TextDecoder().decode(encoderOf("columnar").encode(TWO_TASKS)),
    );
    expect(rest).toEqual({
      timeMs: 1_700_000_000_000,
      intervalSecs: 5,
      platformMeasurements: {},
      columns: [["task_cpu_usage_seconds"], ["task_pressure_seconds_total", "cpu", "some"]],
      values: [
        [12.5, 7],
        [0.25, null],
      ],
    });
  });
});

describe("the form binary", () => {
  test("counts the versions of its JSON part, and only when that differs", () => {
    const encoder = encoderOf("binary");
    const renamed = { ...TWO_TASKS, tasks: TWO_TASKS.tasks.slice(0, 1) };
    const moved = { ...TWO_TASKS, timeMs: 1, tasks: TWO_TASKS.tasks.map((task) => ({ ...task })) };
    const measured = { ...TWO_TASKS, platformMeasurements: { load: 1 } };
    const versions = [TWO_TASKS, moved, renamed, TWO_TASKS, measured, { ...measured, timeMs: 2 }].map(
      (message) => fromBinary(encoder.encode(message)).version,
    );
    expect(versions).toEqual([1, 1, 2, 3, 4, 4]);
  });

  test("is laid out as the specification says", () => {
    const bytes = encoderOf("binary").encode(TWO_TASKS);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    expect([0, 8, 12, 32, 36].map((offset) => view.getUint32(offset, true))).toEqual([
      0x31414357, 2, 2, 1, 0,
    ]);
    expect([40, 48, 56, 64].map((offset) => view.getFloat64(offset, true))).toEqual([
      12.5,
      0.25,
      7,
      Number.NaN,
    ]);
    const meta = JSON.parse(new TextDecoder().decode(bytes.subarray(72)));
    isA("BinaryMeta", meta);
    expect(Object.keys(meta)).toEqual(["tasks", "columns"]);
  });
});

describe("selected()", () => {
  test("keeps the measurements that are wanted and nothing else", () => {
    const message = { ...TWO_TASKS, platformMeasurements: { a: 1, b: 2 } };
    const { platformMeasurements, tasks } = selected(message, {
      measurements: ["task_pressure_seconds_total", "constructor"],
      platformMeasurements: ["b"],
    });
    expect(platformMeasurements).toEqual({ b: 2 });
    expect(tasks.map(({ measurements }) => measurements)).toEqual([
      { task_pressure_seconds_total: { cpu: { some: 0.25 } } },
      {},
    ]);
    expect(selected(message, {})).toBe(message);
    expect(selected(message, { platformMeasurements: [] })).toEqual({ ...message, platformMeasurements: {} });
  });
});

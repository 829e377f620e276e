import { expect, test } from "bun:test";
import type { z } from "zod";
import type { DECISION } from "../../src/protocol/decision-schema.ts";
import type { DESCRIPTION } from "../../src/protocol/description-schema.ts";
import type { INIT } from "../../src/protocol/init-schema.ts";
import type {
  DecisionMessage,
  Description,
  InitMessage,
  SnapshotMessage,
} from "../../src/protocol/messages.ts";
import { protocolSchema } from "../../src/protocol/protocol-schema.ts";
import type { SNAPSHOT } from "../../src/protocol/snapshot-schema.ts";

type Frozen<Value> = Value extends object ? { readonly [Key in keyof Value]: Frozen<Value[Key]> } : Value;
type Same<One, Other> = [Frozen<One>] extends [Frozen<Other>]
  ? [Frozen<Other>] extends [Frozen<One>]
    ? true
    : never
  : never;

/** What is checked is what is declared, both ways; a difference does not compile. */
const SAME: readonly true[] = [
  true satisfies Same<z.output<typeof DESCRIPTION>, Description>,
  true satisfies Same<z.output<typeof INIT>, InitMessage>,
  true satisfies Same<z.output<typeof SNAPSHOT>, SnapshotMessage>,
  true satisfies Same<z.output<typeof DECISION>, DecisionMessage>,
];

test("the schemas and the types of messages are the same", () => {
  expect(SAME).toEqual([true, true, true, true]);
});

test("protocolSchema() has a definition for each message and forbids no further fields", () => {
  const { $defs, version } = protocolSchema() as { $defs: Record<string, unknown>; version: number };
  expect(version).toBe(1);
  expect(Object.keys($defs)).toEqual([
    "Description",
    "Init",
    "Snapshot",
    "ColumnarSnapshot",
    "BinaryMeta",
    "Decision",
    "AllocatorSnapshot",
    "AllocationDecision",
    "Anomaly",
    "Measurement",
    "Metric",
    "Platform",
    "Task",
    "TaskAllocations",
    "TaskColumns",
  ]);
  expect(JSON.stringify($defs)).not.toContain('"additionalProperties":false');
});

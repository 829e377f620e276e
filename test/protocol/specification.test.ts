import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { Ajv2020 } from "ajv/dist/2020";
import { decodeDecision } from "../../src/protocol/decode-decision.ts";
import { decodeDescription } from "../../src/protocol/decode-description.ts";
import { encoderOf } from "../../src/protocol/encoder.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { SnapshotMessage } from "../../src/protocol/messages.ts";
import { EXTISM_MODULE, HOST_FUNCTIONS, isAllowedImport, KERNEL_FUNCTIONS } from "../../src/wasm/imports.ts";
import { optionsShape } from "../../src/wasm/options-shape.ts";

const FOLDER = path.join(import.meta.dir, "../../wasm-plugins/protocol");
const TEXT = fs.readFileSync(path.join(FOLDER, "README.md"), "utf8");
const EXAMPLES = new Map(
  [...TEXT.matchAll(/^```(\w+) (\w+)\n(.*?)\n```$/gms)].map(([, , name = "", example = ""]) => [
    name,
    example,
  ]),
);

function example(name: string): string {
  const found = EXAMPLES.get(name);
  if (found === undefined) throw new Error(`There is no example "${name}"`);
  return found;
}

const ajv = new Ajv2020({ strict: false });
ajv.addSchema(JSON.parse(fs.readFileSync(path.join(FOLDER, "protocol.schema.json"), "utf8")));

describe("the specification of the protocol", () => {
  const messages = [...EXAMPLES.keys()].filter((name) => name !== "BinarySnapshot");

  test("has examples of all messages", () => {
    expect([...EXAMPLES.keys()]).toEqual([
      "Description",
      "Init",
      "Snapshot",
      "ColumnarSnapshot",
      "BinarySnapshot",
      "BinaryMeta",
      "Decision",
      "AllocationDecision",
    ]);
  });

  test.each(messages)("has an example of %s that fits its schema", (name) => {
    const valid = ajv.validate(`urn:wca:plugin-protocol:1#/$defs/${name}`, JSON.parse(example(name)));
    expect(valid ? [] : ajv.errors).toEqual([]);
  });

  test("has the same snapshot in all forms", () => {
    const snapshot = JSON.parse(example("Snapshot")) as SnapshotMessage;
    const columnar = new TextDecoder().decode(encoderOf("columnar").encode(snapshot));
    expect(JSON.parse(example("ColumnarSnapshot"))).toEqual(JSON.parse(columnar));
    const binary = Buffer.from(example("BinarySnapshot").replaceAll(/\s/g, ""), "hex");
    expect(binary).toEqual(Buffer.from(encoderOf("binary").encode(snapshot)));
    expect(binary.subarray(72).toString()).toBe(example("BinaryMeta"));
  });

  test("has answers that are taken", () => {
    const description = decodeDescription(new TextEncoder().encode(example("Description")));
    expect(Object.keys(optionsShape(description.options))).toEqual(["share"]);
    const decision = decodeDecision(new TextEncoder().encode(example("Decision")));
    expect(decision.anomalies.map(({ contendedTaskId }) => contendedTaskId)).toEqual(["a"]);
  });

  test("names the functions that there are", () => {
    for (const name of [...KERNEL_FUNCTIONS, ...HOST_FUNCTIONS]) {
      expect(TEXT).toContain(`\`${name}\``);
      expect(isAllowedImport(EXTISM_MODULE, name)).toBe(true);
    }
  });

  test("has the numbers of the limits", () => {
    for (const limit of Object.values(LIMITS)) expect(TEXT).toContain(limit.toLocaleString("en"));
  });
});

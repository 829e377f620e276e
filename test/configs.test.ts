import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { COMPONENTS } from "../src/components.ts";
import { parseYaml } from "../src/config/document.ts";
import { configSchema } from "../src/config/json-schema.ts";
import { createRegistry } from "../src/config/registry.ts";
import type { TreeNode } from "../src/config/tree.ts";
import { wca } from "./support/wca.ts";

const TIMEOUT_MS = 60_000;
const DIRECTORY = path.join(import.meta.dirname, "../configs");
/** Those of extending/ need components of one's own. */
const EXAMPLES = ["", "detection/"].flatMap((folder) =>
  fs
    .readdirSync(path.join(DIRECTORY, folder))
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => folder + name),
);

/** What an editor sees, which ignores tags: the text of a scalar with a tag, the content of the rest. */
function untagged(node: TreeNode): unknown {
  switch (node.kind) {
    case "alias":
      return untagged(node.target);
    case "scalar":
      return node.tag === undefined ? node.value : node.source;
    case "list":
      return node.items.map(untagged);
    default:
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, untagged(value)]));
  }
}

function validator(schema: object): ValidateFunction {
  return new Ajv({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    keywords: ["x-yaml-customTags"],
  }).compile(schema);
}

/** What the schema finds wrong in the text of a configuration. */
function faultsOf(validate: ValidateFunction, text: string): readonly string[] {
  const valid = validate(untagged(parseYaml(text, "c.yaml").root));
  return valid
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

test("configs/ has examples", () => expect(EXAMPLES).toContain("quickstart.yaml"));

describe("configs/", () => {
  const generated = validator(configSchema(createRegistry(COMPONENTS)));

  for (const name of EXAMPLES) {
    test(
      `${name} is fine for check`,
      async () => {
        const { exitCode, stdout, stderr } = await wca(["check", "-c", path.join(DIRECTORY, name)]);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        expect(stdout).toMatch(/: fine, \d+ components: .*(Measurement|Detection)Runner$/m);
      },
      TIMEOUT_MS,
    );

    test(`${name} is fine for an editor with the schema`, () => {
      expect(faultsOf(generated, fs.readFileSync(path.join(DIRECTORY, name), "utf8"))).toEqual([]);
    });
  }

  test("schema.json is the schema of this program's components", () => {
    const written: unknown = JSON.parse(fs.readFileSync(path.join(DIRECTORY, "schema.json"), "utf8"));
    expect(written).toEqual(JSON.parse(JSON.stringify(configSchema(createRegistry(COMPONENTS)))));
  });

  const wrong: readonly (readonly [what: string, text: string])[] = [
    ["no runner", "loggers: {}\n"],
    ["an unknown key", "runner: !MeasurementRunner {node: !CgroupNode {}}\nlogger: {}\n"],
    ["an unknown option", "runner: !MeasurementRunner {node: !CgroupNode {}, intervall: 1}\n"],
    ["a list for a number", "runner: !MeasurementRunner {node: !CgroupNode {}, interval: [1]}\n"],
    [
      "a detection runner that measures in two ways",
      "runner: !DetectionRunner {node: !CgroupNode {}, detector: !NOPAnomalyDetector {}, measurement_runner: !MeasurementRunner {node: !CgroupNode {}}}\n",
    ],
    [
      "a detection runner that measures nothing",
      "runner: !DetectionRunner {detector: !NOPAnomalyDetector {}}\n",
    ],
    ["no tasks", "runner: !MeasurementRunner {node: !StaticNode {directory: /a}}\n"],
  ];
  for (const [what, text] of wrong) {
    test(`schema.json finds fault with ${what}`, () => expect(faultsOf(generated, text)).not.toEqual([]));
  }
});

import { describe, expect, test } from "bun:test";
import { configSchema, customTags, editorSettings } from "../../src/config/json-schema.ts";
import { createRegistry } from "../../src/config/registry.ts";
import { LogStorage, MeasurementRunner, REGISTRY, StaticNode } from "./sample.ts";

const SMALL = createRegistry([MeasurementRunner, StaticNode, LogStorage]);

describe("configSchema()", () => {
  const schema = configSchema(SMALL);
  const definitions = schema["definitions"] as Readonly<Record<string, unknown>>;

  test("describes a component with its options, !Env included", () => {
    expect(definitions["StaticNode"]).toEqual({
      title: "!StaticNode",
      description: "Lists tasks of the file.",
      type: "object",
      properties: {
        tasks: {
          description: "Cgroup paths.",
          type: "array",
          items: { anyOf: [{ type: "string", minLength: 1 }, { $ref: "#/definitions/Env" }] },
        },
        require_pids: {
          description: "Leave out empty cgroups.",
          default: false,
          anyOf: [{ type: "boolean" }, { $ref: "#/definitions/Env" }],
        },
        mem: {
          description: "Memory of each task.",
          anyOf: [{ type: "integer", minimum: 0 }, { $ref: "#/definitions/Env" }],
        },
      },
      additionalProperties: false,
      allOf: [{ required: ["tasks"] }],
    });
  });

  test("offers the components of the role where one is wanted", () => {
    expect(definitions["role.node"]).toEqual({
      anyOf: [
        { $ref: "#/definitions/StaticNode" },
        { type: "string", maxLength: 0, description: "A tag without options." },
      ],
    });
    expect(definitions["MeasurementRunner"]).toMatchObject({
      properties: { node: { description: "Finds the tasks.", allOf: [{ $ref: "#/definitions/role.node" }] } },
    });
  });

  test("knows the other spellings", () => {
    expect(definitions["MeasurementRunner"]).toMatchObject({
      properties: {
        metric_storage: { description: "Takes the metrics." },
        config: { properties: { interval: { $ref: "#/definitions/MeasurementRunner/properties/interval" } } },
      },
      anyOf: [{ allOf: [{ required: ["node"] }] }, { required: ["config"] }],
    });
  });

  test("refers only to what it defines", () => {
    const references = JSON.stringify(configSchema(REGISTRY)).match(/"#\/[^"]+"/g) ?? [];
    const missing = references.filter((text) => {
      const steps = (JSON.parse(text) as string).split("/").slice(1);
      return (
        steps.reduce<unknown>((at, step) => Reflect.get(Object(at), step), configSchema(REGISTRY)) ===
        undefined
      );
    });
    expect([references.length > 20, missing]).toEqual([true, []]);
  });

  test("holds none of the fields that are only ours", () => {
    expect(JSON.stringify(configSchema(REGISTRY))).not.toMatch(/"(role|words|unit|defaultTag)":/);
  });
});

test("customTags() lists each tag as mapping and as scalar", () => {
  expect(customTags(SMALL)).toEqual([
    "!LogStorage mapping",
    "!LogStorage scalar",
    "!MeasurementRunner mapping",
    "!MeasurementRunner scalar",
    "!StaticNode mapping",
    "!StaticNode scalar",
    "!MeasurementRunnerConfig mapping",
    "!Env scalar",
    "!Env mapping",
  ]);
});

test("editorSettings() ties the schema to files", () => {
  const settings = editorSettings(SMALL, { schema: "./configs/schema.json", files: ["configs/*.yaml"] });
  expect(settings).toEqual({
    "yaml.schemas": { "./configs/schema.json": ["configs/*.yaml"] },
    "yaml.customTags": customTags(SMALL),
  });
});

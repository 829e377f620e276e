import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineComponent, type OptionsOf } from "../../src/config/component.ts";
import { describeComponent } from "../../src/config/describe.ts";
import { parseYaml } from "../../src/config/document.ts";
import { configSchema } from "../../src/config/json-schema.ts";
import { buildConfig, type Configuration } from "../../src/config/load.ts";
import { createRegistry, withUserClasses } from "../../src/config/registry.ts";
import { inline, ref } from "../../src/config/schema.ts";
import { Runner } from "../../src/model/roles.ts";
import { LOAD_OPTIONS, LogStorage, ManyStorage, MeasurementRunner, PlainNode, problemsIn } from "./sample.ts";

/** A runner that needs another one. Its name has a nested form. */
class DetectionRunner extends Runner {
  static readonly component = defineComponent("runner", {
    doc: "Looks closer.",
    options: {
      measurement_runner: inline(MeasurementRunner).describe("Measures."),
      anomalies_storage: ref("storage", { defaultTag: "LogStorage" }).describe("Takes anomalies."),
      level: z.int().min(1).max(9).describe("How close."),
    },
  });
  readonly options: OptionsOf<typeof DetectionRunner>;

  constructor(options: OptionsOf<typeof DetectionRunner>) {
    super();
    this.options = options;
  }

  override async run(): Promise<void> {}
}

const REGISTRY = createRegistry([DetectionRunner, MeasurementRunner, PlainNode, LogStorage, ManyStorage]);

function load(body: string, registry = REGISTRY): Configuration {
  const text = `runner: !DetectionRunner\n${body}`;
  return buildConfig(parseYaml(text, "c.yaml"), { ...LOAD_OPTIONS, registry });
}

function loadRunner(body: string): DetectionRunner {
  const { runner } = load(body);
  if (runner instanceof DetectionRunner) return runner;
  throw new TypeError("Cannot load a DetectionRunner");
}

describe("options of an inlined component", () => {
  const FORMS: readonly (readonly [string, string])[] = [
    ["stand beside those of its owner", "  node: !PlainNode\n  interval: 7\n  level: 3\n"],
    [
      "stand with them in the nested form",
      "  level: 3\n  config: !DetectionRunnerConfig {node: !PlainNode , interval: 7}\n",
    ],
    [
      "stand all in the nested form",
      "  config: !DetectionRunnerConfig {level: 3, node: !PlainNode , interval: 7}\n",
    ],
    [
      "stand in the component",
      "  measurement_runner: !MeasurementRunner {node: !PlainNode , interval: 7}\n  level: 3\n",
    ],
    [
      "stand in the nested form of the component",
      "  measurement_runner: !MeasurementRunner\n    config: !MeasurementRunnerConfig {node: !PlainNode , interval: 7}\n  level: 3\n",
    ],
    [
      "stand beside an empty entry of the component",
      "  measurement_runner:\n  node: !PlainNode\n  interval: 7\n  level: 3\n",
    ],
  ];
  for (const [what, body] of FORMS) {
    test(what, () => {
      const { measurement_runner, level } = loadRunner(body).options;
      expect(level).toBe(3);
      expect(measurement_runner).toBeInstanceOf(MeasurementRunner);
      expect(measurement_runner.options.interval).toBe(7);
      expect(measurement_runner.options.node).toBeInstanceOf(PlainNode);
      expect(measurement_runner.context.hostname).toBe("MeasurementRunner");
    });
  }

  test("share the default storage with their owner, and both are built once", () => {
    const { components } = load("  node: !PlainNode\n  level: 1\n");
    expect(components.map(({ tag, path }) => [tag, path])).toEqual([
      ["PlainNode", "runner.node"],
      ["LogStorage", "runner.metrics_storage"],
      ["MeasurementRunner", "runner"],
      ["DetectionRunner", "runner"],
    ]);
  });

  test("take other spellings", () => {
    const { measurement_runner } = loadRunner(
      "  node: !PlainNode\n  metric_storage: !ManyStorage {storages: []}\n  level: 1\n",
    ).options;
    expect(measurement_runner.options.metrics_storage).toBeInstanceOf(ManyStorage);
  });
});

describe("the builder reports", () => {
  const WRONG: readonly (readonly [string, string, ...string[]])[] = [
    [
      "options beside the component that they belong to",
      "  interval: 2\n  level: 1\n  measurement_runner: !MeasurementRunner {node: !PlainNode }\n  metric_storage: !LogStorage\n",
      'c.yaml:2:3 runner.interval: "interval", "metrics_storage" of DetectionRunner cannot stand beside "measurement_runner" at c.yaml:4:3, wanted all of them there',
    ],
    [
      "what is missing as of the owner",
      "  level: 1\n",
      'c.yaml:1:1 runner.node: missing option "node" of DetectionRunner: Finds the tasks.',
    ],
    [
      "faults of both together",
      "  node: !PlainNode\n  interval: 99\n  level: 0\n",
      "c.yaml:3:13 runner.interval: saw number 99, wanted a number from 0 to 60",
      "c.yaml:4:10 runner.level: saw number 0, wanted an integer from 1 to 9",
    ],
    [
      "an option of neither, and not that the one meant is missing",
      "  nod: !PlainNode\n  level: 1\n",
      'c.yaml:2:3 runner.nod: unknown option "nod" of DetectionRunner, did you mean "node"? options of DetectionRunner are measurement_runner, anomalies_storage, level, node, interval, metrics_storage, extra_storage, extra_labels, labelers, cycles, rdt, watched',
    ],
    [
      "another runner in the place of the component",
      "  level: 1\n  measurement_runner: !DetectionRunner {node: !PlainNode , level: 1}\n",
      "c.yaml:3:23 runner.measurement_runner: saw !DetectionRunner (a runner), wanted !MeasurementRunner",
    ],
    [
      "a fault of the component once",
      "  level: 1\n  measurement_runner: !MeasurementRunner {node: !PlainNode , interval: 99}\n",
      "c.yaml:3:72 runner.measurement_runner.interval: saw number 99, wanted a number from 0 to 60",
    ],
  ];
  for (const [what, body, ...problems] of WRONG) {
    test(what, () => expect(problemsIn(() => load(body))).toEqual(problems));
  }

  test("a class of the user's in the place of the component", () => {
    const Other = {
      MeasurementRunner: class MeasurementRunner extends Runner {
        override async run() {}
      },
    };
    const registry = withUserClasses(REGISTRY, [
      { componentClass: Other.MeasurementRunner, spec: "mine.ts:MeasurementRunner" },
    ]);
    expect(problemsIn(() => load("  level: 1\n", registry))).toEqual([
      "c.yaml:1:9 runner: !MeasurementRunner of mine.ts:MeasurementRunner does not extend the class that DetectionRunner needs",
    ]);
  });
});

test("describeComponent() shows the options of an inlined component", () => {
  const registration = REGISTRY.get("DetectionRunner");
  if (registration === undefined) throw new Error("no DetectionRunner");
  const text = describeComponent(registration, REGISTRY);
  expect(text).toContain("| `measurement_runner` | !MeasurementRunner |  |  | Measures. |");
  expect(text).toContain(
    "In place of `measurement_runner` the options of !MeasurementRunner are accepted beside these, all or none of them:",
  );
  expect(text).toContain("| `node` | a node |  | *required* | Finds the tasks. |");
});

test("configSchema() refers to the options of an inlined component", () => {
  const { definitions } = configSchema(REGISTRY) as {
    definitions: Record<string, { properties: Record<string, unknown>; anyOf?: unknown; allOf?: unknown }>;
  };
  const { properties, anyOf } = definitions["DetectionRunner"] ?? { properties: {} };
  expect(properties["measurement_runner"]).toEqual({
    description: "Measures.",
    allOf: [{ $ref: "#/definitions/MeasurementRunner" }],
  });
  expect(properties["interval"]).toEqual({ $ref: "#/definitions/MeasurementRunner/properties/interval" });
  expect(anyOf).toEqual([
    {
      allOf: [
        { required: ["level"] },
        { oneOf: [{ required: ["measurement_runner"] }, { allOf: [{ required: ["node"] }] }] },
      ],
    },
    { required: ["config"] },
  ]);
});

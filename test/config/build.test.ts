import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { OptionsOf } from "../../src/config/component.ts";
import { defineComponent } from "../../src/config/component.ts";
import { parseYaml } from "../../src/config/document.ts";
import { buildConfig } from "../../src/config/load.ts";
import { createRegistry } from "../../src/config/registry.ts";
import { ref } from "../../src/config/schema.ts";
import { Runner } from "../../src/model/roles.ts";
import {
  LOAD_OPTIONS,
  LogStorage,
  load,
  loadRunner,
  ManyStorage,
  MeasurementRunner,
  PlainNode,
  problemsIn,
  RegexLabeler,
  StaticNode,
} from "./sample.ts";

const HEAD = "runner: !MeasurementRunner\n  node: !PlainNode\n";

describe("Builder", () => {
  test("build() takes tags at the end of flow lists and mappings", () => {
    const { metrics_storage, labelers } = loadRunner(
      `${HEAD}  metrics_storage: !ManyStorage {storages: [!LogStorage]}\n  labelers: {a: !RegexLabeler}\n`,
    ).options;
    expect((metrics_storage as ManyStorage).options.storages).toEqual([expect.any(LogStorage)]);
    expect(labelers?.["a"]).toBeInstanceOf(RegexLabeler);
  });

  test("build() gives aliases of a node the same instance", () => {
    const { metrics_storage: one, extra_storage: other } = loadRunner(
      `${HEAD}  metrics_storage: &s !LogStorage {level: high}\n  extra_storage: *s\n`,
    ).options;
    expect(one).toBeInstanceOf(LogStorage);
    expect(other === one).toBe(true);
  });

  test("build() gives nodes that are written alike an instance each", () => {
    const { metrics_storage: one, extra_storage: other } = loadRunner(
      `${HEAD}  metrics_storage: !LogStorage\n  extra_storage: !LogStorage\n`,
    ).options;
    expect(other === one).toBe(false);
  });

  test("build() makes one default instance for all that left the option out, null included", () => {
    const { runner, components } = load(`${HEAD}  metrics_storage: ~\n`);
    const { metrics_storage: one, extra_storage: other } = (runner as MeasurementRunner).options;
    expect(one).toBeInstanceOf(LogStorage);
    expect(other === one).toBe(true);
    expect(components.filter(({ tag }) => tag === "LogStorage")).toEqual([
      { instance: one, tag: "LogStorage", path: "runner.metrics_storage" },
    ]);
  });

  test("build() constructs what is held before what holds it, in the order of the file", () => {
    const { components } = load(`runner: !MeasurementRunner
  extra_storage: &e !LogStorage
  metrics_storage: !ManyStorage
    storages:
      - !LogStorage {level: high}
      - *e
      - !ManyStorage {storages: []}
  labelers: {x: !RegexLabeler }
  node: !PlainNode
`);
    expect(components.map(({ path }) => path)).toEqual([
      "runner.extra_storage",
      "runner.metrics_storage.storages[0]",
      "runner.metrics_storage.storages[2]",
      "runner.metrics_storage",
      "runner.labelers.x",
      "runner.node",
      "runner",
    ]);
  });

  test("build() fills in defaults and leaves out what is absent", () => {
    const { node, interval, cycles, rdt, extra_labels, labelers } = loadRunner(
      `${HEAD}  cycles: ~\n`,
    ).options;
    expect(node).toBeInstanceOf(PlainNode);
    expect({ interval, cycles, rdt, extra_labels, labelers }).toEqual({
      interval: 1,
      cycles: "auto",
      rdt: null,
      extra_labels: {},
      labelers: undefined,
    });
  });

  test("build() keeps a null that the option takes", () => {
    expect(loadRunner(`${HEAD}  rdt: null\n`).options.rdt).toBeNull();
  });

  test("build() takes an integer for a number and text of digits in quotes for text", () => {
    const { interval, extra_labels } = loadRunner(
      `${HEAD}  interval: 5\n  extra_labels: {a: "5", b: 'true', 7: x}\n`,
    ).options;
    expect({ interval, extra_labels }).toEqual({
      interval: 5,
      extra_labels: { a: "5", b: "true", "7": "x" },
    });
  });

  test("build() converts text from the environment where a number or boolean is wanted", () => {
    const { interval, rdt, cycles, extra_labels } = loadRunner(
      `${HEAD}  interval: !Env PORT\n  rdt: !Env FLAG\n  cycles: !Env {name: PORT}\n  extra_labels: {a: !Env PORT, b: !Env HOSTNAME}\n`,
    ).options;
    expect({ interval, rdt, cycles, extra_labels }).toEqual({
      interval: 5,
      rdt: true,
      cycles: 5,
      extra_labels: { a: "5", b: "host1" },
    });
  });

  test("build() merges mappings: own options first, then the list in order", () => {
    const { interval, cycles, rdt } = loadRunner(`x-a: &a {interval: 2, cycles: 2}
x-b: &b {interval: 3, cycles: 3, rdt: true}
runner: !MeasurementRunner
  <<: [*a, *b]
  interval: 4
  node: !PlainNode
`).options;
    expect({ interval, cycles, rdt }).toEqual({ interval: 4, cycles: 2, rdt: true });
  });

  test("build() gives a component that is merged twice the same instance", () => {
    const { runner } = load(`x-s: &s {metrics_storage: !LogStorage , extra_storage: !LogStorage }
runner: !MeasurementRunner
  <<: *s
  node: !PlainNode
  extra_storage: !ManyStorage {storages: []}
`);
    expect((runner as MeasurementRunner).options.metrics_storage).toBeInstanceOf(LogStorage);
    expect((runner as MeasurementRunner).options.extra_storage).toBeInstanceOf(ManyStorage);
  });

  test("build() finds components in lists and mappings", () => {
    const { labelers, metrics_storage } = loadRunner(
      `${HEAD}  labelers: {a: &l !RegexLabeler , b: *l}\n  metrics_storage: !ManyStorage {storages: [!LogStorage ], first: [!LogStorage ]}\n`,
    ).options;
    expect(labelers?.["a"]).toBeInstanceOf(RegexLabeler);
    expect(labelers?.["b"]).toBe(labelers?.["a"] as RegexLabeler);
    const { storages, first } = (metrics_storage as ManyStorage).options;
    expect([storages, first]).toEqual([[expect.any(LogStorage)], [expect.any(LogStorage)]]);
  });

  test("build() gives each component the context of its tag", () => {
    const asked: string[] = [];
    const contextFor = (tag: string, role: string) => {
      asked.push(`${tag} ${role}`);
      return LOAD_OPTIONS.contextFor(tag);
    };
    const { runner } = buildConfig(parseYaml(HEAD, "c.yaml"), { ...LOAD_OPTIONS, contextFor });
    expect(asked).toEqual(["PlainNode node", "LogStorage storage", "MeasurementRunner runner"]);
    expect((runner as MeasurementRunner).context.hostname).toBe("MeasurementRunner");
  });

  test("build() takes a class of a second copy of the role, known by name", () => {
    class CopiedNode {
      static readonly role = "node";
      discover() {
        return [];
      }
    }
    const registry = createRegistry([MeasurementRunner, LogStorage, CopiedNode]);
    const text = "runner: !MeasurementRunner\n  node: !CopiedNode\n";
    const { runner } = buildConfig(parseYaml(text, "c.yaml"), { ...LOAD_OPTIONS, registry });
    expect((runner as MeasurementRunner).options.node).toBeInstanceOf(CopiedNode);
  });

  test("build() reports a default that is not registered or cannot be built", () => {
    class Holder extends Runner {
      static readonly component = defineComponent("runner", {
        doc: "",
        options: {
          a: ref("storage", { defaultTag: "Nowhere" }),
          b: ref("node", { defaultTag: "StaticNode" }),
        },
      });
      override async run(): Promise<void> {}
    }
    const options = { ...LOAD_OPTIONS, registry: createRegistry([Holder, StaticNode]) };
    expect(problemsIn(() => buildConfig(parseYaml("runner: !Holder\n", "c.yaml"), options))).toEqual([
      "c.yaml:1:1 runner.a: the default is !Nowhere, which is not registered",
      'c.yaml:1:1 runner.b.tasks: missing option "tasks" of StaticNode: Cgroup paths.',
    ]);
  });

  test("build() reports a component where all keys of a mapping may be left out", () => {
    class Loose extends Runner {
      static readonly component = defineComponent("runner", {
        doc: "",
        options: { limits: z.object({ cpu: z.number().optional() }), rest: z.array(z.unknown()).optional() },
      });
      override async run(): Promise<void> {}
    }
    const options = { ...LOAD_OPTIONS, registry: createRegistry([Loose, PlainNode]) };
    expect(
      problemsIn(() => buildConfig(parseYaml("runner: !Loose {limits: !PlainNode }\n", "c.yaml"), options)),
    ).toEqual(["c.yaml:1:25 runner.limits: saw !PlainNode (a node), wanted a mapping without a tag"]);
  });

  test("build() tells on one line why a constructor threw", () => {
    function problemsWith(thrown: unknown): readonly string[] {
      class Thrower extends Runner {
        constructor() {
          super();
          throw thrown;
        }
        override async run(): Promise<void> {}
      }
      const options = { ...LOAD_OPTIONS, registry: createRegistry([Thrower]) };
      return problemsIn(() => buildConfig(parseYaml("runner: !Thrower\n", "c.yaml"), options));
    }
    const place = "c.yaml:1:9 runner: Cannot build Thrower:";
    expect(problemsWith(new Error("one\n  two\n"))).toEqual([`${place} one; two`]);
    expect(problemsWith(new RangeError())).toEqual([`${place} RangeError`]);
    expect(problemsWith("text")).toEqual([`${place} text`]);
    expect(problemsWith(undefined)).toEqual([`${place} undefined`]);
    expect(problemsWith(Object.create(null))).toEqual([`${place} an object`]);
  });

  test("build() reports a schema of the user's that throws, without a value of the environment", () => {
    function fail(value: unknown): never {
      throw new RangeError(`no\n  luck with ${value}`);
    }
    class Faulty extends Runner {
      static readonly component = defineComponent("runner", {
        doc: "",
        options: {
          changed: z.string().transform(fail).optional(),
          refined: z.string().refine(fail).optional(),
          late: z
            .string()
            .refine(async () => true)
            .optional(),
          before: z.preprocess((value) => (value === undefined ? value : fail(value)), z.string().optional()),
        },
      });
      override async run(): Promise<void> {}
    }
    const options = { ...LOAD_OPTIONS, registry: createRegistry([Faulty]) };
    const problems = (text: string) => problemsIn(() => buildConfig(parseYaml(text, "c.yaml"), options));
    expect(problems("runner: !Faulty\n  changed: x\n  refined: y\n  late: z\n  before: 7\n")).toEqual([
      'c.yaml:2:12 runner.changed: saw text "x", and its check failed: no; luck with x',
      'c.yaml:3:12 runner.refined: saw text "y", and its check failed: no; luck with y',
      'c.yaml:4:9 runner.late: saw text "z", and its check failed: it is asynchronous',
      "c.yaml:5:11 runner.before: saw number 7, and its check failed: no; luck with 7",
    ]);
    expect(problems("runner: !Faulty\n  changed: !Env SECRET\n")).toEqual([
      'c.yaml:2:12 runner.changed: saw the text of environment variable "SECRET", and its check failed',
    ]);
  });
});

type Equal<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

/** Compiles only for `true`. */
function promise<_Kept extends true>(): boolean {
  return true;
}

test("OptionsOf gives what the constructor receives: parsed, defaults filled in", () => {
  type Options = OptionsOf<typeof StaticNode>;
  expect(
    promise<Equal<Options, { tasks: string[]; require_pids: boolean; mem?: number | undefined }>>(),
  ).toBe(true);
  expect(promise<Equal<OptionsOf<typeof MeasurementRunner>["cycles"], number | "auto">>()).toBe(true);
  expect(promise<Equal<OptionsOf<typeof MeasurementRunner>["rdt"], boolean | null>>()).toBe(true);
});

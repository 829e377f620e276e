import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { loadConfig } from "../../src/config/load.ts";
import {
  LOAD_OPTIONS,
  load,
  loadRunner,
  MeasurementRunner,
  problemsIn,
  problemsOf,
  tempFile,
} from "./sample.ts";
import { HEAD, LEVELS, WRONG_FILES } from "./wrong-files.ts";

describe("loadConfig() reports", () => {
  for (const [name, text, ...problems] of WRONG_FILES) {
    test(name, () => expect(problemsOf(text)).toEqual(problems));
  }

  test("all problems of a file together, in the order of their places", () => {
    const text = `loggers: {a: loud}
runner: !MeasurementRunner
  interval: -1
  metrics_storage: !LogStorage
    levl: low
  labelers:
    x: !RegexLabeler
    y: !PlainNode
`;
    expect(problemsOf(text)).toEqual([
      `c.yaml:1:14 loggers.a: saw text "loud", wanted one of ${LEVELS}`,
      'c.yaml:2:1 runner.node: missing option "node" of MeasurementRunner: Finds the tasks.',
      "c.yaml:3:13 runner.interval: saw number -1, wanted a number from 0 to 60",
      'c.yaml:5:5 runner.metrics_storage.levl: unknown option "levl" of LogStorage, did you mean "level"? options of LogStorage are output_filename, level',
      "c.yaml:8:8 runner.labelers.y: saw !PlainNode (a node), wanted a labeler",
    ]);
  });

  test("a fault behind an alias once, where it is written", () => {
    const text = `${HEAD}  metrics_storage: &s !LogStorage {level: no}\n  extra_storage: *s\n`;
    expect(problemsOf(text)).toEqual([
      'c.yaml:3:43 runner.metrics_storage.level: saw text "no", wanted one of "low", "high"',
    ]);
  });

  test("merged options where they are written", () => {
    const text = `x-base: &base\n  interval: 99\n${HEAD}  <<: *base\n`;
    expect(problemsOf(text)).toEqual([
      "c.yaml:2:13 runner.interval: saw number 99, wanted a number from 0 to 60",
    ]);
  });

  test("the same places whatever the indentation and comments", () => {
    const layout = fc.record({
      indent: fc.integer({ min: 1, max: 8 }),
      comments: fc.array(fc.constantFrom("", "# a: !Foo &x", "   # interval: 1"), { maxLength: 5 }),
      spaces: fc.integer({ min: 1, max: 5 }),
      anchor: fc.constantFrom("", "&a "),
    });
    fc.assert(
      fc.property(layout, ({ indent, comments, spaces, anchor }) => {
        const pad = " ".repeat(indent);
        const gap = " ".repeat(spaces);
        const above = comments.map((comment) => `${comment}\n`).join("");
        const text = `${above}runner: !MeasurementRunner # here\n${above}${pad}node:${gap}${anchor}!StaticNode\n${above}${pad}interval:${gap}99\n`;
        const line = comments.length + 1;
        expect(problemsOf(text)).toEqual([
          `c.yaml:${2 * line}:${indent + 1} runner.node.tasks: missing option "tasks" of StaticNode: Cgroup paths.`,
          `c.yaml:${3 * line}:${indent + 10 + spaces} runner.interval: saw number 99, wanted a number from 0 to 60`,
        ]);
      }),
      { numRuns: 100 },
    );
  });

  test("a bad pattern with its text, but not when that is from the environment", () => {
    const text = `${HEAD}  labelers: {a: !RegexLabeler {pattern: "("}, b: !RegexLabeler {pattern: !Env SECRET}}\n`;
    expect(problemsOf(text)).toEqual([
      'c.yaml:3:41 runner.labelers.a.pattern: saw text "(", wanted a regular expression: Invalid regular expression: missing )',
      'c.yaml:3:74 runner.labelers.b.pattern: saw the text of environment variable "SECRET", wanted a regular expression',
    ]);
  });

  test("plain data that poses as a component", () => {
    expect(problemsOf("runner: {constructor: {role: runner}}\n")).toEqual([
      "c.yaml:1:9 runner: saw a mapping, wanted a runner: !MeasurementRunner",
    ]);
  });

  test("only with ConfigError, whatever stands in the file", () => {
    const scalar = fc.oneof(
      fc.constantFrom(
        "5",
        "abc",
        "~",
        ".nan",
        "1e400",
        "!Env X",
        "!StaticNode",
        "!!str 5",
        "*a",
        "&a 1",
        "true",
        "__proto__",
      ),
      fc.string({ maxLength: 6 }),
    );
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie("tree"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
        fc
          .tuple(
            fc.constantFrom("", "!StaticNode ", "!MeasurementRunner ", "!Env ", "&a "),
            fc.array(fc.tuple(key(), tie("tree")), { maxLength: 4 }),
          )
          .map(
            ([tag, entries]) => `${tag}{${entries.map(([name, value]) => `${name}: ${value}`).join(", ")}}`,
          ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const problems = problemsOf(`runner: ${value}`);
        expect(problems.every((problem) => problem.startsWith("c.yaml:"))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

function key(): fc.Arbitrary<string> {
  return fc.constantFrom(
    "node",
    "tasks",
    "interval",
    "<<",
    "config",
    "name",
    "default",
    "extra_labels",
    "__proto__",
    "constructor",
    "1",
  );
}

describe("loadConfig()", () => {
  test("gives the runner, the levels and the components of a file", () => {
    using file = tempFile(`loggers:\n  wca: INFO\n  "": Debug\n${HEAD}`);
    const { runner, loggers, components } = loadConfig(file.path, LOAD_OPTIONS);
    expect(runner).toBeInstanceOf(MeasurementRunner);
    expect(loggers).toEqual({ wca: "info", "": "debug" });
    expect(components.map(({ tag, path }) => [tag, path])).toEqual([
      ["PlainNode", "runner.node"],
      ["LogStorage", "runner.metrics_storage"],
      ["MeasurementRunner", "runner"],
    ]);
  });

  test("names the file as it was given", () => {
    using file = tempFile("runner: 5\n");
    expect(problemsIn(() => loadConfig(file.path, LOAD_OPTIONS))).toEqual([
      `${file.path}:1:9 runner: saw number 5, wanted a runner: !MeasurementRunner`,
    ]);
  });

  test("gives no levels when loggers is left empty", () => {
    expect(load(`loggers:\n${HEAD}`).loggers).toEqual({});
  });

  test("ignores keys that start with x- but builds what is aliased from them", () => {
    const { components } = load(
      `x-unused: !BrokenStorage\nx-a: {s: &s !LogStorage , e: !Env NOWHERE}\n${HEAD}  extra_storage: *s\n`,
    );
    expect(components.map(({ tag, path }) => [tag, path])).toEqual([
      ["PlainNode", "runner.node"],
      ["LogStorage", "runner.extra_storage"],
      ["LogStorage", "runner.metrics_storage"],
      ["MeasurementRunner", "runner"],
    ]);
  });

  test("reads 600 tasks in well under a round", () => {
    const tasks = Array.from({ length: 600 }, (_, index) => `      - /system.slice/task-${index}.service\n`);
    const started = performance.now();
    const { node } = loadRunner(
      `runner: !MeasurementRunner\n  node: !StaticNode\n    tasks:\n${tasks.join("")}`,
    ).options;
    expect(Reflect.get(node, "options")).toMatchObject({ tasks: { length: 600 } });
    expect(performance.now() - started).toBeLessThan(500);
  });
});

import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { KernelHost } from "../../src/kernel/host.ts";
import { TaskLabelRegexGenerator } from "../../src/labelers/regex.ts";
import { labelerConformance, taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";

const schema = z.object(TaskLabelRegexGenerator.component.options);

function generator(options: Record<string, unknown>) {
  const context = testContext(new KernelHost());
  return { labeler: new TaskLabelRegexGenerator(schema.parse(options), context), logged: context.logged };
}

labelerConformance("TaskLabelRegexGenerator", () => ({
  labeler: generator({ pattern: "^(.).*", repl: "\\1" }).labeler,
  known: taskWith({ labels: { task_name: "redis" } }),
}));

describe("TaskLabelRegexGenerator", () => {
  test.each([
    ["__(.*)__", "\\1", "__val__", "val"],
    [".*/.*/.*/(.*)\\..*", "\\1", "example/devel/staging-13/redis.small", "redis"],
    ["nothing", "x", "unchanged", "unchanged"],
    [".*", "", "all", ""],
  ])("label() with pattern %p and repl %p makes %p to %p", (pattern, repl, task_name, expected) => {
    const { labeler } = generator({ pattern, repl });
    expect(labeler.label(taskWith({ labels: { task_name } }))).toBe(expected);
  });

  test("label() takes the value of source, which may be made by an earlier labeler", () => {
    const { labeler } = generator({ pattern: "-.*", repl: "", source: "app" });
    expect(labeler.label(taskWith({ labels: { task_name: "t", app: "redis-1" } }))).toBe("redis");
  });

  test("label() gives nothing and warns once when the source is missing", () => {
    const { labeler, logged } = generator({ pattern: "a", repl: "b", source: "app" });
    expect([labeler.label(taskWith()), labeler.label(taskWith({ id: "t2" }))]).toEqual([
      undefined,
      undefined,
    ]);
    expect(logged).toEqual([
      ["warning", 'Cannot make a label of task "t1": it has no label "app" (said once for all tasks)'],
    ]);
  });

  test.each([
    [{ pattern: "(a", repl: "" }, ["pattern"]],
    [{ pattern: "a", repl: "\\" }, ["repl"]],
    [{ pattern: "(?(1)a)", repl: "\\g<" }, ["pattern", "repl"]],
    [{ pattern: "a" }, ["repl"]],
  ])("options %p are refused at %p", (options, paths) => {
    expect(schema.safeParse(options).error?.issues.map(({ path }) => path.join("."))).toEqual(paths);
  });

  test("constructor refuses a repl that refers to a group the pattern does not have", () => {
    expect(() => generator({ pattern: "a", repl: "\\1" })).toThrow('the pattern has no group "1"');
  });
});

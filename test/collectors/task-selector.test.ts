import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { type TaskSelection, TaskSelector, taskSelection } from "../../src/collectors/task-selector.ts";
import { COMPONENTS } from "../../src/components.ts";
import { parseYaml } from "../../src/config/document.ts";
import { buildConfig } from "../../src/config/load.ts";
import { createRegistry } from "../../src/config/registry.ts";
import { ConfigError } from "../../src/model/errors.ts";
import type { Labels } from "../../src/model/task.ts";
import { LabelledTasks } from "../../src/runners/labelled-tasks.ts";
import { taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

const option = z.object({ tasks: taskSelection("are watched") });

/** Whether the option, as a user writes it, selects a task with these labels. */
function selects(tasks: unknown, labels: Labels): boolean {
  return new TaskSelector(option.parse({ tasks }).tasks as TaskSelection | undefined).selects({ labels });
}

const WEB: Labels = { tier: "frontend", app: "web", task_name: "web-1" };

const CASES: readonly (readonly [what: string, selection: unknown, selected: boolean])[] = [
  ["nothing", undefined, true],
  ["the whole value", { app: "web" }, true],
  ["the start of a value only", { app: "we" }, false],
  ["the end of a value only", { app: "eb" }, false],
  ["alternatives, each of which is whole", { app: "w|web" }, true],
  ["alternatives, none of which is whole", { app: "w|eb" }, false],
  ["an anchored pattern", { app: "^web$" }, true],
  ["a pattern with groups", { task_name: "(web|db)-\\d" }, true],
  ["a named group of Python's", { task_name: "(?P<kind>\\w+)-(?P<number>[0-9])" }, true],
  ["a reference to a named group of Python's", { app: "(?P<w>w)e(?P=w)" }, false],
  ["several labels that all fit", { app: "web", tier: "front.*" }, true],
  ["several labels of which one does not fit", { app: "web", tier: "back.*" }, false],
  ["a label that is missing", { zone: ".*" }, false],
  ["a label that every object of the language has", { constructor: "[^]*" }, false],
  ["no label at all", {}, true],
  ["a list of which the last fits", [{ app: "db" }, { tier: "back", app: "web" }, { app: "web" }], true],
  ["a list of which none fits", [{ app: "db" }, { tier: "back", app: "web" }], false],
  ["an empty list", [], false],
];

describe("TaskSelector", () => {
  test.each(CASES)("selects() by %s", (_, selection, selected) => {
    expect(selects(selection, WEB)).toBe(selected);
  });

  test("selects() gives each task its own answer, again and again", () => {
    const selector = new TaskSelector({ app: "web" });
    const tasks = ["web", "db", "web"].map((app) => taskWith({ labels: { app } }));
    for (let round = 0; round < 2; round++) {
      expect(tasks.map((task) => selector.selects(task))).toEqual([true, false, true]);
    }
  });

  test("selects() looks at a task anew when its labels changed", () => {
    const selector = new TaskSelector({ app: "web" });
    const task = taskWith({ labels: { app: "web" } });
    expect(selector.selects(task)).toBe(true);
    expect(selector.selects({ ...task, labels: { app: "db" } })).toBe(false);
  });

  test("selects() by labels that generators made, and by task_id", () => {
    using tree = tempTree({});
    const generators = { kind: { label: () => "service" } };
    const tasks = new LabelledTasks(generators, testContext(tree.host).log).label([taskWith({ id: "/a/b" })]);
    expect(
      tasks.map((task) => new TaskSelector({ kind: "service", task_id: "/a/.*" }).selects(task)),
    ).toEqual([true]);
  });
});

describe("the option of a selection", () => {
  /** What a configuration file with the option `sched_tasks` is refused for. */
  function problemsOf(yaml: string): readonly string[] {
    using tree = tempTree({});
    const text = `runner: !MeasurementRunner\n  node: !CgroupNode\n  sched_tasks: ${yaml}\n`;
    const context = testContext(tree.host);
    try {
      buildConfig(parseYaml(text, "c.yaml"), {
        registry: createRegistry(COMPONENTS),
        contextFor: () => context,
        env: {},
        hostname: "test-host",
      });
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.message.split("\n");
    }
  }

  const PATTERN = 'saw text "(", wanted a regular expression: Invalid regular expression: missing )';

  const CONFIGS: readonly (readonly [yaml: string, ...problems: string[]])[] = [
    ["{app: web}"],
    ["[{app: web}, {tier: (?P<a>b)}]"],
    ["{app: (}", `c.yaml:3:22 runner.sched_tasks.app: ${PATTERN}`],
    ["[{app: web}, {app: (}]", `c.yaml:3:35 runner.sched_tasks[1].app: ${PATTERN}`],
    ["{app: 1}", 'c.yaml:3:22 runner.sched_tasks.app: saw number 1, wanted text: write "1"'],
    ["{__app: web}", 'c.yaml:3:17 runner.sched_tasks.__app: saw key "__app", wanted '],
    ["web", 'c.yaml:3:16 runner.sched_tasks: saw text "web", wanted a mapping of label names to '],
  ];

  test.each(CONFIGS)("%s is refused where it is wrong", (yaml, ...expected) => {
    const problems = problemsOf(yaml);
    const starts = problems.map((problem, index) => problem.slice(0, expected[index]?.length));
    expect(starts).toEqual(expected);
  });
});

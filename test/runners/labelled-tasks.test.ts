import { describe, expect, test } from "bun:test";
import type { Labeler } from "../../src/model/roles.ts";
import type { Labels, Task } from "../../src/model/task.ts";
import { LabelledTasks } from "../../src/runners/labelled-tasks.ts";
import { taskWith } from "../roles/labeler.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

type Label = (task: Task) => unknown;

function labelledTasks(generators: Readonly<Record<string, Label>> = {}) {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  const labelers = Object.entries(generators).map(([target, label]) => [target, { label } as Labeler]);
  return {
    labelled: new LabelledTasks(Object.fromEntries(labelers), log),
    logged: () => logged.filter(([level]) => level !== "debug"),
  };
}

/** Labels of one task with the given ones and generators, but for task_id and task_name. */
function labelsOf(labels: Labels, generators: Readonly<Record<string, Label>> = {}): Labels {
  const [task] = labelledTasks(generators).labelled.label([taskWith({ labels })]);
  const { task_id: _, task_name: __, ...rest } = task?.labels ?? {};
  return rest;
}

describe("LabelledTasks label()", () => {
  test("adds id and name, which win over labels of the task, and changes nothing else", () => {
    const task = taskWith({
      id: "/a",
      name: "a",
      labels: { task_id: "own", x: "1" },
      resources: { cpus: 2 },
    });
    const before = structuredClone(task);
    expect(labelledTasks().labelled.label([task])).toEqual([
      { ...task, labels: { task_id: "/a", task_name: "a", x: "1" } },
    ]);
    expect(task).toEqual(before);
  });

  test("gives the same task for the same one of the node", () => {
    const { labelled } = labelledTasks({ x: () => "1" });
    const [a, b] = [taskWith({ id: "a" }), taskWith({ id: "b" })];
    const [ofA, ofB] = labelled.label([a, b]);
    expect(labelled.label([b, a]).map((task) => [ofA, ofB].indexOf(task))).toEqual([1, 0]);
    expect(labelled.label([taskWith({ id: "a" })])[0] === ofA).toBe(false);
  });

  test("keeps the first of several tasks with one id, and says so once", () => {
    const { labelled, logged } = labelledTasks();
    const tasks = ["first", "second", "third"].map((name) => taskWith({ id: "a", name }));
    expect(labelled.label(tasks).map(({ name }) => name)).toEqual(["first"]);
    labelled.label(tasks);
    expect(logged()).toEqual([["warning", 'Two tasks have the id "a": the first one is measured']]);
  });

  const names: readonly (readonly [what: string, from: Labels, to: Labels])[] = [
    ["legal names", { a: "1", _b: "2", C9: "3" }, { a: "1", _b: "2", C9: "3" }],
    ["Kubernetes keys", { "app.kubernetes.io/name": "x" }, { app_kubernetes_io_name: "x" }],
    ["a digit in front", { "9lives": "x" }, { _9lives: "x" }],
    ["nothing", { "": "x" }, { _: "x" }],
    ["letters of other alphabets", { größe: "x" }, { gr__e: "x" }],
    ["reserved names", { __name__: "x" }, { _name__: "x" }],
    ["clashes", { "a-b": "1", "a.b": "2", "a/b": "3" }, { a_b: "1", a_b_: "2", a_b__: "3" }],
    ["a clash with a legal name", { "a-b": "1", a_b: "2" }, { a_b: "2", a_b_: "1" }],
    ["a clash with the id", { "task-id": "x", "task.name": "y" }, { task_id_: "x", task_name_: "y" }],
    ["names that every object has", { constructor: "x", toString: "y" }, { constructor: "x", toString: "y" }],
  ];
  for (const [what, from, to] of names) {
    test(`makes label names legal and keeps them apart: ${what}`, () => expect(labelsOf(from)).toEqual(to));
  }

  test("asks generators in their order; later ones see the labels of earlier ones", () => {
    const seen: unknown[] = [];
    const generators = {
      b: ({ labels }: Task) => {
        seen.push({ ...labels });
        return "made b";
      },
      a: ({ labels }: Task) => {
        seen.push({ ...labels });
        return `${labels["b"]}, made a`;
      },
    };
    expect(labelsOf({ x: "1" }, generators)).toEqual({ x: "1", b: "made b", a: "made b, made a" });
    const start = { task_id: "t1", task_name: "t1", x: "1" };
    expect(seen).toEqual([start, { ...start, b: "made b" }]);
  });

  test("does not ask the generator of a label that is there", () => {
    let asked = 0;
    const generator = () => String(++asked);
    expect(
      labelsOf({ x: "own", "y-y": "own" }, { x: generator, y_y: generator, task_id: generator }),
    ).toEqual({
      x: "own",
      y_y: "own",
    });
    expect(asked).toBe(0);
  });

  test("asks the generator of a label that has the name of what every object has", () => {
    expect(labelsOf({}, { constructor: () => "x", valueOf: () => "y" })).toEqual({
      constructor: "x",
      valueOf: "y",
    });
  });

  const nothing: readonly unknown[] = [undefined, null];
  for (const value of nothing) {
    test(`leaves out the label when the generator gives ${value}`, () => {
      expect(labelsOf({ x: "1" }, { a: () => value, b: () => "made" })).toEqual({ x: "1", b: "made" });
    });
  }

  test("keeps empty text", () => {
    expect(labelsOf({}, { a: () => "" })).toEqual({ a: "" });
  });

  test("leaves out a label that is no text, and says so", () => {
    const { labelled, logged } = labelledTasks({ a: () => 7, b: () => "made" });
    expect(labelled.label([taskWith()]).map(({ labels }) => labels)).toEqual([
      { task_id: "t1", task_name: "t1", b: "made" },
    ]);
    expect(logged()).toEqual([
      ["error", 'Cannot generate label "a" of task "t1": saw number 7, wanted text or nothing'],
    ]);
  });

  const thrown = [
    { what: "an error", error: new Error("no such thing"), said: "no such thing" },
    { what: "text", error: "words", said: "words" },
    { what: "null", error: null, said: "null" },
  ];
  for (const { what, error, said } of thrown) {
    test(`goes on without the label when the generator throws ${what}`, () => {
      function fail(): never {
        throw error;
      }
      const { labelled, logged } = labelledTasks({ a: fail, b: () => "made" });
      expect(labelled.label([taskWith()]).map(({ labels }) => labels)).toEqual([
        { task_id: "t1", task_name: "t1", b: "made" },
      ]);
      expect(logged()).toEqual([["error", `Cannot generate label "a" of task "t1": ${said}`]]);
    });
  }

  test("says a failure once, not for each task of each round", () => {
    let message = "broken";
    const { labelled, logged } = labelledTasks({
      a: () => {
        throw new Error(message);
      },
    });
    for (let round = 0; round < 3; round++) labelled.label([taskWith({ id: "t1" }), taskWith({ id: "t2" })]);
    message = "broken otherwise";
    labelled.label([taskWith({ id: "t3" })]);
    expect(logged()).toEqual([
      ["error", 'Cannot generate label "a" of task "t1": broken'],
      ["error", 'Cannot generate label "a" of task "t3": broken otherwise'],
    ]);
  });
});

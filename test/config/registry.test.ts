import { describe, expect, test } from "bun:test";
import { createRegistry, tagsOf } from "../../src/config/registry.ts";
import { LogStorage, PlainNode, problemsIn, REGISTRY, StaticNode } from "./sample.ts";

describe("createRegistry()", () => {
  test("knows a class by its name and gives its declaration", () => {
    expect(createRegistry([StaticNode]).get("StaticNode")).toEqual({
      tag: "StaticNode",
      role: "node",
      component: StaticNode.component,
      componentClass: StaticNode,
    });
  });

  test("gives a class that only extends a role no options", () => {
    expect(createRegistry([PlainNode]).get("PlainNode")?.component).toEqual({
      role: "node",
      doc: "",
      options: {},
    });
  });

  test("refuses a name that is taken", () => {
    const Copy = { LogStorage: class LogStorage extends PlainNode {} }.LogStorage;
    expect(problemsIn(() => createRegistry([LogStorage, Copy]))).toEqual([
      '--register: Cannot register component "LogStorage": the name is taken',
    ]);
  });

  test("refuses names that mean something else", () => {
    class Env extends PlainNode {}
    class MeasurementRunnerConfig extends PlainNode {}
    for (const reserved of [Env, MeasurementRunnerConfig]) {
      expect(problemsIn(() => createRegistry([reserved]))).toEqual([
        `--register: Cannot register component "${reserved.name}": the name means something else`,
      ]);
    }
  });

  test("refuses a class without a role", () => {
    class Nothing {}
    expect(problemsIn(() => createRegistry([Nothing]))).toEqual([
      '--register: Cannot register component "Nothing": it declares no role, wanted a "static component" or a role to extend',
    ]);
  });

  test("refuses a class without a name", () => {
    expect(problemsIn(() => createRegistry([class extends PlainNode {}]))).toEqual([
      '--register: Cannot register component "": a tag is made of letters, digits and underscores',
    ]);
  });
});

test("tagsOf() lists the tags of a role in alphabetical order", () => {
  expect(tagsOf(REGISTRY, "node")).toEqual(["PlainNode", "StaticNode"]);
  expect(tagsOf(REGISTRY, "collector")).toEqual([]);
});

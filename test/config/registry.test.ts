import { describe, expect, test } from "bun:test";
import { createRegistry, type Registration, tagsOf, withUserClasses } from "../../src/config/registry.ts";
import { Storage } from "../../src/model/roles.ts";
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
      '--register: Cannot register component "LogStorage": the name is taken by a component of the program',
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

describe("withUserClasses()", () => {
  const stock = createRegistry([LogStorage, StaticNode]);
  const Stand = {
    LogStorage: class LogStorage extends Storage {
      store(): void {}
    },
  }.LogStorage;

  test("adds classes, and lets one take the place of another of its role", () => {
    const replaced: (readonly [now: Registration, before: Registration])[] = [];
    const onReplaced = (now: Registration, before: Registration) => void replaced.push([now, before]);
    const classes = [
      { componentClass: Stand, spec: "s.ts:LogStorage" },
      { componentClass: PlainNode, spec: "n.ts" },
    ];
    const whole = withUserClasses(stock, classes, { onReplaced });
    expect([...whole.keys()]).toEqual(["LogStorage", "StaticNode", "PlainNode"]);
    expect(whole.get("LogStorage")).toMatchObject({ componentClass: Stand, spec: "s.ts:LogStorage" });
    expect(stock.get("LogStorage")?.componentClass).toBe(LogStorage);
    expect(replaced).toEqual([[whole.get("LogStorage"), stock.get("LogStorage")]] as never);
    // What was bundled may be replaced by what is registered.
    expect(withUserClasses(whole, [{ componentClass: LogStorage, spec: "-r" }]).get("LogStorage")?.spec).toBe(
      "-r",
    );
  });

  test("takes the same class twice", () => {
    const twice = ["a", "b"].map((spec) => ({ componentClass: PlainNode, spec }));
    expect(withUserClasses(stock, twice).get("PlainNode")?.spec).toBe("a");
  });

  test("refuses names of two classes, of another role, and reserved ones, all together", () => {
    class Env extends PlainNode {}
    const Other = { PlainNode: class PlainNode extends StaticNode {} }.PlainNode;
    const OfRole = {
      StaticNode: class StaticNode extends Storage {
        store(): void {}
      },
    }.StaticNode;
    const classes = [PlainNode, Other, OfRole, Env].map((componentClass, index) => ({
      componentClass,
      spec: `${index}.ts`,
    }));
    expect(problemsIn(() => withUserClasses(stock, classes))).toEqual([
      '--register 1.ts: Cannot register component "PlainNode": the name is taken by 0.ts',
      '--register 2.ts: Cannot register component "StaticNode": the name is taken by a component of the program, which is a node and cannot be replaced by a storage',
      '--register 3.ts: Cannot register component "Env": the name means something else',
    ]);
  });
});

test("tagsOf() lists the tags of a role in alphabetical order", () => {
  expect(tagsOf(REGISTRY, "node")).toEqual(["PlainNode", "StaticNode"]);
  expect(tagsOf(REGISTRY, "collector")).toEqual([]);
});

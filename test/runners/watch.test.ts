import { describe, expect, test } from "bun:test";
import { Unsupported } from "../../src/model/errors.ts";
import { Watch } from "../../src/runners/watch.ts";
import { testContext } from "../support/context.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { tempTree } from "../support/tree.ts";

function watchWithLog() {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  return { watch: new Watch(log), logged: () => logged.filter(([level]) => level !== "debug") };
}

function fail(message: string): never {
  throw new Error(message);
}

describe("Watch", () => {
  test("call() gives the result and notes seconds and success", async () => {
    using clock = fakeClock();
    const { watch, logged } = watchWithLog();
    expect(watch.call("A", () => 7)).toBe(7);
    const waiting = watch.callAsync("B", () => new Promise((resolve) => setTimeout(() => resolve(8), 1500)));
    await clock.pass(1500);
    expect(await waiting).toBe(8);
    expect(watch.measurements()).toEqual({
      wca_duration_seconds: {},
      wca_duration_seconds_avg: {},
      wca_component_duration_seconds: { A: 0, B: 1.5 },
      wca_component_success: { A: 1, B: 1 },
      wca_component_failures_total: { A: 0, B: 0 },
    });
    expect(logged()).toEqual([]);
  });

  test("call() says a failure once, then a change, then the recovery, and counts all", () => {
    const { watch, logged } = watchWithLog();
    for (const message of ["disk full", "disk full", "disk gone", "disk gone", "disk full"])
      expect(watch.call("Disk", () => fail(message))).toBeUndefined();
    expect(watch.measurements()["wca_component_success"]).toEqual({ Disk: 0 });
    watch.call("Disk", () => undefined);
    watch.call("Disk", () => undefined);
    expect(logged()).toEqual([
      ["error", "Disk failed: disk full; the others go on, repetitions are counted"],
      ["error", "Disk failed: disk gone; the others go on, repetitions are counted"],
      ["error", "Disk failed: disk full; the others go on, repetitions are counted"],
      ["info", "Disk works again"],
    ]);
    expect(watch.measurements()).toMatchObject({
      wca_component_success: { Disk: 1 },
      wca_component_failures_total: { Disk: 5 },
    });
  });

  const thrown = [
    { what: "text", error: "words", said: "words" },
    { what: "nothing", error: undefined, said: "undefined" },
    { what: "null", error: null, said: "null" },
    { what: "an error without a message", error: new Error(), said: "" },
  ];
  for (const { what, error, said } of thrown) {
    test(`call() says once what is no usual error: ${what}`, () => {
      const { watch, logged } = watchWithLog();
      for (let call = 0; call < 3; call++) {
        watch.call("A", () => {
          throw error;
        });
      }
      expect(logged()).toEqual([["error", `A failed: ${said}; the others go on, repetitions are counted`]]);
      expect(watch.measurements()["wca_component_failures_total"]).toEqual({ A: 3 });
    });
  }

  test("call() warns of what the host does not support", () => {
    const { watch, logged } = watchWithLog();
    watch.call("A", () => {
      throw new Unsupported("no PMU");
    });
    expect(logged()).toEqual([["warning", "A failed: no PMU; the others go on, repetitions are counted"]]);
  });

  test("callAsync() takes a verb that throws at once for one that rejects", async () => {
    const { watch, logged } = watchWithLog();
    expect(await watch.callAsync("A", () => fail("at once"))).toBeUndefined();
    expect(await watch.callAsync("A", () => Promise.reject(new Error("at once")))).toBeUndefined();
    expect(logged()).toEqual([["error", "A failed: at once; the others go on, repetitions are counted"]]);
    expect(watch.measurements()["wca_component_failures_total"]).toEqual({ A: 2 });
  });

  test("duration() gives the last and the mean by name, in alphabetical order and whole microseconds", () => {
    const { watch } = watchWithLog();
    watch.duration("sleep", 1);
    watch.duration("iteration", 0.1234564);
    watch.duration("sleep", 2);
    const measurements = watch.measurements();
    expect(measurements).toMatchObject({
      wca_duration_seconds: { iteration: 0.123456, sleep: 2 },
      wca_duration_seconds_avg: { iteration: 0.123456, sleep: 1.5 },
    });
    expect(Object.keys(measurements["wca_duration_seconds"] ?? {})).toEqual(["iteration", "sleep"]);
  });
});

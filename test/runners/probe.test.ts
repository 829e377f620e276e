import { expect, test } from "bun:test";
import { UncoreCollector } from "../../src/collectors/uncore/uncore.ts";
import { probe } from "../../src/runners/probe.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

const WHOSE = { component: "C", tasks: [] };

test("probe() gives the rows of a component, and none of one that has none", async () => {
  const rows = [{ component: "C", feature: "f", supported: true, detail: "d" }] as const;
  expect(await probe({ probe: async () => rows }, WHOSE)).toEqual(rows);
  expect(await probe({}, WHOSE)).toEqual([]);
});

test("probe() makes a row of a failure, such as a root directory without /proc", async () => {
  using tree = tempTree({});
  const options = { uncore_event_names: [], enable_derived_metrics: false };
  const failing = [
    [new UncoreCollector(options, testContext(tree.host)), 'Cannot read "/proc/cpuinfo": ENOENT'],
    [{ probe: () => Promise.reject(new TypeError("no\nluck")) }, "no; luck"],
  ] as const;
  for (const [instance, detail] of failing) {
    expect(await probe(instance, WHOSE)).toEqual([
      { component: "C", feature: "all of it", supported: false, detail },
    ]);
  }
});

import { expect, test } from "bun:test";
import { z } from "zod";
import { TopologyCollector } from "../../src/collectors/topology.ts";
import { COLLECTOR_OPTIONS, makeCollectors } from "../../src/runners/collectors.ts";
import { testContext } from "../support/context.ts";
import { tempTree } from "../support/tree.ts";

const ALWAYS = [
  "CgroupCollector",
  "TopologyCollector",
  "CpuCollector",
  "MemoryCollector",
  "NumaCollector",
  "PressureCollector",
  "VmstatCollector",
  "ZoneinfoCollector",
  "HugepagesCollector",
];

/** What the options bring beside that. */
function broughtBy(written: Readonly<Record<string, unknown>>): readonly string[] {
  using tree = tempTree({});
  const context = testContext(tree.host);
  const options = z.object(COLLECTOR_OPTIONS).parse(written);
  const made = makeCollectors(options, context, new TopologyCollector({}, context));
  const names = made.map((collector) => collector.constructor.name);
  expect(names.filter((name) => ALWAYS.includes(name))).toEqual(ALWAYS);
  return names.filter((name) => !ALWAYS.includes(name));
}

const OFF = { rdt_enabled: false, gather_hw_mm_topology: false };

test.each([
  [{}, ["ResctrlCollector", "MemoryModulesCollector"]],
  [OFF, []],
  [{ ...OFF, rdt_enabled: "auto" }, ["ResctrlCollector"]],
  [{ ...OFF, event_names: ["task_cycles"] }, ["PerfCollector"]],
  [{ ...OFF, uncore_event_names: ["platform_cas_count_reads"] }, ["UncoreCollector"]],
  [{ ...OFF, sched: "nr_.*" }, ["SchedCollector", "SchedstatCollector"]],
  [{ ...OFF, sched: true, schedstat: false }, ["SchedCollector"]],
  [{ ...OFF, schedstat: true }, ["SchedstatCollector"]],
  [{ ...OFF, wss_reset_cycles: 0 }, ["WssCollector"]],
  [{ ...OFF, wss_source: "damon" }, ["WssCollector"]],
])("makeCollectors() makes what %j switches on", (options, names) => {
  expect(broughtBy(options)).toEqual(names);
});

test("makeCollectors() lets perf claim descriptors first, and working sets come after resctrl", () => {
  const names = broughtBy({ event_names: ["task_cycles"], wss_reset_cycles: 0 });
  expect(names).toEqual(["PerfCollector", "ResctrlCollector", "MemoryModulesCollector", "WssCollector"]);
});

import { describe, expect, test } from "bun:test";
import { DERIVED_METRICS } from "../../../src/collectors/perf/derived.ts";
import { PERF_OPTIONS, perfRows } from "../../../src/collectors/perf/options.ts";
import { FACTOR_AVG, FACTOR_MAX } from "../../../src/collectors/perf/task-events.ts";
import { COMPONENTS } from "../../../src/components.ts";
import { parseYaml } from "../../../src/config/document.ts";
import { buildConfig } from "../../../src/config/load.ts";
import { createRegistry } from "../../../src/config/registry.ts";
import { PREDEFINED_EVENT_NAMES } from "../../../src/kernel/perf/event-names.ts";
import { PERF_ROWS } from "../../../src/model/catalogue/perf.ts";
import { ConfigError } from "../../../src/model/errors.ts";
import { testContext } from "../../support/context.ts";
import { tempTree } from "../../support/tree.ts";

/** What is wrong with the options of a runner. */
function problemsOf(options: string): readonly (readonly [string, string, string])[] {
  using tree = tempTree({});
  const yaml = `runner: !MeasurementRunner\n  node: !CgroupNode {}\n${options}`;
  try {
    buildConfig(parseYaml(yaml, "c.yaml"), {
      registry: createRegistry(COMPONENTS),
      contextFor: () => testContext(tree.host),
      env: {},
      hostname: "test-host",
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ at, path, message }) => [at, path, message]);
  }
  return [];
}

describe("event_names", () => {
  test("takes predefined, raw and kernel-named events", () => {
    expect(
      problemsOf(
        "  event_names: [task_cycles, my__r03c0, cpu/mem-loads/, mine/msr/tsc/]\n  perf_tasks: { a: b }\n",
      ),
    ).toEqual([]);
  });

  test("tells the place of each name that is wrong, or there twice", () => {
    const problems = problemsOf(
      "  event_names:\n    - task_cycle\n    - task_cycles\n    - some__r00\n    - task_cycles\n",
    );
    expect(problems.map(([at, path]) => [at, path])).toEqual([
      ["c.yaml:4:7", "runner.event_names[0]"],
      ["c.yaml:6:7", "runner.event_names[2]"],
      ["c.yaml:7:7", "runner.event_names[3]"],
    ]);
    const [cycle, raw, twice] = problems.map(([, , message]) => message);
    expect(cycle).toStartWith('saw text "task_cycle", wanted <name>__r<hexadecimal digits>');
    expect(raw).toContain('hexadecimal digits behind "__r", not 2');
    expect(twice).toBe('saw text "task_cycles", wanted each event once');
  });

  test("is a list", () => {
    expect(problemsOf("  event_names: task_cycles\n").map(([, path]) => path)).toEqual([
      "runner.event_names",
    ]);
  });
});

test("PERF_OPTIONS switch nothing on by themselves", () => {
  const { event_names, perf_aggregate_cpus, enable_derived_metrics, perf_tasks } = PERF_OPTIONS;
  expect([
    event_names.parse(undefined),
    perf_aggregate_cpus.parse(undefined),
    enable_derived_metrics.parse(undefined),
    perf_tasks.parse(undefined),
  ]).toEqual([[], true, false, undefined]);
});

test("PERF_ROWS has a row for each predefined event, factor and derived metric", () => {
  expect(Object.keys(PERF_ROWS).sort()).toEqual(
    [...PREDEFINED_EVENT_NAMES, FACTOR_AVG, FACTOR_MAX, ...DERIVED_METRICS].sort(),
  );
});

test("PERF_ROWS keeps the names of the original's first tutorial", () => {
  expect(
    Object.fromEntries(
      Object.entries(PERF_ROWS).flatMap(([name, row]) => ("classic" in row ? [[name, row.classic]] : [])),
    ),
  ).toEqual({
    task_instructions: "instructions",
    task_cycles: "cycles",
    task_cache_misses: "cache_misses",
    task_cache_references: "cache_references",
    task_stalled_mem_loads: "stalls_mem_load",
    task_scaling_factor_avg: "scaling_factor_avg",
    task_scaling_factor_max: "scaling_factor_max",
  });
});

test("perfRows() describes the user's own events and adds the label cpu where CPUs are kept apart", () => {
  const event_names = ["task_cycles", "mine__r03c0"];
  const own = new Map(perfRows({ event_names, perf_aggregate_cpus: true }));
  expect([...own.keys()]).toEqual(["mine__r03c0"]);
  expect(own.get("mine__r03c0")).toMatchObject({ type: "counter", labels: [], scope: "task" });
  const byCpu = perfRows({ event_names, perf_aggregate_cpus: false });
  expect(byCpu.map(([name]) => name)).toEqual([...Object.keys(PERF_ROWS), "mine__r03c0"]);
  expect(byCpu.filter(([, { labels }]) => labels.join() !== "cpu")).toEqual([]);
});

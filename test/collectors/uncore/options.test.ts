import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { TopologyCollector } from "../../../src/collectors/topology.ts";
import { groupsOf, UNCORE_OPTIONS, uncoreRows } from "../../../src/collectors/uncore/options.ts";
import { COMPONENTS } from "../../../src/components.ts";
import { parseYaml } from "../../../src/config/document.ts";
import { buildConfig } from "../../../src/config/load.ts";
import { createRegistry } from "../../../src/config/registry.ts";
import { ConfigError } from "../../../src/model/errors.ts";
import { COLLECTOR_OPTIONS, catalogueRows, makeCollectors } from "../../../src/runners/collectors.ts";
import { testContext } from "../../support/context.ts";
import { tempTree } from "../../support/tree.ts";

const options = z.object(UNCORE_OPTIONS);

/** The problems of a configuration with this value of uncore_event_names. */
function problemsOf(value: string): readonly string[] {
  using tree = tempTree({});
  const text = `runner: !MeasurementRunner\n  node: !CgroupNode {}\n  uncore_event_names: ${value}\n`;
  try {
    buildConfig(parseYaml(text, "c.yaml"), {
      registry: createRegistry(COMPONENTS),
      contextFor: () => testContext(tree.host),
      env: {},
      hostname: "test-host",
    });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ at, message }) => `${at} ${message}`);
    throw error;
  }
}

describe("the option uncore_event_names", () => {
  test("is empty when left out", () => expect(options.parse({})).toEqual({ uncore_event_names: [] }));

  test("takes a list of names and a list of such lists", () => {
    expect(problemsOf("[platform_cas_count_reads, a/uncore_cha/event=0x1/]")).toEqual([]);
    expect(problemsOf("[[platform_cas_count_reads], [a/uncore_cha/event=0x1/]]")).toEqual([]);
  });

  test("is refused at the place of each wrong name", () => {
    expect(problemsOf("[platform_cas_count_reads, a/uncore_imc/umask=1/]")).toEqual([
      'c.yaml:3:50 saw text "a/uncore_imc/umask=1/", wanted event=, config= or the name of an event of the PMU',
    ]);
    expect(problemsOf("[[platform_cas_count_reads, b/cpu/event=1/], [c/uncore_imc/event=zz/]]")).toEqual([
      'c.yaml:3:51 saw text "b/cpu/event=1/", wanted a PMU of the host such as uncore_imc, uncore_cha, uncore_upi, amd_df or amd_umc, or one unit such as uncore_imc_0, not "cpu"',
      'c.yaml:3:69 saw text "c/uncore_imc/event=zz/", wanted a hexadecimal number behind "event=", not "zz"',
    ]);
  });

  test("is refused when one metric would be two events", () => {
    expect(problemsOf("[[a/uncore_imc/event=1/], [a/uncore_imc/event=2/]]")).toEqual([
      'c.yaml:3:50 saw text "a/uncore_imc/event=2/", wanted another metric name than that of "a/uncore_imc/event=1/"',
    ]);
    expect(problemsOf("[[platform_imc_clockticks], [platform_imc_clockticks]]")).toEqual([]);
  });

  test("is refused when it is no list of texts", () => {
    expect(problemsOf("platform_cas_count_reads")).toEqual([
      'c.yaml:3:23 saw text "platform_cas_count_reads", wanted a list of uncore events, or of lists of them',
    ]);
    expect(problemsOf("[1]")).toHaveLength(1);
    expect(problemsOf("[[[platform_cas_count_reads]]]")).toHaveLength(1);
  });
});

test("groupsOf() gives one group of a flat list, and each list its own, every metric once", () => {
  const [a, b, c] = ["platform_cas_count_reads", "platform_cas_count_writes", "n/uncore_cha/event=1/"];
  expect(groupsOf([])).toEqual([]);
  expect(groupsOf([a, b, a])).toEqual([[a, b]]);
  expect(groupsOf([[a, c], [b], [], [a]])).toEqual([[a, c], [b]]);
  expect(groupsOf([a, [b], c])).toEqual([[a, c], [b]]);
});

test("uncoreRows() describes events of both forms of the list", () => {
  const rows = uncoreRows({
    uncore_event_names: ["a/uncore_imc/event=1/", ["b/uncore_cha/event=2"], "platform_imc_clockticks"],
  });
  expect(rows.map(([name, { type, labels }]) => [name, type, labels])).toEqual([
    ["a", "counter", ["socket", "pmu_type"]],
    ["b", "counter", ["socket", "pmu_type"]],
  ]);
});

test("the runner describes the user's own uncore metrics, and measures them after those of tasks", () => {
  using tree = tempTree({});
  const all = z.object(COLLECTOR_OPTIONS).parse({ uncore_event_names: ["a/uncore_imc/event=1/"] });
  expect(catalogueRows(all).map(([name]) => name)).toEqual(["a"]);
  const context = testContext(tree.host);
  const names = makeCollectors(all, context, new TopologyCollector({}, context)).map(
    (each) => each.constructor.name,
  );
  expect(names.indexOf("UncoreCollector")).toBe(names.indexOf("PerfCollector") + 1);
});

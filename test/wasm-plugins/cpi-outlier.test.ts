import { describe, expect, test } from "bun:test";
import type { Decision } from "../../src/model/anomaly.ts";
import { decodeDecision } from "../../src/protocol/decode-decision.ts";
import { decodeDescription } from "../../src/protocol/decode-description.ts";
import { encoderOf } from "../../src/protocol/encoder.ts";
import type { Description } from "../../src/protocol/messages.ts";
import { selected } from "../../src/protocol/selection.ts";
import { listPlugins } from "../../tools/build-plugin.ts";
import { SERIES } from "../../tools/cpi-outlier/series.ts";
import {
  expectedResults,
  fullOptions,
  listSeries,
  optionsSchema,
  type RoundResult,
  readExpected,
  resultOf,
  type StoredSeries,
} from "../../tools/cpi-outlier/stored-series.ts";
import { synthesize } from "../../tools/cpi-outlier/synthesis.ts";
import { pluginToolchain } from "../../tools/plugin-toolchain.ts";
import { differenceOf } from "../support/close-to.ts";
import { testContext } from "../support/context.ts";
import { PLUGIN_HOSTS, type PluginHost } from "../support/plugin-host.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";
import { buildWasmPlugin } from "../support/wasm-plugin.ts";

const TIMEOUT_MS = 60_000;
const NOTHING = new Uint8Array(0);

const stored = listSeries();
const large = Object.entries(SERIES)
  .filter(([, { isLarge }]) => isLarge)
  .map(([name, { options = {}, ...plan }]): StoredSeries => ({ name, options, snapshots: synthesize(plan) }));

/** The first round that is another one than it should be. */
function firstDifference(seen: readonly RoundResult[], wanted: readonly RoundResult[]): string | undefined {
  if (seen.length !== wanted.length) return `saw ${seen.length} rounds, wanted ${wanted.length}`;
  for (const [round, result] of seen.entries()) {
    const difference = differenceOf(result, wanted[round], `round ${round}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Text as is, all else as JSON. */
function configOf(options: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(fullOptions(options)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

async function play(host: PluginHost, description: Description, { snapshots }: StoredSeries) {
  const encoder = encoderOf(description.input ?? "json");
  const results: RoundResult[] = [];
  for (const snapshot of snapshots) {
    const output = await host.call("detect", encoder.encode(selected(snapshot, description)));
    const decision: Decision = decodeDecision(output);
    results.push(resultOf(decision));
  }
  return results;
}

describe("CpiOutlierDetector", () => {
  test.each(stored)("gives what is stored for the series $name", (series) => {
    expect(firstDifference(expectedResults(series), readExpected(series.name))).toBeUndefined();
  });

  test.each(stored.filter(({ name }) => name.startsWith("quiet-")))("reports nothing in $name", (series) => {
    expect(expectedResults(series).flatMap(({ anomalies }) => anomalies)).toEqual([]);
  });
});

for (const plugin of (await listPlugins()).filter(({ output }) => output.endsWith("cpi-outlier.wasm"))) {
  const { name, language } = plugin;
  const isBuilt = await requirement(`a compiler of ${language} for WebAssembly`, () =>
    pluginToolchain(language),
  );
  const bytes = isBuilt ? await buildWasmPlugin(plugin) : NOTHING;
  const { log } = testContext(tempTree({}).host);

  for (const [hostName, open] of Object.entries(PLUGIN_HOSTS)) {
    describe.skipIf(!isBuilt)(`${name} in ${hostName}`, () => {
      async function describeIt(): Promise<Description> {
        await using host = await open({ bytes, config: {}, log });
        return decodeDescription(await host.call("describe", NOTHING));
      }

      test("describes the options of the class", async () => {
        const { options, measurements = [], role } = await describeIt();
        expect(role).toBe("detector");
        expect(options).toEqual(JSON.parse(optionsSchema()));
        expect([...measurements].sort()).toEqual([
          "task_cache_misses",
          "task_cpu_throttled_seconds_total",
          "task_cpu_usage_seconds",
          "task_cycles",
          "task_instructions",
          "task_pressure_seconds_total",
        ]);
      });

      test.each([...stored, ...large])(
        "agrees with the class on the series $name",
        async (series) => {
          const description = await describeIt();
          await using host = await open({ bytes, config: configOf(series.options), log });
          const seen = await play(host, description, series);
          expect(firstDifference(seen, expectedResults(series))).toBeUndefined();
        },
        TIMEOUT_MS,
      );
    });
  }
}

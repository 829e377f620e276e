import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Log } from "../../src/model/log.ts";
import { decodeDecision } from "../../src/protocol/decode-decision.ts";
import { decodeDescription } from "../../src/protocol/decode-description.ts";
import { pluginToolchain } from "../../tools/plugin-toolchain.ts";
import { testContext } from "../support/context.ts";

import { PLUGIN_HOSTS } from "../support/plugin-host.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";
import { buildWasmPlugin } from "../support/wasm-plugin.ts";

const NOTHING = new Uint8Array(0);
const SNAPSHOT = new TextEncoder().encode(JSON.stringify({ timeMs: 1, tasks: [{ id: "a" }, { id: "b" }] }));

for (const language of ["rust", "go"]) {
  const isHere = await requirement(`a compiler of ${language} for WebAssembly`, () =>
    pluginToolchain(language),
  );
  const bytes = isHere ? await buildWasmPlugin(plugin(language), folder(language)) : NOTHING;
  const log: Log = testContext(tempTree({}).host).log;

  for (const [hostName, open] of Object.entries(PLUGIN_HOSTS)) {
    describe.skipIf(!isHere)(`a plugin on nothing but Extism's PDK for ${language}, in ${hostName}`, () => {
      test("describes itself", async () => {
        await using host = await open({ bytes, config: {}, log });
        expect(decodeDescription(await host.call("describe", NOTHING))).toEqual({
          protocol: 1,
          role: "detector",
          doc: "Names the first task.",
          measurements: [],
        });
      });

      test("detects, with its option and what it has remembered", async () => {
        await using host = await open({ bytes, config: { resource: "cache" }, log });
        for (const call of [1, 2]) {
          expect(decodeDecision(await host.call("detect", SNAPSHOT)).anomalies).toEqual([
            { resource: "cache", contendedTaskId: "a", contendingTaskIds: [`a-${call}`] },
          ]);
        }
      });
    });
  }

  describe.skipIf(!isHere)(`a plugin on nothing but Extism's PDK for ${language}`, () => {
    test("says why it failed", async () => {
      await using host = await PLUGIN_HOSTS["the sandbox"]?.({ bytes, config: {}, log });
      const failure = Promise.resolve(host?.call("detect", SNAPSHOT));
      expect(failure).rejects.toThrow("the option resource is missing");
      await failure.catch(() => {});
    });
  });
}

function plugin(language: string) {
  return {
    name: `extism-pdk-${language}`,
    language,
    build: ["sh", "build.sh"],
    output: "build/extism-pdk-alone.wasm",
  };
}

function folder(language: string): string {
  return join(import.meta.dir, "extism-pdk", language);
}

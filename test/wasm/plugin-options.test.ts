import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { DEFAULT_LIMITS } from "../../src/wasm/limits.ts";
import { limitsOf, limitTable, PLUGIN_OPTIONS } from "../../src/wasm/plugin-options.ts";

const parse = (options: object) => z.object(PLUGIN_OPTIONS).parse(options);

test("limitsOf() gives the defaults of the sandbox for what is left out", () => {
  expect(limitsOf(parse({}))).toEqual(DEFAULT_LIMITS);
  expect(limitsOf(parse({ limits: { call_seconds: 0.25, log_lines: 0 } }))).toEqual({
    ...DEFAULT_LIMITS,
    callSecs: 0.25,
    logLines: 0,
  });
});

test("docs/wasm-plugins.md has the limits as they are", () => {
  const text = fs.readFileSync(path.join(import.meta.dir, "../../docs/wasm-plugins.md"), "utf8");
  const rows = limitTable().map((row) => `| ${row.join(" | ")} |`);
  expect(rows).toHaveLength(11);
  expect(text).toContain(`\n${rows.join("\n")}\n`);
});

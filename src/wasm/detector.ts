import * as path from "node:path";
import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../config/component.ts";
import { path as pathOption } from "../config/schema.ts";
import { readModule } from "./module-file.ts";
import { PluginDetector } from "./plugin-detector.ts";
import { PLUGIN_OPTIONS } from "./plugin-options.ts";

/** Not a component, nor something with one in it. */
function isPlainData(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isPlainData);
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlainData);
}

/** A detector in WebAssembly that the configuration names by its file. */
export class WasmDetector extends PluginDetector {
  static readonly component = defineComponent("detector", {
    doc:
      "Runs a detector in WebAssembly in a process of its own, without files, network and environment. " +
      "With `-r module.wasm:Name` the same module is a tag of its own, see docs/wasm-plugins.md.",
    options: {
      module: pathOption().describe("File of the module."),
      config: z
        .record(z.string(), z.unknown().refine(isPlainData, { error: "plain data" }))
        .default({})
        .meta({ words: "a mapping" })
        .describe("Options of the module, checked against what it says of them."),
      ...PLUGIN_OPTIONS,
    },
  });

  constructor({ module, config, ...settings }: OptionsOf<typeof WasmDetector>, context: Context) {
    super({
      name: path.basename(module, ".wasm"),
      module: () => ({ bytes: readModule(module, settings) }),
      config,
      settings,
      context,
    });
  }
}

import { describeComponent } from "../config/describe.ts";
import { createRegistry, withUserClasses } from "../config/registry.ts";
import { loadExternal } from "../external.ts";
import { ConfigError } from "../model/errors.ts";
import { isModuleDetector } from "../wasm/module-detector.ts";
import type { CommandOptions } from "./load.ts";

/** `wca plugin describe`: what a module says of itself, and the digest to pin it with. */
export async function describePlugin(module: string, _options: CommandOptions): Promise<number> {
  const [loaded] = await loadExternal([module], {
    cwd: process.cwd(),
    searchPath: process.env["WCA_PATH"] ?? "",
  });
  const { componentClass } = loaded ?? {};
  if (loaded === undefined || componentClass === undefined || !isModuleDetector(componentClass)) {
    throw new ConfigError([{ at: module, path: "", message: "saw no module in WebAssembly, wanted one" }]);
  }
  const registry = withUserClasses(createRegistry([]), [loaded]);
  for (const registration of registry.values()) console.log(describeComponent(registration, registry));
  const { bytes, description } = componentClass.module;
  const { role, input = "json", measurements, platformMeasurements } = description;
  const rows = [
    ["Role", role],
    ["Input", input],
    ["Measurements of tasks", namesOf(measurements)],
    ["Measurements of the platform", namesOf(platformMeasurements)],
    ["Bytes", String(bytes.length)],
    ["SHA-256", new Bun.CryptoHasher("sha256").update(bytes).digest("hex")],
  ];
  console.log(`\n${rows.map(([name, value]) => `${name}: ${value}`).join("\n")}`);
  return 0;
}

function namesOf(names: readonly string[] | undefined): string {
  if (names === undefined) return "all";
  return names.length === 0 ? "none" : names.join(", ");
}

/*
 * bun tools/plugins.ts [NAME…]
 *
 * Builds the Wasm plugins of wasm-plugins/plugins.json, all or those named, and prints the size and seconds of each.
 */
import { relative } from "node:path";
import { buildPlugin, listPlugins } from "./build-plugin.ts";

async function main(names: readonly string[]): Promise<number> {
  const plugins = await listPlugins();
  const unknown = names.find((name) => plugins.every((plugin) => plugin.name !== name));
  if (unknown !== undefined) {
    console.error(`Cannot build "${unknown}": plugins are ${plugins.map(({ name }) => name).join(", ")}`);
    return 1;
  }
  let failed = 0;
  for (const plugin of plugins.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const began = Bun.nanoseconds();
    try {
      const module = await buildPlugin(plugin);
      const secs = ((Bun.nanoseconds() - began) / 1e9).toFixed(1);
      console.log(`${relative(process.cwd(), module)}: ${Bun.file(module).size} bytes in ${secs} s`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      failed += 1;
    }
  }
  return failed === 0 ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));

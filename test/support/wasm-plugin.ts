import { buildPlugin } from "../../tools/build-plugin.ts";

/** Builds the plugin and returns its bytes. Throws what the compiler said. */
export async function buildWasmPlugin(
  ...plugin: Parameters<typeof buildPlugin>
): Promise<Uint8Array<ArrayBuffer>> {
  return Bun.file(await buildPlugin(...plugin)).bytes();
}

import { join } from "node:path";
import { cToolchain } from "./toolchains/c.ts";
import { goToolchain } from "./toolchains/go.ts";
import { rustToolchain } from "./toolchains/rust.ts";
import type { Toolchain } from "./toolchains/toolchain.ts";

const ROOT = join(import.meta.dir, "..");

const TOOLCHAINS: Readonly<Record<string, () => Promise<Toolchain>>> = {
  assemblyscript: async () => ({ folders: [join(ROOT, "node_modules/.bin")], env: {} }),
  c: cToolchain,
  go: goToolchain,
  // The plugins need the same crates: built once for all of them.
  rust: async () => {
    const { folders, env } = await rustToolchain();
    return { folders, env: { CARGO_TARGET_DIR: join(ROOT, ".cache/rust-target"), ...env } };
  },
};

/**
 * The environment in which plugins in that language can be built, or throws why they cannot be built here and what
 * to install. What is missing is unpacked below `.cache` where that is possible.
 */
export async function pluginToolchain(language: string): Promise<Readonly<Record<string, string>>> {
  const toolchain = TOOLCHAINS[language];
  if (toolchain === undefined) {
    const known = Object.keys(TOOLCHAINS).join(", ");
    throw new Error(`Cannot build a plugin in "${language}": known languages are ${known}`);
  }
  const { folders, env } = await toolchain();
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  const PATH = [...folders, process.env["PATH"] ?? ""].join(":");
  return { ...Object.fromEntries(inherited), ...env, PATH };
}

import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pluginToolchain } from "./plugin-toolchain.ts";

const PLUGINS = join(import.meta.dir, "../wasm-plugins");

/** A row of `wasm-plugins/plugins.json`. */
export interface WasmPlugin {
  /** That of its folder. */
  readonly name: string;
  readonly language: string;
  /** Command line, run in the plugin's folder. */
  readonly build: readonly string[];
  /** The module that it writes, below that folder. */
  readonly output: string;
}

export async function listPlugins(): Promise<readonly WasmPlugin[]> {
  return Bun.file(join(PLUGINS, "plugins.json")).json();
}

/** Builds the plugin and answers the path of its module. Throws when a compiler is missing, or what it said. */
export async function buildPlugin(
  { name, language, build, output }: WasmPlugin,
  folder = join(PLUGINS, name),
): Promise<string> {
  const env = await pluginToolchain(language);
  const module = join(folder, output);
  await mkdir(dirname(module), { recursive: true });
  const child = Bun.spawn([...build], { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [words, complaint, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (status !== 0) {
    throw new Error(`Cannot build "${name}": exit status ${status}, ${words.trim()}${complaint.trim()}`);
  }
  if (!(await Bun.file(module).exists())) {
    throw new Error(`Cannot build "${name}": "${build.join(" ")}" did not write "${module}"`);
  }
  return module;
}

import * as fs from "node:fs";
import * as path from "node:path";

const ROOT = path.resolve(import.meta.dir, "../..");
const FOLDER = path.join(ROOT, "wasm-plugins");

/** A row of `wasm-plugins/plugins.json`. */
export interface WasmPlugin {
  readonly name: string;
  readonly language: string;
  /** Command line, run in the plugin's folder. */
  readonly build: readonly string[];
  /** The module that it writes, below that folder. */
  readonly output: string;
}

export function listWasmPlugins(): readonly WasmPlugin[] {
  return JSON.parse(fs.readFileSync(path.join(FOLDER, "plugins.json"), "utf8"));
}

/** Builds the plugin and returns its bytes. Throws when the compiler is not there, or refuses. */
export function buildWasmPlugin({ name, build, output }: WasmPlugin): Uint8Array<ArrayBuffer> {
  const [program = "", ...args] = build;
  const PATH = `${path.join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`;
  const found = Bun.which(program, { PATH });
  if (found === null) throw new Error(`there is no ${program} on PATH`);
  const cwd = path.join(FOLDER, name);
  const file = path.join(cwd, output);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const { exitCode, stderr, stdout } = Bun.spawnSync([found, ...args], {
    cwd,
    env: { ...process.env, PATH },
  });
  if (exitCode !== 0) throw new Error(`Cannot build ${name}: ${stdout.toString()}${stderr.toString()}`);
  return Uint8Array.from(fs.readFileSync(file));
}

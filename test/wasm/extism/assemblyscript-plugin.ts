import * as fs from "node:fs";
import * as path from "node:path";
import { tempTree } from "../../support/tree.ts";

const SOURCE = path.join(import.meta.dirname, "vowels.as");
const NODE_MODULES = path.join(import.meta.dirname, "../../../node_modules");
/** As a program: its declarations of types replace those of the console. */
const COMPILER = path.join(NODE_MODULES, "assemblyscript/bin/asc.js");

/** `vowels.as`, compiled with the compiler and the PDK that are installed. */
export async function assemblyScriptPlugin(): Promise<Uint8Array> {
  using tree = tempTree({ "vowels.ts": fs.readFileSync(SOURCE) });
  const options = ["--outFile", "out.wasm", "--runtime", "incremental", "--use", "abort=vowels/onAbort"];
  const command = [process.execPath, COMPILER, "vowels.ts", ...options, "--path", NODE_MODULES];
  const compiler = Bun.spawn(command, { cwd: tree.root, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(compiler.stderr).text();
  if ((await compiler.exited) !== 0) throw new Error(`Cannot compile ${SOURCE}: ${said}`);
  return new Uint8Array(fs.readFileSync(path.join(tree.root, "out.wasm")));
}

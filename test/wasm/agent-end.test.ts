import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";
import { wat } from "../support/wat.ts";

const LOOP = wat('(module (memory 1) (func (export "loop") (result i32) (loop $l (br $l)) (i32.const 0)))');
const AS_ROOT = await requirement("root", () => {
  if (process.geteuid?.() !== 0) throw new Error("this is not root");
});
const USERS: readonly (readonly [string, readonly string[], boolean])[] = [
  ["the present user", [], true],
  ["an ordinary user", ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"], AS_ROOT],
];

/** A program that has a module loop, tells the process of the sandbox, and then ends as it is told to. */
function agent(ending: string, module: string): string {
  return `
    import { Sandbox } from ${JSON.stringify(path.join(import.meta.dir, "../../src/wasm/sandbox.ts"))};
    import * as fs from "node:fs";
    const quiet = () => {};
    const log = { critical: quiet, error: quiet, warning: quiet, info: quiet, debug: quiet, trace: quiet };
    const bytes = fs.readFileSync(${JSON.stringify(module)});
    const sandbox = new Sandbox({ name: "loop", bytes, log, limits: { callSecs: 60 } });
    await sandbox.start();
    sandbox.call("loop", new Uint8Array(0)).catch(quiet);
    await Bun.sleep(50);
    fs.writeSync(1, String(sandbox.health().pid));
    ${ending}
  `;
}

describe("the process of a sandbox ends with the agent, whatever the module does", () => {
  for (const [who, command, canRun] of USERS) {
    test.skipIf(!canRun).each([
      ["SIGKILL", 'process.kill(process.pid, "SIGKILL");'],
      ["process.exit()", "process.exit(0);"],
      ["a fault", 'throw new Error("on purpose");'],
    ])(`as ${who}: %s`, async (_, ending) => {
      using tree = tempTree({ "loop.wasm": "" });
      fs.chmodSync(tree.root, 0o755);
      const module = path.join(tree.root, "loop.wasm");
      fs.writeFileSync(module, LOOP);
      const child = Bun.spawn([...command, process.execPath, "--no-install", "-e", agent(ending, module)], {
        cwd: "/",
        stdout: "pipe",
        stderr: "ignore",
      });
      const pid = Number(await new Response(child.stdout).text());
      await child.exited;
      expect(pid).toBeGreaterThan(1);
      await goneWithin(pid, 1000);
      expect(stateOf(pid)).toBe("gone");
    });
  }
});

async function goneWithin(pid: number, milliseconds: number): Promise<void> {
  for (let waited = 0; waited < milliseconds && stateOf(pid) !== "gone"; waited += 10) await Bun.sleep(10);
}

/** A zombie that nobody of ours has to reap counts as gone. */
function stateOf(pid: number): string {
  try {
    const state = /^State:\s+(\S)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? "?";
    return state === "Z" || state === "X" ? "gone" : state;
  } catch {
    return "gone";
  }
}

import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tempTree } from "../support/tree.ts";

const TOOL = readFileSync(join(import.meta.dir, "../../tools/with-bun.mjs"), "utf8");

/** A repository in which there is nothing to install. */
function repository(script: string, pinned: unknown = Bun.version) {
  const manifest = JSON.stringify({ devDependencies: { bun: pinned } });
  return tempTree({
    "package.json": manifest,
    "bun.lock": "{}",
    "node_modules/.with-bun": createHash("sha256").update(manifest).update("{}").digest("hex"),
    "tools/with-bun.mjs": TOOL,
    "script.ts": script,
  });
}

function start(root: string, ...args: string[]) {
  const command = [process.execPath, "tools/with-bun.mjs", "script.ts", ...args];
  const env = { PATH: "/nowhere" };
  return Bun.spawn(command, { cwd: root, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
}

test("with-bun.mjs passes arguments and the exit code, puts bun on PATH, says nothing itself", async () => {
  using tree = repository(`
    const { stdout } = Bun.spawnSync(["bun", "--print", "Bun.version"]);
    console.log(JSON.stringify([process.argv.slice(2), stdout.toString().trim()]));
    process.exit(7);
  `);
  const child = start(tree.root, "a", "b c");
  expect(JSON.parse(await child.stdout.text())).toEqual([["a", "b c"], Bun.version]);
  expect(await child.stderr.text()).toBe("");
  expect(await child.exited).toBe(7);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`with-bun.mjs forwards ${signal}`, async () => {
    using tree = repository(`
      process.on("${signal}", () => process.exit(9));
      setInterval(() => {}, 1000);
      console.log("ready");
    `);
    const child = start(tree.root);
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill(signal);
    expect(await child.exited).toBe(9);
  });
}

test("with-bun.mjs ends by the signal that ended the script", async () => {
  using tree = repository('process.kill(process.pid, "SIGKILL");');
  const child = start(tree.root);
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
});

const REFUSALS = [
  {
    name: "no npm",
    pinned: "0.0.1",
    message: "Cannot install bun@0.0.1: no npm on PATH; install npm, or put Bun 0.0.1",
  },
  { name: "a range", pinned: "^1.4.0", message: "Cannot read the version of Bun: devDependencies.bun in" },
];
for (const { name, pinned, message } of REFUSALS) {
  test(`with-bun.mjs says what to do: ${name}`, async () => {
    using tree = repository("", pinned);
    const child = start(tree.root);
    expect(await child.stderr.text()).toContain(message);
    expect(await child.exited).toBe(1);
  });
}

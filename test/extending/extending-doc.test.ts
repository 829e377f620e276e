import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { debianProgram } from "../../tools/debian.ts";
import { compiledWca } from "../support/compiled.ts";
import { requirement } from "../support/requirement.ts";
import { type Tree, tempTree } from "../support/tree.ts";
import { until } from "../support/wca.ts";
import { type Block, blocksOf, matches, sessionOf } from "./blocks.ts";

const TIMEOUT_MS = 300_000;
const ROOT = path.join(import.meta.dirname, "../..");
const BLOCKS = blocksOf(fs.readFileSync(path.join(ROOT, "docs/extending.md"), "utf8"));
const FILES = ["ts", "yaml"];
/** Behind the blocks that need the registry of npm. */
const NETWORK = "network";
const PORT = 8000;

const socat = { package: "socat", path: "usr/bin/socat", dependencies: "all" } as const;
const hasSocat = await requirement("socat and port 8000", async () => {
  await debianProgram(socat);
  await new Promise<void>((resolve, reject) => {
    const server = net.createServer().once("error", reject);
    server.listen(PORT, "127.0.0.1", () => server.close(() => resolve()));
  });
});
const hasNetwork = await requirement("the registry of npm", async () => {
  await fetch("https://registry.npmjs.org/change-case", {
    method: "HEAD",
    signal: AbortSignal.timeout(20_000),
  });
});

/** A command that is left running until the next one has ended. */
interface Background {
  readonly block: Block;
  readonly child: Bun.Subprocess;
  readonly output: string;
}

const PROGRAMS: Readonly<Record<string, () => Promise<string>>> = {
  "from source": async () => `exec "${process.execPath}" "${ROOT}/src/main.ts" "$@"`,
  compiled: async () => `exec "${await compiledWca()}" "$@"`,
};

for (const [how, command] of Object.entries(PROGRAMS)) {
  describe(`docs/extending.md ${how}`, () => {
    let tree: Tree;
    let env: Record<string, string | undefined>;
    let background: Background | undefined;

    beforeAll(async () => {
      tree = tempTree({});
      const bin = path.join(tree.root, ".bin");
      fs.mkdirSync(bin);
      script(path.join(bin, "wca"), await command());
      script(path.join(bin, "bun"), `exec "${process.execPath}" "$@"`);
      if (hasSocat) script(path.join(bin, "socat"), `exec ${(await debianProgram(socat)).join(" ")} "$@"`);
      env = {
        ...process.env,
        NO_COLOR: "1",
        npm_config_loglevel: "error",
        PATH: `${bin}:${process.env["PATH"]}`,
      };
      if (hasNetwork) env["WCA_ARCHIVE"] = packed(tree.root);
    }, TIMEOUT_MS);
    afterAll(() => {
      background?.child.kill("SIGKILL");
      tree?.[Symbol.dispose]();
    });

    async function inBackground(block: Block): Promise<void> {
      const output = path.join(tree.root, ".background");
      const child = Bun.spawn(["bash", "-c", `exec ${sessionOf(block).commands}`], {
        cwd: tree.root,
        env,
        stdin: "pipe",
        stdout: Bun.file(output),
        stderr: "inherit",
      });
      background = { block, child, output };
      await until(() => isListening());
    }

    async function run(block: Block): Promise<void> {
      const { commands, expected } = sessionOf(block);
      const child = Bun.spawn(["bash", "-c", `exec 2>&1\n${commands}`], {
        cwd: tree.root,
        env,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      });
      const [output, status] = await Promise.all([child.stdout.text(), child.exited]);
      if (!matches(output, expected)) expect(output).toBe(`${expected.join("\n")}\n`);
      const wanted = block.words.find((word) => word.startsWith("exit="))?.slice("exit=".length) ?? "0";
      expect(status).toBe(Number(wanted));
      if (background === undefined) return;
      const { child: other, output: file, block: shown } = background;
      background = undefined;
      other.kill();
      await other.exited;
      const seen = fs.readFileSync(file, "utf8").replaceAll("\r", "");
      if (!matches(seen, sessionOf(shown).expected)) expect(seen).toBe(sessionOf(shown).expected.join("\n"));
    }

    for (const block of BLOCKS) {
      const { line, language, words, text } = block;
      const needsSocat = text.includes("socat") || text.includes("measurement_http_storage.yaml -r");
      const possible =
        (!words.includes(NETWORK) || hasNetwork) && (language !== "console" || !needsSocat || hasSocat);
      test.skipIf(!possible)(
        `line ${line}: ${language} ${words.join(" ")}`,
        async () => {
          const [name = ""] = words;
          if (FILES.includes(language)) {
            expect(name).toMatch(/^[\w.]+\.(ts|yaml)$/);
            fs.writeFileSync(path.join(tree.root, name), text, { mode: 0o644 });
          } else {
            // Whoever adds a block of another kind has to say here how it is run.
            expect(language).toBe("console");
            await (name.startsWith("terminal=") ? inBackground(block) : run(block));
          }
        },
        TIMEOUT_MS,
      );
    }
  });
}

describe("examples/", () => {
  for (const name of fs.readdirSync(path.join(ROOT, "examples"))) {
    test(`${name} is what the tutorial shows`, () => {
      const shown = BLOCKS.find(({ words }) => words[0] === name)?.text;
      expect(shown).toBe(fs.readFileSync(path.join(ROOT, "examples", name), "utf8"));
    });
  }
});

function script(file: string, command: string): void {
  fs.writeFileSync(file, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

function packed(folder: string): string {
  const { stdout, exitCode } = Bun.spawnSync(["npm", "pack", "--silent", "--pack-destination", folder], {
    cwd: ROOT,
  });
  expect(exitCode).toBe(0);
  return path.join(folder, stdout.toString().trim());
}

/** By the kernel's table: a connection would be taken for one of the agent. */
function isListening(): boolean {
  const port = PORT.toString(16).toUpperCase();
  return fs.readFileSync("/proc/net/tcp", "utf8").includes(`:${port} 00000000:0000 0A`);
}

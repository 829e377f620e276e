import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { compiledWca } from "../support/compiled.ts";
import { type Tree, tempTree } from "../support/tree.ts";
import { until } from "../support/wca.ts";
import { type Block, blocksOf, matches, sessionOf } from "./blocks.ts";

const TIMEOUT_MS = 300_000;
const ROOT = path.join(import.meta.dirname, "../..");
/** What is no command is a file that the page shows. */
const FILES = ["ts", "yaml", "jsonl"];
/** Behind a file that is there already. */
const SHOWN = "shown";

const PROGRAMS: Readonly<Record<string, () => Promise<string>>> = {
  "from source": async () => `exec "${process.execPath}" "${ROOT}/src/main.ts" "$@"`,
  compiled: async () => `exec "${await compiledWca()}" "$@"`,
};

export interface Page {
  /** Below the root of the repository. */
  readonly file: string;
  /** Scripts beside `wca` and `bun`: command line by name. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Further variables of the commands; `folder` is where the page is tried. */
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
  /** Whether a block can be run on this machine. Default: each. */
  readonly isPossible?: (block: Block) => boolean;
  /** Port that a command left running listens on. */
  readonly port?: number;
}

/** A command that is left running until the next one has ended. */
interface Background {
  readonly block: Block;
  readonly child: Bun.Subprocess;
  readonly output: string;
}

export function pageBlocks(file: string): readonly Block[] {
  return blocksOf(fs.readFileSync(path.join(ROOT, file), "utf8"));
}

/** Tests that do what a page says, block by block, from source and with the compiled program. */
export function testPage({ file, programs = {}, env: more, isPossible = () => true, port = 0 }: Page): void {
  for (const [how, command] of Object.entries(PROGRAMS)) {
    describe(`${file} ${how}`, () => {
      let tree: Tree;
      let env: Record<string, string | undefined>;
      let background: Background | undefined;

      beforeAll(async () => {
        tree = tempTree({});
        const bin = path.join(tree.root, ".bin");
        fs.mkdirSync(bin);
        script(path.join(bin, "wca"), await command());
        script(path.join(bin, "bun"), `exec "${process.execPath}" "$@"`);
        for (const [name, words] of Object.entries(programs))
          script(path.join(bin, name), `exec ${words} "$@"`);
        const added = more?.(tree.root) ?? {};
        const folders = added["PATH"] ?? process.env["PATH"];
        env = {
          ...process.env,
          NO_COLOR: "1",
          npm_config_loglevel: "error",
          ...added,
          PATH: `${bin}:${folders}`,
        };
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
        await until(() => isListening(port));
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
        const { child: other, output: seenIn, block: shown } = background;
        background = undefined;
        other.kill();
        await other.exited;
        const seen = fs.readFileSync(seenIn, "utf8").replaceAll("\r", "");
        if (!matches(seen, sessionOf(shown).expected))
          expect(seen).toBe(sessionOf(shown).expected.join("\n"));
      }

      function writeFile({ words: [name = "", ...attributes], text }: Block): void {
        const target = path.join(tree.root, name);
        if (attributes.includes(SHOWN)) {
          expect(fs.readFileSync(target, "utf8")).toBe(text);
          return;
        }
        expect(name).toMatch(/^[\w.]+\.(ts|yaml|jsonl)$/);
        fs.writeFileSync(target, text, { mode: 0o644 });
      }

      for (const block of pageBlocks(file)) {
        const { line, language, words } = block;
        test.skipIf(!isPossible(block))(
          `line ${line}: ${language} ${words.join(" ")}`,
          async () => {
            if (FILES.includes(language)) {
              writeFile(block);
              return;
            }
            // Whoever adds a block of another kind has to say here how it is run.
            expect(language).toBe("console");
            await (words[0]?.startsWith("terminal=") ? inBackground(block) : run(block));
          },
          TIMEOUT_MS,
        );
      }
    });
  }
}

function script(file: string, command: string): void {
  fs.writeFileSync(file, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

/** By the kernel's table: a connection would be taken for one of the agent. */
function isListening(port: number): boolean {
  const digits = port.toString(16).toUpperCase().padStart(4, "0");
  return fs.readFileSync("/proc/net/tcp", "utf8").includes(`:${digits} 00000000:0000 0A`);
}

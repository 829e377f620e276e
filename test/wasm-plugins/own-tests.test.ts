import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { pluginToolchain } from "../../tools/plugin-toolchain.ts";
import { requirement } from "../support/requirement.ts";

const PLUGINS = join(import.meta.dir, "../../wasm-plugins");
const TIMEOUT_MS = 300_000;

/** Folders with tests in the language that is tested: run on this machine itself, or as a module of their own. */
const SUITES = [
  {
    language: "assemblyscript",
    command: ["sh", "test/run.sh"],
    folders: ["pdk/assemblyscript", "cpi-outlier-assemblyscript"],
  },
  { language: "c", command: ["sh", "test/run.sh"], folders: ["pdk/c", "cpi-outlier-c"] },
  { language: "go", command: ["go", "test", "./..."], folders: ["pdk/go", "cpi-outlier-go"] },
  {
    language: "rust",
    command: ["cargo", "test", "--locked"],
    folders: ["pdk/rust/wca-pdk", "cpi-outlier-rust"],
  },
];

for (const { language, command, folders } of SUITES) {
  const isHere = await requirement(`a compiler of ${language} for WebAssembly`, () =>
    pluginToolchain(language),
  );

  describe.skipIf(!isHere)(`in ${language}`, () => {
    test.each(folders)(
      "the unit tests of wasm-plugins/%s pass, without a warning",
      async (folder) => {
        const env = {
          ...(await pluginToolchain(language)),
          CARGO_TERM_QUIET: "true",
          NODE: process.execPath,
        };
        const child = Bun.spawn(command, { cwd: join(PLUGINS, folder), env, stdout: "pipe", stderr: "pipe" });
        const [words, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
        expect({ status: await child.exited, words, complaint }).toMatchObject({ status: 0, complaint: "" });
      },
      TIMEOUT_MS,
    );
  });
}

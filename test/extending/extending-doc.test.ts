import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { debianProgram } from "../../tools/debian.ts";
import { requirement } from "../support/requirement.ts";
import { npmRegistry } from "./npm-registry.ts";
import { pageBlocks, testPage } from "./run-page.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const FILE = "docs/extending.md";
const PORT = 8000;

const socat = { package: "socat", path: "usr/bin/socat", dependencies: "all" } as const;
const hasSocat = await requirement("socat and port 8000", async () => {
  await debianProgram(socat);
  await new Promise<void>((resolve, reject) => {
    const server = net.createServer().once("error", reject);
    server.listen(PORT, "127.0.0.1", () => server.close(() => resolve()));
  });
});
const hasNetwork = await requirement("the registry of npm", npmRegistry);

testPage({
  file: FILE,
  programs: hasSocat ? { socat: (await debianProgram(socat)).join(" ") } : {},
  env: (folder) => (hasNetwork ? { WCA_ARCHIVE: packed(folder) } : {}),
  isPossible: ({ words, language, text }) => {
    const needsSocat = text.includes("socat") || text.includes("measurement_http_storage.yaml -r");
    return (!words.includes("network") || hasNetwork) && (language !== "console" || !needsSocat || hasSocat);
  },
  port: PORT,
});

describe("examples/", () => {
  const blocks = pageBlocks(FILE);
  for (const name of fs.readdirSync(path.join(ROOT, "examples"))) {
    test(`${name} is what the tutorial shows`, () => {
      const shown = blocks.find(({ words }) => words[0] === name)?.text;
      expect(shown).toBe(fs.readFileSync(path.join(ROOT, "examples", name), "utf8"));
    });
  }
});

function packed(folder: string): string {
  const { stdout, exitCode } = Bun.spawnSync(["npm", "pack", "--silent", "--pack-destination", folder], {
    cwd: ROOT,
  });
  expect(exitCode).toBe(0);
  return path.join(folder, stdout.toString().trim());
}

import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { goProgram } from "../../tools/go-program.ts";
import { requirement } from "../support/requirement.ts";

const TOOL = join(import.meta.dir, "../../tools/go-program.ts");
const MINUTE = 60_000;

interface Folder extends Disposable {
  readonly cache: string;
  readonly source: string;
  write(file: string, text: string): void;
}

/** A folder with a program that prints one word, and an empty cache. */
function program(word: string): Folder {
  const source = mkdtempSync(join(os.tmpdir(), "wca-go-source-"));
  const cache = mkdtempSync(join(os.tmpdir(), "wca-go-cache-"));
  const write = (file: string, text: string) => writeFileSync(join(source, file), text);
  write("go.mod", "module wca/test/word\n\ngo 1.21\n");
  write("main.go", `package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("${word}") }\n`);
  return {
    cache,
    source,
    write,
    [Symbol.dispose]: () => {
      for (const path of [source, cache]) rmSync(path, { recursive: true, force: true });
    },
  };
}

function output(path: string): string {
  return Bun.spawnSync([path]).stdout.toString();
}

test("goProgram() says that there is no Go", async () => {
  using folder = program("hello");
  const code = `import { goProgram } from "${TOOL}"; await goProgram("${folder.source}", { cache: "${folder.cache}" });`;
  const child = Bun.spawn([process.execPath, "-e", code], { env: { PATH: folder.cache }, stderr: "pipe" });
  expect(await child.stderr.text()).toContain(`Cannot build "${folder.source}": no go on PATH`);
  expect(await child.exited).toBe(1);
});

const met = await requirement("Go", () => {
  if (Bun.which("go") === null) throw new Error("no go on PATH");
});

describe.skipIf(!met)("with Go", () => {
  test(
    "goProgram() builds once, and anew when a file or a tag changes",
    async () => {
      using folder = program("hello");
      const { source, cache } = folder;
      const first = await goProgram(source, { cache });
      expect(output(first)).toBe("hello");
      const built = statSync(first).mtimeMs;
      expect(await goProgram(source, { cache })).toBe(first);
      expect(statSync(first).mtimeMs).toBe(built);

      folder.write("main.go", 'package main\n\nfunc main() { print("", word) }\n');
      folder.write(
        "a.go",
        '//go:build loud\n\npackage main\n\nimport "os"\n\nconst word = ""\n\nfunc init() { os.Stdout.WriteString("LOUD") }\n',
      );
      folder.write(
        "b.go",
        '//go:build !loud\n\npackage main\n\nimport "os"\n\nconst word = ""\n\nfunc init() { os.Stdout.WriteString("soft") }\n',
      );
      const soft = await goProgram(source, { cache });
      const loud = await goProgram(source, { cache, tags: ["loud"] });
      expect(new Set([first, soft, loud]).size).toBe(3);
      expect([output(first), output(soft), output(loud)]).toEqual(["hello", "soft", "LOUD"]);
    },
    2 * MINUTE,
  );

  test(
    "goProgram() builds once for several processes that ask at once",
    async () => {
      using folder = program("together");
      const code = `import { goProgram } from "${TOOL}"; process.stdout.write(await goProgram("${folder.source}", { cache: "${folder.cache}" }));`;
      // A `go` before the real one that notes each start.
      const counted = join(folder.cache, "starts");
      const path = join(folder.cache, "bin");
      const go = Bun.which("go") ?? "";
      await Bun.write(join(path, "go"), `#!/bin/sh\necho start >> "${counted}"\nexec "${go}" "$@"\n`);
      Bun.spawnSync(["chmod", "+x", join(path, "go")]);
      const env = { ...process.env, PATH: `${path}:${process.env["PATH"]}` };
      const children = [1, 2, 3].map(() => Bun.spawn([process.execPath, "-e", code], { env }));
      const paths = await Promise.all(children.map((child) => child.stdout.text()));
      expect(new Set(paths).size).toBe(1);
      expect(output(paths[0] ?? "")).toBe("together");
      expect(await Bun.file(counted).text()).toBe("start\n");
      expect(readdirSync(folder.cache).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    },
    2 * MINUTE,
  );

  test(
    "goProgram() gives the compiler's words, and leaves nothing that looks built",
    async () => {
      using folder = program("hello");
      folder.write("main.go", "package main\n\nfunc main() { missing() }\n");
      await expect(goProgram(folder.source, { cache: folder.cache })).rejects.toThrow("undefined: missing");
      expect(readdirSync(folder.cache).filter((name) => !name.endsWith(".lock"))).toEqual([]);
      folder.write("main.go", "package main\n\nfunc main() {}\n");
      expect(output(await goProgram(folder.source, { cache: folder.cache }))).toBe("");
    },
    2 * MINUTE,
  );
});

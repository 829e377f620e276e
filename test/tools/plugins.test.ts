import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { buildPlugin } from "../../tools/build-plugin.ts";
import { pluginToolchain } from "../../tools/plugin-toolchain.ts";

const TOOLS = join(import.meta.dir, "../../tools");

interface Folder extends Disposable {
  readonly path: string;
}

function emptyFolder(): Folder {
  const path = mkdtempSync(join(os.tmpdir(), "wca-plugins-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Status and standard error of a program in which PATH has only what is named. */
async function evaluated(code: string, path: string): Promise<readonly [number, string]> {
  const child = Bun.spawn([process.execPath, "-e", code], { env: { PATH: path }, stderr: "pipe" });
  const complaint = await child.stderr.text();
  return [await child.exited, complaint];
}

test.each([
  ["c", "cToolchain", 'Cannot get Debian package "clang-19": no apt-get on PATH, use a Debian host'],
  ["go", "goToolchain", "Cannot fetch Go 1.26.7: no apt-get on PATH"],
  [
    "rust",
    "rustToolchain",
    "Cannot run Rust: no cc on PATH, which links what cargo runs, install gcc and libc6-dev",
  ],
])("pluginToolchain() says what is missing for %s", async (language, name, message) => {
  using folder = emptyFolder();
  const code = `import { ${name} } from "${TOOLS}/toolchains/${language}.ts"; await ${name}({ cache: "${folder.path}" });`;
  const [status, complaint] = await evaluated(code, folder.path);
  expect(complaint).toContain(message);
  expect(status).toBe(1);
});

test("pluginToolchain() knows its languages", async () => {
  expect(pluginToolchain("cobol")).rejects.toThrow(
    'Cannot build a plugin in "cobol": known languages are assemblyscript, c, go, rust',
  );
});

describe("buildPlugin()", () => {
  const plugin = { name: "one", language: "assemblyscript", output: "build/one.wasm" };

  test("answers where the module is", async () => {
    using folder = emptyFolder();
    writeFileSync(join(folder.path, "source"), "module");
    const build = ["cp", "source", "build/one.wasm"];
    const module = await buildPlugin({ ...plugin, build }, folder.path);
    expect(module).toBe(join(folder.path, "build/one.wasm"));
    expect(await Bun.file(module).text()).toBe("module");
  });

  test("says what the compiler said", async () => {
    using folder = emptyFolder();
    const build = ["sh", "-c", "echo no such type >&2; exit 3"];
    expect(buildPlugin({ ...plugin, build }, folder.path)).rejects.toThrow(
      'Cannot build "one": exit status 3, no such type',
    );
  });

  test("says that there is no module", async () => {
    using folder = emptyFolder();
    expect(buildPlugin({ ...plugin, build: ["true"] }, folder.path)).rejects.toThrow(
      `Cannot build "one": "true" did not write "${folder.path}/build/one.wasm"`,
    );
  });
});

test("plugins.ts names what it can build", async () => {
  const child = Bun.spawn([process.execPath, join(TOOLS, "plugins.ts"), "nonsense"], { stderr: "pipe" });
  expect(await child.stderr.text()).toStartWith('Cannot build "nonsense": plugins are cpi-outlier-');
  expect(await child.exited).toBe(1);
});

import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { debianProgram, debianTree } from "../../tools/debian.ts";
import { requirement } from "../support/requirement.ts";

const TOOL = join(import.meta.dir, "../../tools/debian.ts");

interface Cache extends Disposable {
  readonly path: string;
}

function emptyCache(): Cache {
  const path = mkdtempSync(join(os.tmpdir(), "wca-debian-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test("debianTree() names the program that is not there", async () => {
  using cache = emptyCache();
  const code = `import { debianTree } from "${TOOL}"; await debianTree({ package: "hello", cache: "${cache.path}" });`;
  const child = Bun.spawn([process.execPath, "-e", code], { env: { PATH: cache.path }, stderr: "pipe" });
  expect(await child.stderr.text()).toContain('Cannot get Debian package "hello": no apt-get on PATH');
  expect(await child.exited).toBe(1);
});

const met = await requirement("Debian packages", () => debianTree({ package: "hello" }));

describe.skipIf(!met)("with a Debian mirror", () => {
  test("debianProgram() gives the command line of a program that runs", async () => {
    const command = await debianProgram({ package: "hello", path: "usr/bin/hello" });
    const child = Bun.spawn([...command], { env: { LC_ALL: "C" } });
    expect(await child.stdout.text()).toBe("Hello, world!\n");
  });

  test("debianProgram() brings the loader and libraries when asked for all dependencies", async () => {
    using cache = emptyCache();
    const wanted = { package: "hello", dependencies: "all", cache: cache.path } as const;
    const command = await debianProgram({ ...wanted, path: "usr/bin/hello" });
    expect(command[0]).toStartWith(`${cache.path}/hello+all/`);
    const child = Bun.spawn([...command], { env: { LC_ALL: "C" } });
    expect(await child.stdout.text()).toBe("Hello, world!\n");
  }, 60_000);

  test("debianProgram() says which file is missing", async () => {
    const absent = debianProgram({ package: "hello", path: "usr/bin/bye" });
    await expect(absent).rejects.toThrow('Cannot find "usr/bin/bye" in Debian package "hello"');
  });

  test("debianTree() may run twice at once and leaves nothing but the package", async () => {
    using cache = emptyCache();
    const wanted = { package: "hello", cache: cache.path };
    const trees = await Promise.all([debianTree(wanted), debianTree(wanted), debianTree(wanted)]);
    expect(new Set(trees)).toEqual(new Set([join(cache.path, "hello")]));
    expect(readdirSync(cache.path)).toEqual(["hello"]);
  }, 60_000);

  test("debianTree() takes no package that is too old", async () => {
    using cache = emptyCache();
    const wanted = { package: "hello", cache: cache.path };
    expect(debianTree({ ...wanted, least: "999:1" })).rejects.toThrow(
      /^Cannot get Debian package "hello": saw version \S+, wanted 999:1 or later$/,
    );
    expect(await debianTree({ ...wanted, least: "2" })).toBe(join(cache.path, "hello"));
  }, 60_000);

  test("debianTree() gives apt's own words about a package that does not exist", async () => {
    using cache = emptyCache();
    const absent = debianTree({ package: "no-such-package-of-wca", cache: cache.path });
    await expect(absent).rejects.toThrow("Unable to locate package no-such-package-of-wca");
  }, 60_000);
});

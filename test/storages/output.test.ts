import { afterEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { AppendedFile, ReplacedFile } from "../../src/storages/output.ts";
import { requirement } from "../support/requirement.ts";
import { type Tree, tempTree } from "../support/tree.ts";

const STALE = "0123456789ab.tmp";
const umask = process.umask();

afterEach(() => void process.umask(umask));

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Path → content of all files below. */
function filesOf({ root }: Tree): Record<string, string> {
  const names = fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    names
      .filter((name) => fs.lstatSync(path.join(root, name)).isFile())
      .map((name) => [name, fs.readFileSync(path.join(root, name), "utf8")]),
  );
}

/** A file system of a few pages; throws where none can be mounted. */
function tinyDisk(): { readonly path: string } & Disposable {
  const tree = tempTree({ "disk/": "" });
  const disk = path.join(tree.root, "disk");
  const { exitCode, stderr } = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk]);
  if (exitCode !== 0) throw new Error(stderr.toString().trim());
  return {
    path: disk,
    [Symbol.dispose]() {
      Bun.spawnSync(["umount", "-l", disk]);
      tree[Symbol.dispose]();
    },
  };
}

const mounts = await requirement("mounting a tmpfs", () => tinyDisk()[Symbol.dispose]());

describe("AppendedFile", () => {
  test("write() adds batches with a blank line behind each, to what was there", () => {
    using tree = tempTree({ log: "before\n" });
    const output = new AppendedFile(path.join(tree.root, "log"));
    output.open();
    output.write(bytes("a 1\n"));
    output.write(bytes(""));
    output.write(bytes("a 2\n"));
    output.close();
    expect(filesOf(tree)).toEqual({ log: "before\na 1\n\n\na 2\n\n" });
  });

  test("open() makes the file, so that a path that cannot be written fails early", () => {
    using tree = tempTree({ file: "", "directory/": "" });
    new AppendedFile(path.join(tree.root, "directory/log")).open();
    expect(filesOf(tree)).toEqual({ file: "", "directory/log": "" });
    const bad = { "missing/log": "ENOENT", directory: "EISDIR", "file/log": "ENOTDIR" };
    for (const [name, code] of Object.entries(bad)) {
      const target = path.join(tree.root, name);
      expect(() => new AppendedFile(target).open()).toThrow(expect.objectContaining({ code, path: target }));
    }
  });

  test("write() goes to the file that has the name now: renamed, removed, replaced", () => {
    using tree = tempTree({});
    const log = path.join(tree.root, "log");
    const output = new AppendedFile(log);
    output.open();
    output.write(bytes("1\n"));
    fs.renameSync(log, `${log}.1`);
    output.write(bytes("2\n"));
    fs.rmSync(log);
    output.write(bytes("3\n"));
    fs.renameSync(log, `${log}.2`);
    fs.writeFileSync(log, "another's\n");
    output.write(bytes("4\n"));
    output.close();
    expect(filesOf(tree)).toEqual({ log: "another's\n4\n\n", "log.1": "1\n\n", "log.2": "3\n\n" });
  });

  test("write() starts at the front after copytruncate, without a hole", () => {
    using tree = tempTree({});
    const log = path.join(tree.root, "log");
    const output = new AppendedFile(log);
    output.write(bytes("1\n"));
    fs.copyFileSync(log, `${log}.1`);
    fs.truncateSync(log, 0);
    output.write(bytes("2\n"));
    output.close();
    expect(filesOf(tree)).toEqual({ log: "2\n\n", "log.1": "1\n\n" });
  });

  test("write() works again when the directory is back", () => {
    using tree = tempTree({ "d/": "" });
    const output = new AppendedFile(path.join(tree.root, "d/log"));
    output.write(bytes("1\n"));
    tree.remove("d");
    expect(() => output.write(bytes("2\n"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
    tree.write("d/", "");
    output.write(bytes("3\n"));
    output.close();
    expect(filesOf(tree)).toEqual({ "d/log": "3\n\n" });
  });

  test("write() keeps one descriptor, none after close()", () => {
    using tree = tempTree({});
    const log = path.join(tree.root, "log");
    const output = new AppendedFile(log);
    function open(): number {
      const targets = fs.readdirSync("/proc/self/fd").map((fd) => {
        try {
          return fs.readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          return "";
        }
      });
      return targets.filter((target) => target.startsWith(log)).length;
    }
    output.open();
    output.open();
    output.write(bytes("1\n"));
    fs.renameSync(log, `${log}.1`);
    output.write(bytes("2\n"));
    expect(open()).toBe(1);
    output.close();
    output.close();
    expect(open()).toBe(0);
  });

  test.skipIf(!mounts)("write() leaves nothing of a batch that a full disk cut", () => {
    using disk = tinyDisk();
    const log = path.join(disk.path, "log");
    const ballast = path.join(disk.path, "ballast");
    const output = new AppendedFile(log);
    output.write(bytes("a 1\n"));
    fs.writeFileSync(ballast, "x".repeat(8192));
    const long = bytes("a 1234567\n".repeat(1000));
    expect(() => output.write(long)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
    expect({ text: fs.readFileSync(log, "utf8"), again: output.canWriteAgain }).toEqual({
      text: "a 1\n\n",
      again: true,
    });
    fs.rmSync(ballast);
    output.write(bytes("b 1\n"));
    output.close();
    expect(fs.readFileSync(log, "utf8")).toBe("a 1\n\nb 1\n\n");
  });

  test("open() respects the umask", () => {
    using tree = tempTree({});
    process.umask(0o027);
    const output = new AppendedFile(path.join(tree.root, "log"));
    output.open();
    output.close();
    expect(fs.statSync(path.join(tree.root, "log")).mode & 0o777).toBe(0o640);
  });
});

describe("ReplacedFile", () => {
  test("write() leaves nothing but the target, with the last batch alone", () => {
    using tree = tempTree({ "wca.prom": "old", "wca.tmp": "another's" });
    const output = new ReplacedFile(path.join(tree.root, "wca.prom"));
    output.open();
    output.write(bytes("a 1\n"));
    output.write(bytes("a 2\n"));
    expect(filesOf(tree)).toEqual({ "wca.prom": "a 2\n", "wca.tmp": "another's" });
    output.write(bytes(""));
    output.close();
    expect(filesOf(tree)).toEqual({ "wca.prom": "", "wca.tmp": "another's" });
  });

  test("write() makes the file readable for all, whatever the umask", () => {
    using tree = tempTree({});
    process.umask(0o077);
    new ReplacedFile(path.join(tree.root, "wca.prom")).write(bytes("a 1\n"));
    expect(fs.statSync(path.join(tree.root, "wca.prom")).mode & 0o777).toBe(0o644);
  });

  test("write() has a temporary name for each target and agent, which *.prom does not match (quirk D6)", () => {
    using tree = tempTree({});
    const names: string[] = [];
    for (const target of ["wca.prom", "wca.text", "wca.prom"]) {
      // The directory with the target's name makes the renaming fail, which names the temporary file.
      tree.remove(target);
      const output = new ReplacedFile(path.join(tree.root, target));
      tree.write(`${target}/`, "");
      try {
        output.write(bytes("a 1\n"));
      } catch (error) {
        names.push(path.basename(String((error as { path?: unknown }).path)));
      }
    }
    expect(names.map((name) => name.replace(/[0-9a-f]{12}/, "X"))).toEqual([
      "wca.prom.X.tmp",
      "wca.text.X.tmp",
      "wca.prom.X.tmp",
    ]);
    expect(new Set(names).size).toBe(3);
    expect(filesOf(tree)).toEqual({});
  });

  test("write() does not follow what somebody put in place of the temporary file", () => {
    using tree = tempTree({ victim: "precious" });
    const target = path.join(tree.root, "wca.prom");
    const output = new ReplacedFile(target);
    fs.mkdirSync(target);
    let temporary = "";
    try {
      output.write(bytes("a 1\n"));
    } catch (error) {
      temporary = String((error as { path?: unknown }).path);
    }
    fs.rmdirSync(target);
    fs.symlinkSync(path.join(tree.root, "victim"), temporary);
    expect(() => output.write(bytes("a 2\n"))).toThrow(expect.objectContaining({ code: "EEXIST" }));
    expect(filesOf(tree)).toEqual({ victim: "precious" });
    fs.rmSync(temporary);
    output.write(bytes("a 3\n"));
    expect(filesOf(tree)).toEqual({ victim: "precious", "wca.prom": "a 3\n" });
  });

  test("open() removes what a crashed agent left behind and nobody else's files", () => {
    using tree = tempTree({ other: "" });
    const kept = [
      "wca.prom",
      "wca.prom.tmp",
      "wca.prom.0123456789a.tmp",
      "wca.prom.0123456789abc.tmp",
      "wca.prom.0123456789AB.tmp",
      `wca.prom.old.${STALE}`,
      `xwca.prom.${STALE}`,
      `wca.text.${STALE}`,
      "wca.prom.fedcba987654.tmp",
    ];
    const old = new Date(Date.now() - 3_600_000);
    for (const name of [`wca.prom.${STALE}`, ...kept]) {
      tree.write(name, name);
      if (!name.includes("fedc")) fs.utimesSync(path.join(tree.root, name), old, old);
    }
    fs.symlinkSync(path.join(tree.root, "other"), path.join(tree.root, "wca.prom.111111111111.tmp"));
    tree.write("wca.prom.222222222222.tmp/", "");
    new ReplacedFile(path.join(tree.root, "wca.prom")).open();
    expect(fs.readdirSync(tree.root).sort()).toEqual(
      [...kept, "other", "wca.prom.111111111111.tmp", "wca.prom.222222222222.tmp"].sort(),
    );
  });

  test("open() fails where the target cannot be", () => {
    using tree = tempTree({ "directory/": "", file: "" });
    expect(() => new ReplacedFile(path.join(tree.root, "missing/wca.prom")).open()).toThrow(
      expect.objectContaining({ code: "ENOENT", path: path.join(tree.root, "missing") }),
    );
    expect(() => new ReplacedFile(path.join(tree.root, "directory")).open()).toThrow(
      new TypeError(`Cannot replace "${tree.root}/directory": it is a directory, wanted a file`),
    );
    expect(() => new ReplacedFile(path.join(tree.root, "file/wca.prom")).open()).toThrow(
      path.join(tree.root, "file"),
    );
  });

  test.skipIf(!mounts)("open() fails on a file system that is read-only", () => {
    using disk = tinyDisk();
    Bun.spawnSync(["mount", "-o", "remount,ro", disk.path]);
    expect(() => new ReplacedFile(path.join(disk.path, "wca.prom")).open()).toThrow(
      expect.objectContaining({ code: "EROFS", path: disk.path }),
    );
  });

  test.skipIf(!mounts)("write() keeps the old file whole when the disk is full", () => {
    using disk = tinyDisk();
    const target = path.join(disk.path, "wca.prom");
    const output = new ReplacedFile(target);
    output.write(bytes("a 1\n"));
    expect(() => output.write(bytes("a 1234567\n".repeat(5000)))).toThrow(
      expect.objectContaining({ code: "ENOSPC" }),
    );
    expect([fs.readdirSync(disk.path), fs.readFileSync(target, "utf8")]).toEqual([["wca.prom"], "a 1\n"]);
    output.write(bytes("a 2\n"));
    expect(fs.readFileSync(target, "utf8")).toBe("a 2\n");
  });

  test("write() is seen whole by a reader in another process", async () => {
    using tree = tempTree({});
    const target = path.join(tree.root, "wca.prom");
    const stop = path.join(tree.root, "stop");
    const output = new ReplacedFile(target);
    function batch(number: number): Uint8Array {
      const line = `a ${number}\n`;
      return bytes(`${line.repeat(2000 + (number % 7) * 3000)}end ${number}\n`);
    }
    output.write(batch(1));
    const reader = Bun.spawn(
      [
        process.execPath,
        "-e",
        `const fs = require("node:fs");
         let reads = 0, bad = 0;
         const seen = new Set();
         while (!fs.existsSync(${JSON.stringify(stop)})) {
           const text = fs.readFileSync(${JSON.stringify(target)}, "utf8");
           const number = /^a ([0-9]+)/.exec(text)?.[1];
           const lines = 2000 + (number % 7) * 3000;
           if (text !== ("a " + number + "\\n").repeat(lines) + "end " + number + "\\n") bad++;
           seen.add(number);
           if (++reads === 1) console.log("reading");
         }
         console.log(JSON.stringify({ bad, several: seen.size > 3 }));`,
      ],
      { stdout: "pipe", stderr: "inherit" },
    );
    const lines: string[] = [];
    let number = 1;
    const written = (async () => {
      while (lines.length === 0) await new Promise(setImmediate);
      for (; number < 400; number++) {
        output.write(batch(number));
        await new Promise(setImmediate);
      }
      fs.writeFileSync(stop, "");
    })();
    const decoder = new TextDecoder();
    for await (const chunk of reader.stdout) lines.push(...decoder.decode(chunk).split("\n").filter(Boolean));
    await written;
    expect(lines).toEqual(["reading", '{"bad":0,"several":true}']);
  });
});

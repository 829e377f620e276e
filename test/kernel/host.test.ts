import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { KernelHost } from "../../src/kernel/host.ts";
import { KernelError } from "../../src/model/errors.ts";
import type { KernelFile } from "../../src/model/host.ts";
import { tempTree } from "../support/tree.ts";

function text(host: KernelHost, file: KernelFile): string {
  const length = file.read();
  return new TextDecoder().decode(host.buffer.subarray(0, length));
}

test("KernelHost is this host by default", () => {
  const host = new KernelHost();
  expect(host.hostname).toBe(os.hostname());
  expect(host.pageSize % 4096).toBe(0);
  expect(host.read("/proc/sys/kernel/ostype")).toBe("Linux\n");
  expect(Math.abs(host.now() - Date.now())).toBeLessThan(60_000);
  const hard = Number(/^Max open files\s+(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "latin1"))?.[1]);
  expect(host.keptFilesLimit).toBe(Math.max(0, hard - 512));
});

test("KernelHost puts its root before every path and keeps it out of errors", () => {
  using tree = tempTree({ "proc/a": "1\n", "sys/b": "", "sys/a/": "" });
  const { host } = tree;
  expect([host.read("/proc/a"), host.list("/sys"), text(host, host.open("/proc/a"))]).toEqual([
    "1\n",
    ["a", "b"],
    "1\n",
  ]);
  expect(host.identity("/sys/a")).toBe(fs.statSync(path.join(tree.root, "sys/a")).ino);
  expect(() => host.read("/proc/none")).toThrow(new KernelError("read", "/proc/none", "ENOENT"));
  expect(() => host.list("/proc/none")).toThrow(new KernelError("list", "/proc/none", "ENOENT"));
  expect(() => host.list("/proc/a")).toThrow(new KernelError("list", "/proc/a", "ENOTDIR"));
  expect(() => host.open("/proc/none")).toThrow(new KernelError("open", "/proc/none", "ENOENT"));
  expect(() => host.subdirectories("/proc/none")).toThrow(new KernelError("inspect", "/proc/none", "ENOENT"));
});

test("identity() is nothing for what is not there, also below a file", () => {
  using tree = tempTree({ "proc/a": "1\n" });
  expect([tree.host.identity("/proc/none"), tree.host.identity("/proc/a/below")]).toEqual([
    undefined,
    undefined,
  ]);
});

test("subdirectories() counts directories alone", () => {
  using tree = tempTree({ "d/a/x": "", "d/b/": "", "d/file": "" });
  expect([tree.host.subdirectories("/d"), tree.host.subdirectories("/d/b")]).toEqual([2, 0]);
});

test("read() gives bytes that are no UTF-8 as Latin-1", () => {
  using tree = tempTree({});
  fs.writeFileSync(path.join(tree.root, "a"), Uint8Array.of(0x63, 0xff, 0xe9));
  expect(tree.host.read("/a")).toBe("cÿé");
});

describe("open() with a limit of kept files", () => {
  test.each([0, 1, 3, 100])("of %p gives the same contents and counts those it keeps", (keptFilesLimit) => {
    using tree = tempTree({}, { keptFilesLimit });
    const { host } = tree;
    for (let i = 0; i < 5; i++) tree.write(`f${i}`, `old ${i}`);
    const files = [0, 1, 2, 3, 4].map((i) => host.open(`/f${i}`));
    expect(host.keptFiles).toBe(Math.min(5, keptFilesLimit));
    expect(files.map((file) => text(host, file))).toEqual([0, 1, 2, 3, 4].map((i) => `old ${i}`));
    for (let i = 0; i < 5; i++) tree.write(`f${i}`, `new and longer ${i}`);
    expect(files.map((file) => text(host, file))).toEqual([0, 1, 2, 3, 4].map((i) => `new and longer ${i}`));
    for (const file of files) file.close();
    expect(host.keptFiles).toBe(0);
  });

  test("keeps another one after one was closed", () => {
    using tree = tempTree({ a: "1" }, { keptFilesLimit: 1 });
    const first = tree.host.open("/a");
    const second = tree.host.open("/a");
    first.close();
    first.close();
    second.close();
    expect(tree.host.keptFiles).toBe(0);
    const third = tree.host.open("/a");
    expect(tree.host.keptFiles).toBe(1);
    third.close();
  });

  test("leaves no descriptor open beyond it", () => {
    using tree = tempTree({ a: "1" }, { keptFilesLimit: 2 });
    const before = fs.readdirSync("/proc/self/fd").length;
    const files = Array.from({ length: 10 }, () => tree.host.open("/a"));
    for (const file of files) file.read();
    expect(fs.readdirSync("/proc/self/fd").length - before).toBe(2);
    for (const file of files) file.close();
    expect(fs.readdirSync("/proc/self/fd").length).toBe(before);
  });

  test("of none says that a file has disappeared", () => {
    using tree = tempTree({ a: "1" }, { keptFilesLimit: 0 });
    const file = tree.host.open("/a");
    tree.remove("a");
    expect(() => file.read()).toThrow(new KernelError("open", "/a", "ENOENT"));
  });
});

test("write() replaces what a control file holds, and never makes one", () => {
  using tree = tempTree({ "sys/a": "old" });
  tree.host.write("/sys/a", "new");
  expect(fs.readFileSync(path.join(tree.root, "sys/a"), "latin1")).toBe("new");
  const before = fs.readdirSync("/proc/self/fd").length;
  expect(() => tree.host.write("/sys/none", "1")).toThrow(new KernelError("write", "/sys/none", "ENOENT"));
  expect(() => tree.host.write("/sys", "1")).toThrow(new KernelError("write", "/sys", "EISDIR"));
  expect([fs.existsSync(path.join(tree.root, "sys/none")), fs.readdirSync("/proc/self/fd").length]).toEqual([
    false,
    before,
  ]);
});

test("write() gives the errno of the writing itself, and leaves no descriptor", () => {
  const before = fs.readdirSync("/proc/self/fd").length;
  // Full takes nothing.
  expect(() => new KernelHost().write("/dev/full", "1")).toThrow(
    new KernelError("write", "/dev/full", "ENOSPC"),
  );
  expect(fs.readdirSync("/proc/self/fd").length).toBe(before);
});

test("mkdir() makes one directory without parents, rmdir() removes one that is empty", () => {
  using tree = tempTree({ "sys/full/a": "" });
  const { host } = tree;
  host.mkdir("/sys/b");
  expect(host.list("/sys")).toEqual(["b", "full"]);
  expect(() => host.mkdir("/sys/b")).toThrow(new KernelError("make", "/sys/b", "EEXIST"));
  expect(() => host.mkdir("/sys/c/d")).toThrow(new KernelError("make", "/sys/c/d", "ENOENT"));
  expect(() => host.rmdir("/sys/full")).toThrow(new KernelError("remove", "/sys/full", "ENOTEMPTY"));
  expect(() => host.rmdir("/sys/none")).toThrow(new KernelError("remove", "/sys/none", "ENOENT"));
  host.rmdir("/sys/b");
  expect(host.list("/sys")).toEqual(["full"]);
});

describe("claimDescriptors()", () => {
  test("takes all or none out of the limit that kept files share", () => {
    using tree = tempTree({ a: "1" }, { keptFilesLimit: 10 });
    const { host } = tree;
    expect([host.freeDescriptors, host.claimDescriptors(11), host.freeDescriptors]).toEqual([10, false, 10]);
    expect([host.claimDescriptors(8), host.freeDescriptors]).toEqual([true, 2]);
    const files = [0, 1, 2].map(() => host.open("/a"));
    expect([host.keptFiles, host.freeDescriptors, host.claimDescriptors(1)]).toEqual([2, 0, false]);
    // The one that is opened at each read is as good.
    expect(files.map((file) => text(host, file))).toEqual(["1", "1", "1"]);
    host.releaseDescriptors(8);
    expect(host.freeDescriptors).toBe(8);
    for (const file of files) file.close();
    expect([host.freeDescriptors, host.claimDescriptors(10)]).toEqual([10, true]);
  });

  test("takes none of nothing, and the limit never shows less than nothing", () => {
    using tree = tempTree({ a: "1" }, { keptFilesLimit: 0 });
    const { host } = tree;
    expect([host.claimDescriptors(0), host.claimDescriptors(1), host.freeDescriptors]).toEqual([
      true,
      false,
      0,
    ]);
  });
});

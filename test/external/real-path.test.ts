import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { realPath } from "../../src/external/real-path.ts";
import { tempTree } from "../support/tree.ts";

test("realPath() follows links as realpath does, without /proc", () => {
  using tree = tempTree({ "a/b/x.ts": "", "c/": "" });
  const at = (name: string) => path.join(tree.root, name);
  fs.symlinkSync("a", at("relative"));
  fs.symlinkSync(at("a/b"), at("c/absolute"));
  fs.symlinkSync("../relative/b/../b/x.ts", at("c/through"));
  for (const name of ["a/b/x.ts", "relative/b/x.ts", "c/absolute/x.ts", "c/through", "."]) {
    expect(realPath(at(name))).toBe(fs.realpathSync(at(name)));
  }
});

test("realPath() tells like the kernel what is wrong", () => {
  using tree = tempTree({ file: "" });
  const at = (name: string) => path.join(tree.root, name);
  fs.symlinkSync("loop", at("loop"));
  fs.symlinkSync("nowhere", at("dangling"));
  expect(() => realPath(at("loop"))).toThrow("ELOOP");
  expect(() => realPath(at("dangling"))).toThrow("ENOENT");
  expect(() => realPath(at("file/x"))).toThrow("ENOTDIR");
});

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { OptionalFile } from "../../src/kernel/optional-file.ts";
import { KernelError } from "../../src/model/errors.ts";
import { tempTree } from "../support/tree.ts";

test("OptionalFile reads the file anew each time at one kept descriptor", () => {
  using tree = tempTree({ "proc/a": "1\n" });
  const file = new OptionalFile(tree.host, "/proc/a");
  expect(tree.host.keptFiles).toBe(0);
  expect(file.text()).toBe("1\n");
  tree.write("proc/a", "22\n");
  expect(file.text()).toBe("22\n");
  expect(tree.host.keptFiles).toBe(1);
  expect(file.missing).toBe(false);
  file.close();
  file.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("OptionalFile that is missing at the first reading stays missing", () => {
  using tree = tempTree({});
  const file = new OptionalFile(tree.host, "/proc/a");
  expect(file.missing).toBe(false);
  expect(file.read()).toBeUndefined();
  tree.write("proc/a", "1\n");
  expect(file.text()).toBeUndefined();
  expect(file.parse(() => 1)).toBeUndefined();
  expect(file.missing).toBe(true);
});

test("OptionalFile that disappears later is a KernelError", () => {
  using tree = tempTree({ "proc/a": "1\n" }, { keptFilesLimit: 0 });
  const file = new OptionalFile(tree.host, "/proc/a");
  expect(file.text()).toBe("1\n");
  tree.remove("proc/a");
  expect(() => file.read()).toThrow(KernelError);
  expect(file.missing).toBe(false);
});

test("OptionalFile that cannot be read is a KernelError, not missing", () => {
  using tree = tempTree({ "proc/a/": "" });
  const file = new OptionalFile(tree.host, "/proc/a");
  expect(() => file.read()).toThrow('Cannot read "/proc/a": EISDIR');
  expect(file.missing).toBe(false);
});

test("parse() makes a KernelError of content that is refused and lets other errors pass", () => {
  using tree = tempTree({ "proc/a": "x" });
  const file = new OptionalFile(tree.host, "/proc/a");
  const refusing = () =>
    file.parse(() => {
      throw new SyntaxError("no number");
    });
  expect(refusing).toThrow('Cannot parse "/proc/a": EBADMSG');
  expect(refusing).toThrow(KernelError);
  expect(() =>
    file.parse(() => {
      throw new TypeError("a bug");
    }),
  ).toThrow(new TypeError("a bug"));
});

test("parse() hands over bytes and length", () => {
  using tree = tempTree({});
  fs.writeFileSync(path.join(tree.root, "b"), "x".repeat(200_000));
  const file = new OptionalFile(tree.host, "/b", { pieces: true });
  expect(file.parse((bytes, length) => [bytes === tree.host.buffer, length])).toEqual([true, 200_000]);
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { type FileOrigin, KeptFile, kernelError, ReadBuffer, ReopenedFile } from "../../src/kernel/file.ts";
import { KernelError } from "../../src/model/errors.ts";
import { tempTree } from "../support/tree.ts";

function originOf(pieces = false): FileOrigin & { closed: number } {
  const origin = {
    buffer: new ReadBuffer(),
    pieces,
    openDescriptor: (file: string) => fs.openSync(file, "r"),
    closed: 0,
    onClose: () => void origin.closed++,
    pathOf: (descriptor: number) => fs.readlinkSync(`/proc/self/fd/${descriptor}`),
  };
  return origin;
}

function text({ buffer }: FileOrigin, length: number): string {
  return new TextDecoder().decode(buffer.bytes.subarray(0, length));
}

describe.each(["KeptFile", "ReopenedFile"])("%s", (kind) => {
  function open(file: string, origin: FileOrigin): KeptFile | ReopenedFile {
    return kind === "KeptFile"
      ? new KeptFile(fs.openSync(file, "r"), origin)
      : new ReopenedFile(file, origin);
  }

  test.each([false, true])(
    "read() gives the whole content from the start each time (in pieces: %p)",
    (pieces) => {
      using tree = tempTree({});
      const target = path.join(tree.root, "a");
      const origin = originOf(pieces);
      // As long as the first buffer, one more, and several times as long.
      for (const length of [0, 3, 65_535, 65_536, 65_537, 300_000, 5]) {
        const content = "0123456789".repeat(30_000).slice(0, length);
        fs.writeFileSync(target, content);
        const file = open(target, origin);
        expect([text(origin, file.read()), text(origin, file.read())]).toEqual([content, content]);
        file.close();
      }
    },
  );

  test("read() of a directory is EISDIR", () => {
    using tree = tempTree({ "a/": "" });
    const target = path.join(tree.root, "a");
    const file = open(target, originOf());
    expect(() => file.read()).toThrow(new KernelError("read", target, "EISDIR"));
    file.close();
  });
});

test("ReadBuffer in pieces reads what a file hands out page by page", () => {
  using tree = tempTree({});
  const origin = originOf(true);
  const file = new KeptFile(fs.openSync("/proc/kallsyms", "r"), origin);
  const first = file.read();
  expect(first).toBe(fs.readFileSync("/proc/kallsyms").length);
  expect(first).toBeGreaterThan(65_536);
  file.close();
  expect(tree.root).not.toBe("");
});

test("KeptFile reads no more after close(), which counts once", () => {
  using tree = tempTree({ a: "1" });
  const target = path.join(tree.root, "a");
  const origin = originOf();
  const file = new KeptFile(fs.openSync(target, "r"), origin);
  file.close();
  file.close();
  expect(origin.closed).toBe(1);
  expect(() => file.read()).toThrow(new KernelError("read", "a closed file", "EBADF"));
});

test("kernelError() keeps the errno name and the cause, EIO where there is none", () => {
  const cause = Object.assign(new Error("x"), { code: "ENODEV" });
  const error = kernelError("read", "/a", cause);
  expect([error.message, error.code, error.path, error.cause]).toEqual([
    'Cannot read "/a": ENODEV',
    "ENODEV",
    "/a",
    cause,
  ]);
  expect([
    kernelError("read", "/a", new Error("x")).code,
    kernelError("read", "/a", { code: 5 }).code,
  ]).toEqual(["EIO", "EIO"]);
});

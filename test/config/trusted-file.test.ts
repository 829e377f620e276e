import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chownSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { readTrustedFile } from "../../src/config/trusted-file.ts";
import { problemsIn, tempFile } from "./sample.ts";

const UID = process.geteuid?.() ?? 0;
const isRoot = UID === 0;

describe("readTrustedFile()", () => {
  test("gives the text without a byte order mark", () => {
    using file = tempFile("\uFEFFa: ü\n");
    expect(readTrustedFile(file.path)).toBe("a: ü\n");
  });

  test("follows a symbolic link to a file that may be trusted", () => {
    using file = tempFile("a: 1\n", 0o644);
    const link = join(dirname(file.path), "link.yaml");
    symlinkSync(file.path, link);
    expect(readTrustedFile(link)).toBe("a: 1\n");
  });

  test("refuses a file that is not there", () => {
    expect(problemsIn(() => readTrustedFile("/nowhere/c.yaml"))).toEqual([
      "/nowhere/c.yaml: Cannot open the file: there is no such file",
    ]);
  });

  test("refuses a directory", () => {
    expect(problemsIn(() => readTrustedFile("/tmp"))).toEqual(["/tmp: saw a directory, wanted a file"]);
  });

  test("refuses a named pipe without waiting for its writer", () => {
    using file = tempFile("");
    const pipe = join(dirname(file.path), "pipe");
    execFileSync("mkfifo", ["-m", "600", pipe]);
    expect(problemsIn(() => readTrustedFile(pipe))).toEqual([
      `${pipe}: saw something that is not a regular file, wanted a file`,
    ]);
  });

  for (const mode of [0o620, 0o602, 0o722, 0o666]) {
    test(`refuses mode ${mode.toString(8)}`, () => {
      using file = tempFile("a: 1\n", mode);
      expect(problemsIn(() => readTrustedFile(file.path))).toEqual([
        `${file.path}: saw mode 0${mode.toString(8)}, wanted a file that only its owner can write: chmod go-w ${file.path}`,
      ]);
    });
  }

  test.skipIf(!isRoot)("refuses another owner, also when we are root (needs root)", () => {
    using file = tempFile("a: 1\n");
    chownSync(file.path, 123_123, 0);
    expect(problemsIn(() => readTrustedFile(file.path))).toEqual([
      `${file.path}: saw owner 123123, wanted the user ${UID} that runs the agent, or root`,
    ]);
    expect(readTrustedFile(file.path, { uid: 123_123 })).toBe("a: 1\n");
  });

  test.skipIf(!isRoot)("takes a file of root when we are somebody else (needs root)", () => {
    using file = tempFile("a: 1\n");
    expect(readTrustedFile(file.path, { uid: 1001 })).toBe("a: 1\n");
  });

  test.skipIf(isRoot)("refuses a file that we may not read (needs not to be root)", () => {
    using file = tempFile("a: 1\n", 0o200);
    expect(problemsIn(() => readTrustedFile(file.path))).toEqual([
      `${file.path}: Cannot open the file: permission denied`,
    ]);
  });

  test("refuses bytes that are not UTF-8 and names their place", () => {
    using file = tempFile(Uint8Array.from([...Buffer.from("a: ü\nb: "), 0xfc, 0x0a]));
    expect(problemsIn(() => readTrustedFile(file.path))).toEqual([
      `${file.path}:2:4: saw bytes that are not UTF-8, wanted UTF-8 text`,
    ]);
  });
});

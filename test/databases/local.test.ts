import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { DatabaseError } from "../../src/databases/errors.ts";
import { LocalDatabase } from "../../src/databases/local.ts";
import { databaseConformance } from "../roles/database.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";

const hasStrace = await requirement("strace", () => {
  if (Bun.spawnSync(["strace", "-o", "/dev/null", "true"]).exitCode !== 0)
    throw new Error("strace cannot trace");
});

databaseConformance("LocalDatabase", () => {
  const tree = tempTree({});
  const options = { directory: path.join(tree.root, "data") };
  return {
    database: new LocalDatabase(options),
    another: () => new LocalDatabase(options),
    async [Symbol.asyncDispose]() {
      tree[Symbol.dispose]();
    },
  };
});

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function failure(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("LocalDatabase", () => {
  test("makes nothing until something is set, then directory and files for the owner only", async () => {
    using tree = tempTree({});
    const directory = path.join(tree.root, "a/b");
    const database = new LocalDatabase({ directory });
    expect(await database.get("key")).toBeNull();
    await database.delete("key");
    expect(fs.existsSync(path.join(tree.root, "a"))).toBe(false);
    await database.set("key", bytes("value"));
    const mode = (name: string) => (fs.statSync(path.join(tree.root, name)).mode & 0o777).toString(8);
    expect([mode("a"), mode("a/b"), mode("a/b/key")]).toEqual(["700", "700", "600"]);
    expect(fs.readdirSync(directory)).toEqual(["key"]);
    expect(fs.readFileSync(path.join(directory, "key"), "utf8")).toBe("value");
  });

  test("reads the files of the original", async () => {
    using tree = tempTree({ "data/model.v1": "abc" });
    const database = new LocalDatabase({ directory: path.join(tree.root, "data") });
    expect(await database.get("model.v1")).toEqual(bytes("abc"));
  });

  test("set() replaces a symbolic link and leaves its target alone", async () => {
    using tree = tempTree({ "data/": "", outside: "untouched" });
    fs.symlinkSync(path.join(tree.root, "outside"), path.join(tree.root, "data/key"));
    const database = new LocalDatabase({ directory: path.join(tree.root, "data") });
    await database.set("key", bytes("mine"));
    expect(fs.readFileSync(path.join(tree.root, "outside"), "utf8")).toBe("untouched");
    expect(fs.lstatSync(path.join(tree.root, "data/key")).isFile()).toBe(true);
    expect(await database.get("key")).toEqual(bytes("mine"));
  });

  test.each([
    ["a symbolic link", "ELOOP", (file: string) => fs.symlinkSync("../secret", file)],
    ["a directory", "EINVAL", (file: string) => fs.mkdirSync(file)],
    ["a named pipe", "EINVAL", (file: string) => void Bun.spawnSync(["mkfifo", file])],
  ])("get() refuses %s with %s", async (_, code, place) => {
    using tree = tempTree({ "data/": "", secret: "secret" });
    const file = path.join(tree.root, "data/key");
    place(file);
    const error = await failure(new LocalDatabase({ directory: path.dirname(file) }).get("key"));
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({ code, message: `Cannot get "${file}": ${code}` });
  });

  test("set() over a directory fails with its path and leaves nothing behind", async () => {
    using tree = tempTree({ "data/key/": "" });
    const directory = path.join(tree.root, "data");
    const error = await failure(new LocalDatabase({ directory }).set("key", bytes("x")));
    expect(error).toMatchObject({ code: "EISDIR", message: `Cannot set "${directory}/key": EISDIR` });
    expect(fs.readdirSync(directory)).toEqual(["key"]);
  });

  test("set() fails with ENOTDIR where the directory is a file, and works once it is gone", async () => {
    using tree = tempTree({ data: "a file" });
    const directory = path.join(tree.root, "data");
    const database = new LocalDatabase({ directory });
    expect(await failure(database.set("key", bytes("x")))).toMatchObject({ name: "DatabaseError" });
    fs.rmSync(directory);
    await database.set("key", bytes("x"));
    expect(await database.get("key")).toEqual(bytes("x"));
  });

  test("set() makes the directory anew when somebody removed it", async () => {
    using tree = tempTree({});
    const directory = path.join(tree.root, "data");
    const database = new LocalDatabase({ directory });
    await database.set("a", bytes("1"));
    fs.rmSync(directory, { recursive: true });
    await database.set("b", bytes("2"));
    expect([await database.get("a"), await database.get("b")]).toEqual([null, bytes("2")]);
  });

  test("set() clears old temporary files only, and only its own kind", async () => {
    const [stale, fresh] = [`~${"a".repeat(24)}`, `~${"b".repeat(24)}`];
    using tree = tempTree({
      [`data/${stale}`]: "",
      [`data/${fresh}`]: "",
      "data/old-key": "x",
      "data/~notes": "",
    });
    const directory = path.join(tree.root, "data");
    for (const name of [stale, "old-key", "~notes"]) fs.utimesSync(path.join(directory, name), 1, 1);
    const database = new LocalDatabase({ directory });
    await database.set("key", bytes("value"));
    expect(fs.readdirSync(directory).sort()).toEqual(["key", "old-key", fresh, "~notes"].sort());
  });

  test("a disk that takes no more leaves the old value whole", async () => {
    using tree = tempTree({});
    const database = new LocalDatabase({ directory: tree.root });
    await database.set("key", bytes("old"));
    const script = `
      process.on("SIGXFSZ", () => {});
      const { LocalDatabase } = await import("${path.join(import.meta.dir, "../../src/databases/local.ts")}");
      const error = await new LocalDatabase({ directory: "${tree.root}" }).set("key", new Uint8Array(100_000)).catch((e) => e);
      console.log(error?.name, error?.code);`;
    const child = Bun.spawnSync(["sh", "-c", 'ulimit -f 8; exec "$0" -e "$1"', process.execPath, script]);
    expect(child.stdout.toString().trim()).toBe("DatabaseError EFBIG");
    expect(fs.readdirSync(tree.root)).toEqual(["key"]);
    expect(await database.get("key")).toEqual(bytes("old"));
  });

  test("processes that are killed while they set leave a whole value and no temporary file that counts", async () => {
    using tree = tempTree({});
    const length = 200_000;
    const script = `
      const { LocalDatabase } = await import("${path.join(import.meta.dir, "../../src/databases/local.ts")}");
      const database = new LocalDatabase({ directory: "${tree.root}" });
      for (let byte = 1; ; byte = (byte % 250) + 1) {
        await database.set("key", new Uint8Array(${length}).fill(byte));
        console.log(byte);
      }`;
    const database = new LocalDatabase({ directory: tree.root });
    for (let round = 0; round < 4; round++) {
      const writers = [1, 2].map(() => Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" }));
      try {
        // Both are in the midst of it.
        await Promise.all(writers.map(({ stdout }) => stdout.getReader().read()));
        const during = await database.get("key");
        expect([during?.length, new Set(during).size]).toEqual([length, 1]);
      } finally {
        for (const writer of writers) writer.kill("SIGKILL");
        await Promise.all(writers.map(({ exited }) => exited));
      }
      const after = await database.get("key");
      expect([after?.length, new Set(after).size]).toEqual([length, 1]);
    }
    for (const name of fs.readdirSync(tree.root)) fs.utimesSync(path.join(tree.root, name), 1, 1);
    await new LocalDatabase({ directory: tree.root }).set("key", bytes("end"));
    expect(fs.readdirSync(tree.root)).toEqual(["key"]);
  });

  test.skipIf(!hasStrace)(
    "set() flushes the file before it renames it, and the directory before it settles",
    () => {
      using tree = tempTree({});
      const directory = path.join(tree.root, "data");
      const script = `
      const { LocalDatabase } = await import("${path.join(import.meta.dir, "../../src/databases/local.ts")}");
      await new LocalDatabase({ directory: "${directory}" }).set("key", new Uint8Array(3));
      (await import("node:fs")).renameSync("${directory}/key", "${directory}/settled");`;
      const trace = path.join(tree.root, "trace");
      Bun.spawnSync([
        ...["strace", "-f", "-y", "-o", trace, "-e", "trace=fsync,rename"],
        ...[process.execPath, "-e", script],
      ]);
      const calls = fs
        .readFileSync(trace, "utf8")
        .matchAll(/ (fsync|rename)\((?:\d+<([^>]*)>|"([^"]*)", "([^"]*)")/g);
      const steps = [...calls].map(([, call, flushed = "", from = "", to = ""]) =>
        [call, flushed, from, to]
          .join(" ")
          .replaceAll(tree.root, "")
          .replaceAll(/~[0-9a-f]{24}/g, "~")
          .trim(),
      );
      expect(steps.map((step) => step.replaceAll(/ +/g, " "))).toEqual([
        "fsync",
        "fsync /data/~",
        "rename /data/~ /data/key",
        "fsync /data",
        "rename /data/key /data/settled",
      ]);
    },
  );

  test("no text makes it touch anything outside of its directory", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.string({ unit: fc.constantFrom("a", ".", "/", "\\", "\0", "~", "\n") }),
          fc.uint8Array({ maxLength: 300 }),
        ),
        async (key) => {
          using tree = tempTree({ "top/data/": "", "top/a": "outside", a: "outside" });
          const directory = path.join(tree.root, "top/data");
          const database = new LocalDatabase({ directory });
          const text = typeof key === "string" ? key : Buffer.from(key).toString("latin1");
          const error = await failure(database.set(key, bytes("inside")));
          const inside = fs.readdirSync(directory);
          expect(inside).toEqual(error === undefined ? [text] : []);
          expect([fs.readdirSync(tree.root).sort(), fs.readdirSync(path.dirname(directory)).sort()]).toEqual([
            ["a", "top"],
            ["a", "data"],
          ]);
          expect(fs.readFileSync(path.join(tree.root, "top/a"), "utf8")).toBe("outside");
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each([
    [{}, "directory"],
    [{ directory: "" }, "directory"],
    [{ directory: "/var/../etc" }, "directory"],
    [{ directory: "/a", colour: "red" }, "colour"],
  ])("the constructor refuses %p by name", (options, name) => {
    expect(() => new LocalDatabase(options as unknown as { directory: string })).toThrow(
      expect.objectContaining({ name: "TypeError", message: expect.stringContaining(name) }),
    );
  });
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { readTemplates } from "../../src/bundle/templates.ts";
import { writePlugin } from "../../src/commands/plugin-new.ts";
import { DESCRIPTION, type PluginParts, pluginModule } from "../support/plugin-wat.ts";
import { type Tree, tempTree } from "../support/tree.ts";
import { wca } from "../support/wca.ts";

const HEADER = { wcaTrace: 1, hostname: "h", agentVersion: "1", intervalSecs: 5 };
const ROUND = { intervalSecs: 5, platformMeasurements: {}, tasks: [] };
const TRACE = [HEADER, { timeMs: 1_700_000_000_000, ...ROUND }, { timeMs: 1_700_000_005_000, ...ROUND }]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join("");
const OPTIONS = { properties: { share: { type: "number", maximum: 1 }, name: { type: "string" } } };

function folder(parts: PluginParts = {}): Tree {
  const tree = tempTree({ "t.jsonl": TRACE });
  fs.writeFileSync(path.join(tree.root, "m.wasm"), pluginModule(parts), { mode: 0o664 });
  return tree;
}

/** What `wca plugin test` prints, without how long it took. */
async function tested(parts: PluginParts, args: readonly string[] = []) {
  using tree = folder(parts);
  const finished = await wca(["plugin", "test", "m.wasm", "--trace", "t.jsonl", ...args], { cwd: tree.root });
  return { ...finished, stdout: finished.stdout.replace(/[\d.]+ ms/g, "N ms") };
}

describe("wca plugin test", () => {
  test("says each anomaly in a line with its time, and how the module fared", async () => {
    const detect = {
      anomalies: [
        {
          resource: "cpus",
          contendedTaskId: "victim",
          contendingTaskIds: ["one", "two"],
          state: "onset",
          severity: 0.5,
          metrics: [{ name: "share", value: 0.75 }],
        },
      ],
    };
    expect(
      await tested({ detect, before: "(call $log_info (call $block (i32.const 1024) (i32.const 4)))" }),
    ).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: `log info: Runs m: Finds what it is told to find.
log info: {"pr
2023-11-14T22:13:20.000Z onset: "victim" is slowed down (cpus) by "one", "two" (severity 0.5, share 0.75)
log info: {"pr
2023-11-14T22:13:25.000Z onset: "victim" is slowed down (cpus) by "one", "two" (severity 0.5, share 0.75)
2 rounds, 2 anomalies, 0 metrics, 0 failures, 3 log lines; median N ms, longest N ms of a call
`,
    });
  });

  test("fails when a call failed", async () => {
    const { exitCode, stdout } = await tested({ detect: "7" });
    expect(exitCode).toBe(1);
    expect(stdout.split("\n").slice(1)).toEqual([
      '2023-11-14T22:13:20.000Z failed (output): Cannot use the answer of "detect": saw number 7, wanted an object',
      '2023-11-14T22:13:25.000Z failed (output): Cannot use the answer of "detect": saw number 7, wanted an object',
      "2 rounds, 0 anomalies, 0 metrics, 2 failures, 1 log line; median N ms, longest N ms of a call",
      "",
    ]);
  });

  test("pauses after failures by the clock of the trace", async () => {
    const { stdout } = await tested({ before: "(loop (br 0))" });
    expect(stdout.match(/failed \(timeout\)/g)).toHaveLength(2);
  });

  test("takes options by name and from a file", async () => {
    const described: PluginParts = {
      describe: { ...DESCRIPTION, options: OPTIONS },
      more: '(data (i32.const 8) "share") (data (i32.const 20) "name")',
      before:
        "(call $say_config (i32.const 8) (i32.const 5)) (call $say_config (i32.const 20) (i32.const 4))",
    };
    const { stdout } = await tested(described, ["--option", "share=0.5", "--option", "name=7"]);
    expect(stdout.split("\n").slice(1, 3)).toEqual(["log info: 0.5", "log info: 7"]);
    using tree = folder(described);
    fs.writeFileSync(`${tree.root}/o.yaml`, "share: 2\nnaem: x\n", { mode: 0o600 });
    const args = ["plugin", "test", "m.wasm", "--trace", "t.jsonl", "--config", "o.yaml"];
    const refused = await wca(args, { cwd: tree.root });
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      `o.yaml:1:8 share: saw number 2, wanted a number of at most 1
o.yaml:2:1 naem: unknown key "naem", did you mean "name"? known are share, name
wca: the configuration has 2 problems, nothing was started
`,
    ]);
    fs.writeFileSync(`${tree.root}/o.yaml`, "share: 0.25\n");
    expect((await wca(args, { cwd: tree.root })).stdout).toContain("log info: 0.25\n");
  });

  test.each([
    [["plugin"], "wca: missing what to do: wca plugin new|test|describe; see wca --help\n"],
    [
      ["plugin", "tset"],
      'wca: wca plugin: saw "tset", did you mean "test"? wanted one of new, test, describe; see wca --help\n',
    ],
    [["plugin", "test"], "wca: missing MODULE: wca plugin test MODULE; see wca --help\n"],
    [
      ["plugin", "test", "m.wasm"],
      "wca: missing option --trace FILE: what wca run --record wrote; see wca --help\n",
    ],
    [
      ["plugin", "test", "n.wasm", "--trace", "t.jsonl"],
      "wca: n.wasm: Cannot open the file: there is no such file; see wca --help\n",
    ],
    [["plugin", "test", "m.wasm", "--trace", "m.wasm"], "wca: m.wasm:1: saw no JSON: "],
    [
      ["plugin", "test", "m.wasm", "--trace", "none"],
      'wca: option --trace: cannot read "none": ENOENT; see wca --help\n',
    ],
    [
      ["plugin", "test", "m.wasm", "--trace", "t.jsonl", "--option", "a=1"],
      'wca: m.wasm: config.a: unknown key "a", there are none; see wca --help\n',
    ],
    [
      ["plugin", "test", "m.wasm", "--trace", "t.jsonl", "--option", "a"],
      'wca: option --option: saw "a", wanted NAME=VALUE; see wca --help\n',
    ],
  ])("tells what is wrong with %j", async (args, message) => {
    using tree = folder();
    const { exitCode, stderr } = await wca(args, { cwd: tree.root });
    expect(exitCode).toBe(2);
    expect(stderr).toStartWith(message);
  });
});

describe("wca plugin describe", () => {
  test("tells what a module says of itself, and its digest", async () => {
    using tree = folder({ describe: { ...DESCRIPTION, options: OPTIONS, measurements: ["a", "b"] } });
    fs.chmodSync(`${tree.root}/m.wasm`, 0o644);
    const { exitCode, stdout } = await wca(["plugin", "describe", "m.wasm"], { cwd: tree.root });
    const bytes = fs.readFileSync(`${tree.root}/m.wasm`);
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("### !M\n\nFinds what it is told to find.\n");
    expect(stdout.split("\n").slice(-7)).toEqual([
      "Role: detector",
      "Input: json",
      "Measurements of tasks: a, b",
      "Measurements of the platform: all",
      `Bytes: ${bytes.length}`,
      `SHA-256: ${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`,
      "",
    ]);
  });
});

describe("readTemplates()", () => {
  test("puts the template over the library, and leaves out what a build leaves and what tests need", () => {
    using tree = tempTree({
      "go/wca/main.go": "library",
      "go/wca/main_test.go": "test",
      "go/go.mod": "library",
      "go/target/x": "built",
      "go/test/check.go": "test",
      "go/template/go.mod": "module __NAME__",
      "go/template/.gitignore": "build/",
      "rust/README.md": "no template yet",
    });
    expect(readTemplates(tree.root)).toEqual({
      go: { "go.mod": "module __NAME__", "wca/main.go": "library", ".gitignore": "build/" },
    });
    expect(readTemplates(`${tree.root}/nowhere`)).toEqual({});
  });
});

describe("writePlugin()", () => {
  const templates = {
    go: { "main.go": "package __NAME__ // __NAME__", "sub/__NAME__.txt": "x" },
    rust: { "README.md": "__NAME__" },
  };

  test("fills in the name, in texts and paths", () => {
    using tree = tempTree({});
    const folder = `${tree.root}/my-plugin`;
    expect(writePlugin(folder, { lang: "go", templates })).toEqual({
      name: "my-plugin",
      files: ["main.go", "sub/__NAME__.txt"],
    });
    expect(fs.readFileSync(`${folder}/main.go`, "utf8")).toBe("package my-plugin // my-plugin");
    expect(fs.readFileSync(`${folder}/sub/my-plugin.txt`, "utf8")).toBe("x");
    fs.mkdirSync(`${tree.root}/empty`);
    expect(writePlugin(`${tree.root}/empty`, { lang: "rust", templates }).name).toBe("empty");
  });

  test.each([
    ["full", "go", 'wca plugin new: "FOLDER/full" is not empty, wanted a new or empty directory'],
    ["file", "go", 'wca plugin new: cannot write to "FOLDER/file": it is a file'],
    ["new", undefined, "missing option --lang, one of go, rust"],
    ["new", "rus", 'option --lang: saw "rus", did you mean "rust"? wanted one of go, rust'],
    ["7", "go", 'wca plugin new: saw the name "7", wanted small letters, digits and hyphens, a letter first'],
  ] as const)("refuses %s in %s", (name, lang, message) => {
    using tree = tempTree({ "full/x": "", file: "" });
    const attempt = () => writePlugin(`${tree.root}/${name}`, { lang, templates });
    expect(attempt).toThrow(message.replace("FOLDER", tree.root));
    expect(fs.existsSync(`${tree.root}/new`)).toBe(false);
  });
});

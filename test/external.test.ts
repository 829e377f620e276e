import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { checkBundled, loadExternal } from "../src/external.ts";
import { ConfigError, formatProblem } from "../src/model/errors.ts";
import { Runner } from "../src/model/roles.ts";
import { compiledWca } from "./support/compiled.ts";
import { tempTree } from "./support/tree.ts";
import { configFiles, wca } from "./support/wca.ts";

const TIMEOUT_MS = 120_000;
const isRoot = process.geteuid?.() === 0;
const RUNNER = 'import { Runner } from "wca";\nexport class X extends Runner { async run() { return 0; } }\n';
const DECLARED = (declaration: string) =>
  `import { Storage, defineComponent, z } from "wca";\nexport class X extends Storage { static component = ${declaration}; store() {} }\n`;

/** What is said of the specs when these files are there; `ROOT` for their folder. */
async function problemsOf(
  files: Readonly<Record<string, string>>,
  specs: readonly string[],
  loadSecs = 10,
): Promise<readonly string[]> {
  using tree = tempTree(files);
  try {
    await loadExternal(specs, { cwd: tree.root, searchPath: "", loadSecs });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => formatProblem(problem).replaceAll(tree.root, "ROOT"));
  }
}

describe("loadExternal()", () => {
  test("gives classes that extend those of this program, by name and by default", async () => {
    using tree = tempTree({
      "x.ts": `${RUNNER}export default class Other extends Runner { async run() {} }\n`,
      "folder/named.mjs": RUNNER,
    });
    const classes = await loadExternal(["x.ts:X", "./x", "named:X", `${tree.root}/x.ts:X`], {
      cwd: tree.root,
      searchPath: `/nowhere::${tree.root}/folder`,
    });
    expect(classes.map(({ spec, componentClass }) => [spec, componentClass.name])).toEqual([
      ["x.ts:X", "X"],
      ["./x", "Other"],
      ["named:X", "X"],
      [`${tree.root}/x.ts:X`, "X"],
    ]);
    for (const { componentClass } of classes) expect(componentClass.prototype).toBeInstanceOf(Runner);
    expect(classes[3]?.componentClass).toBe(classes[0]?.componentClass as never);
  });

  test("prefers the search path for a name, and the working directory for a path", async () => {
    using tree = tempTree({ "x.ts": RUNNER, "folder/x.ts": RUNNER.replaceAll("X", "Y") });
    const lookup = { cwd: tree.root, searchPath: "folder" };
    const classes = await loadExternal(["x:Y", "x.ts:X", "./x:X"], lookup);
    expect(classes.map(({ componentClass }) => componentClass.name)).toEqual(["Y", "X", "X"]);
  });

  const EXTENSIONS = ".ts, .mts, .cts, .js, .mjs, .cjs, .wasm";
  const wrong: readonly (readonly [what: string, content: string, spec: string, ...problems: string[]])[] = [
    ["no such file", RUNNER, "y.ts:X", '--register y.ts:X: there is no file "ROOT/y.ts"'],
    [
      "no such name",
      RUNNER,
      "y:X",
      `--register y:X: there is no "y" with one of ${EXTENSIONS} in ROOT; other folders can be named in WCA_PATH`,
    ],
    ["no such module", RUNNER, "y.wasm:X", '--register y.wasm:X: there is no file "ROOT/y.wasm"'],
    ["nothing", RUNNER, "", "--register : saw no file, wanted FILE or FILE:CLASS"],
    [
      "no such class",
      RUNNER,
      "x.ts:Xx",
      '--register x.ts:Xx: there is no export "Xx", did you mean "X"? it exports X',
    ],
    [
      "no default",
      RUNNER,
      "x.ts",
      "--register x.ts: there is no default export: name one with x.ts:CLASS; it exports X",
    ],
    ["no class", "export const X = 7;", "x.ts:X", "--register x.ts:X: saw a number, wanted a class"],
    [
      "no role",
      "export class X {}",
      "x.ts:X",
      '--register x.ts:X: class "X" is no component: wanted one that extends Runner, Node, Detector, Storage or Labeler of "wca", or has a static component',
    ],
    [
      "no name",
      RUNNER.replace("class X", "default class"),
      "x.ts",
      "--register x.ts: the class has no name, which would be its tag: write export default class NAME",
    ],
    [
      "a name that is no tag",
      RUNNER.replace("class X", "class Größe"),
      "x.ts:Größe",
      '--register x.ts:Größe: the name "Größe" cannot be a tag, which is made of letters (a to z), digits and underscores',
    ],
    [
      "a declaration that throws",
      'export class X { static get component() { throw new Error("not\\n  now"); } }',
      "x.ts:X",
      "--register x.ts:X: the class cannot be looked at: not; now",
    ],
    [
      "no verb",
      'import { Storage } from "wca";\nexport class X extends Storage {}',
      "x.ts:X",
      '--register x.ts:X: component "X" has no method store(), which every storage needs',
    ],
    [
      "another role than its base class",
      DECLARED('defineComponent("node", { doc: "", options: {} })'),
      "x.ts:X",
      '--register x.ts:X: component "X" is declared as a node, but its class extends that of a storage',
    ],
    [
      "an unknown role",
      DECLARED('defineComponent("storag", { doc: "", options: {} })'),
      "x.ts:X",
      '--register x.ts:X: component "X" is declared wrongly: saw the role "storag", wanted one of runner, node, collector, detector, storage, labeler, ssl, database, did you mean "storage"?',
    ],
    [
      "text as declaration",
      DECLARED('"storage"'),
      "x.ts:X",
      '--register x.ts:X: component "X" is declared wrongly: saw text, wanted what defineComponent() gives',
    ],
    [
      "no doc",
      DECLARED('defineComponent("storage", { options: {} })'),
      "x.ts:X",
      '--register x.ts:X: component "X" is declared wrongly: "doc" is undefined, wanted text',
    ],
    [
      "a schema for all options",
      DECLARED('defineComponent("storage", { doc: "", options: z.object({}) })'),
      "x.ts:X",
      '--register x.ts:X: component "X" is declared wrongly: "options" is a schema, wanted an object with a schema for each option',
    ],
    [
      "an option without a schema",
      DECLARED('defineComponent("storage", { doc: "", options: { a: 7 } })'),
      "x.ts:X",
      '--register x.ts:X: component "X" is declared wrongly: option "a" is a number, wanted a schema made with z of "wca", such as z.string()',
    ],
    [
      "a default that throws",
      DECLARED(
        'defineComponent("storage", { doc: "", options: { a: z.string().default(() => { throw new Error("oh") }) } })',
      ),
      "x.ts:X",
      '--register x.ts:X: component "X" is declared wrongly: its options cannot be described: oh',
    ],
    [
      "a syntax error",
      "const a = 1;\nlet b = ;\n",
      "x.ts:X",
      "ROOT/x.ts:2:9: Cannot parse the file: Unexpected ;",
    ],
    [
      "a package that is not there",
      'import a from "no-such-package";\nconsole.log(a);',
      "x.ts:X",
      'ROOT/x.ts:1:15: Cannot find the package "no-such-package" that is imported here: install it in a node_modules folder beside the file or above it',
    ],
    [
      "a file that is not there",
      '\nimport { a } from "./a.ts";\nconsole.log(a);',
      "x.ts:X",
      'ROOT/x.ts:2:19: Cannot find the file "./a.ts" that is imported here',
    ],
    [
      "a part of the program",
      'import { KernelHost } from "wca/src/kernel/host.ts";\nconsole.log(KernelHost);',
      "x.ts:X",
      'ROOT/x.ts:1:28: Cannot find the package "wca/src/kernel/host.ts" that is imported here: all that there is comes from "wca" itself',
    ],
    [
      "a misspelt import",
      RUNNER.replaceAll("Runner", "Runer"),
      "x.ts:X",
      'ROOT/x.ts:1:10: "wca" exports no value "Runer", did you mean "Runner"?',
    ],
    [
      "an error at the top level",
      'throw new TypeError("first\\n second");',
      "x.ts:X",
      "ROOT/x.ts:1:11: The file failed while it was loaded: TypeError: first; second",
    ],
    [
      "a program that ends itself",
      "console.error; process.exit(0);",
      "x.ts:X",
      "ROOT/x.ts:1:24: The file failed while it was loaded: Error: it calls process.exit() while it is loaded, as a program does: wanted a component",
    ],
    [
      "text thrown at the top level",
      'throw "a fit";',
      "x.ts:X",
      "ROOT/x.ts: The file failed while it was loaded: a fit",
    ],
  ];
  for (const [what, content, spec, ...problems] of wrong) {
    test(`says what is wrong: ${what}`, async () => {
      expect(await problemsOf({ "x.ts": content }, [spec])).toEqual(problems);
    });
  }

  test("tells a syntax error in the file that has it", async () => {
    const files = { "x.ts": 'import "./lib/y.ts";', "lib/y.ts": "\n\nfoo bar" };
    expect(await problemsOf(files, ["x.ts:X"])).toEqual([
      'ROOT/lib/y.ts:3:5: Cannot parse the file: Expected ";" but found "bar"',
    ]);
  });

  test("tells of a path that Bun takes for another one", async () => {
    expect(await problemsOf({ "q?y/x.ts": RUNNER }, ["q?y/x.ts:X"])).toEqual([
      '--register q?y/x.ts:X: cannot load "ROOT/q?y/x.ts": a path with a question mark cannot be imported',
    ]);
  });

  test("does not wait for ever for a top level", async () => {
    const files = { "x.ts": "await new Promise(() => {});\nexport class X {}" };
    expect(await problemsOf(files, ["x.ts:X"], 0.05)).toEqual([
      "ROOT/x.ts: The file was not loaded within 0.05 s: its top level still waits",
    ]);
  });

  test("tells what is wrong with all files together", async () => {
    expect(await problemsOf({ "x.ts": "export class X {}" }, ["x.ts:Y", "y.ts:X"])).toHaveLength(2);
  });

  test("tells what is wrong with one file once, however many classes are wanted of it", async () => {
    expect(await problemsOf({ "x.ts": "throw new Error('broken');" }, ["x.ts:X", "x.ts:Y"])).toEqual([
      "ROOT/x.ts:1:11: The file failed while it was loaded: Error: broken",
    ]);
  });

  const IMPORTS = `import { a } from "./lib/a.ts";\nconsole.assert(a === 1);\n${RUNNER}`;
  const untrusted: readonly (readonly [name: string, mode: number, problem: string])[] = [
    ["x.ts", 0o666, "saw mode 0666, wanted a file that only its owner can write: chmod go-w"],
    ["lib/a.ts", 0o646, "saw mode 0646, wanted a file that only its owner can write: chmod go-w"],
    ["lib", 0o777, "saw a folder that others can write: chmod go-w"],
    [".", 0o777, "saw a folder that others can write: chmod go-w"],
    [
      "node_modules/p/index.js",
      0o666,
      "saw mode 0666, wanted a file that only its owner can write: chmod go-w",
    ],
  ];
  for (const [name, mode, problem] of untrusted) {
    test(`refuses ${name} with mode ${mode.toString(8)}, and runs nothing of it`, async () => {
      using tree = tempTree({
        "x.ts": `import "p";\n${IMPORTS}`,
        "lib/a.ts": "export const a = 1;",
        "node_modules/p/index.js": 'globalThis["wcaTestRan"] = true;',
      });
      fs.symlinkSync(path.join(tree.root, "x.ts"), path.join(tree.root, "link.ts"));
      const place = path.join(tree.root, name);
      fs.chmodSync(place, mode);
      const loading = loadExternal(["link.ts:X"], { cwd: tree.root, searchPath: "" });
      const at = name === "x.ts" ? path.join(tree.root, "link.ts") : place.replace(/\/\.$/, "");
      await expect(loading).rejects.toThrow(`${at}: ${problem} ${at}`);
      expect("wcaTestRan" in globalThis).toBe(false);
    });
  }

  test.skipIf(!isRoot)(
    "refuses files and folders of somebody else, but not a package's own numbers",
    async () => {
      using tree = tempTree({
        "x.ts": `import { a } from "./lib/a.ts";\nimport "p";\nconsole.assert(a === 1);\n${RUNNER}`,
        "lib/a.ts": "export const a = 1;",
        "node_modules/p/index.js": "export {};",
      });
      const lookup = { cwd: tree.root, searchPath: "" };
      fs.chownSync(path.join(tree.root, "node_modules/p/index.js"), 65534, 65534);
      expect(await loadExternal(["x.ts:X"], lookup)).toHaveLength(1);
      fs.chownSync(path.join(tree.root, "node_modules"), 1234, 0);
      await expect(loadExternal(["x.ts:X"], lookup)).rejects.toThrow("saw a folder of owner 1234");
      fs.chownSync(path.join(tree.root, "node_modules"), 0, 0);
      fs.chownSync(path.join(tree.root, "lib/a.ts"), 1234, 0);
      await expect(loadExternal(["x.ts:X"], lookup)).rejects.toThrow("saw owner 1234");
    },
  );
});

test("checkBundled() checks classes like those of files", async () => {
  const bundled = [{ spec: "./x.ts:X", componentClass: class X {} }];
  await expect(checkBundled(bundled)).rejects.toThrow('--register ./x.ts:X: class "X" is no component');
});

const PROGRAMS = { "from source": undefined, compiled: compiledWca };
for (const [how, program] of Object.entries(PROGRAMS)) {
  async function run(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    if (program === undefined) return await wca(args, { cwd, env });
    const child = Bun.spawn([await program(), ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { exitCode: await child.exited, stdout, stderr };
  }

  describe(`wca --register ${how}`, () => {
    test(
      "shares classes with the program, whatever node_modules and relative imports there are",
      async () => {
        using tree = tempTree({
          "lib/base.ts": 'import { Runner } from "wca";\nexport abstract class Base extends Runner {}\n',
          "node_modules/wca/package.json": '{"name":"wca","exports":"./i.js"}',
          "node_modules/wca/i.js": "export class Runner {}",
          "node_modules/p/package.json":
            '{"name":"p","exports":{".":{"default":"./lib/i.js"},"./s":"./s.js"}}',
          "node_modules/p/lib/i.js": 'export default "p";',
          "node_modules/p/s.js": 'module.exports = "s";',
          "x.ts":
            'import { ConfigError, Runner } from "wca";\nimport p from "p";\nimport s from "p/s";\nimport { Base } from "./lib/base.ts";\n' +
            "export class X extends Base { async run() { console.log(p, s, this instanceof Runner); } }\n" +
            'export class Bad extends Base { constructor() { super(); throw new ConfigError([{ at: "rules:1", path: "", message: "no rule" }]); } async run() {} }\n' +
            'export class Worse extends Base { constructor() { super(); throw new Error("no luck"); } async run() {} }\n',
        });
        configFiles(tree.root, {
          "x.yaml": "runner: !X\n",
          "bad.yaml": "runner: !Bad\n",
          "worse.yaml": "runner: !Worse\n",
          "role.yaml": "runner: !MeasurementRunner {node: !X {}}\n",
        });
        const good = await run(["run", "-0", "-l", "error", "-c", "x.yaml", "-r", "x.ts:X"], tree.root);
        expect(good).toEqual({ exitCode: 0, stdout: "p s true\n", stderr: "" });
        const fine = await run(["check", "-c", "x.yaml", "-r", "x.ts:X"], tree.root);
        expect(fine).toEqual({ exitCode: 0, stdout: "x.yaml: fine, 1 component: X\n", stderr: "" });
        const summary = "wca: the configuration has 1 problem, nothing was started\n";
        const wrong: readonly (readonly [spec: string, config: string, message: string])[] = [
          ["x.ts:Bad", "bad.yaml", "rules:1: no rule\n"],
          ["x.ts:Worse", "worse.yaml", "worse.yaml:1:9 runner: Cannot build Worse: no luck\n"],
          [
            "x.ts:Nope",
            "x.yaml",
            '--register x.ts:Nope: there is no export "Nope"; it exports Bad, Worse, X\n',
          ],
          ["x.ts:X", "role.yaml", "role.yaml:1:35 runner.node: saw !X (a runner), wanted a node\n"],
        ];
        for (const [spec, config, message] of wrong) {
          const finished = await run(["check", "-c", config, "-r", spec], tree.root);
          expect({ exitCode: finished.exitCode, stdout: finished.stdout }).toEqual({
            exitCode: 2,
            stdout: "",
          });
          expect(finished.stderr).toBe(message + summary);
        }
      },
      TIMEOUT_MS,
    );

    test(
      "downloads no package that a file imports",
      async () => {
        let requests = 0;
        using registry = Bun.serve({
          hostname: "127.0.0.1",
          port: 0,
          fetch() {
            requests += 1;
            return new Response("none", { status: 404 });
          },
        });
        using tree = tempTree({
          "home/": "",
          "x.ts": `import p from "not-installed";\nconsole.log(p);\n${RUNNER}`,
          "y.ts": `const name = "not-installed";\nawait import(name);\n${RUNNER}`,
        });
        const env = { HOME: path.join(tree.root, "home"), BUN_CONFIG_REGISTRY: registry.url.href };
        for (const file of ["x.ts", "y.ts"]) {
          const { exitCode, stderr } = await run(["describe", "X", "-r", `${file}:X`], tree.root, env);
          expect({ exitCode, requests }).toEqual({ exitCode: 2, requests: 0 });
          expect(stderr).toContain(
            'Cannot find the package "not-installed" that is imported here: install it',
          );
        }
      },
      TIMEOUT_MS,
    );

    test(
      "replaces a built-in of the same role, and says so; describe prints the user's documentation alone",
      async () => {
        using tree = tempTree({
          "s.ts": 'import { Storage } from "wca";\nexport class LogStorage extends Storage { store() {} }\n',
          "n.ts":
            'import { Node } from "wca";\nexport class LogStorage extends Node { discover() { return []; } }\n',
        });
        configFiles(tree.root, { "c.yaml": "runner: !MeasurementRunner {node: !StaticNode {tasks: []}}\n" });
        const good = await run(["check", "-c", "c.yaml", "-r", "s.ts:LogStorage"], tree.root);
        expect(good.exitCode).toBe(0);
        expect(good.stdout).toContain("LogStorage of s.ts:LogStorage replaces that of the program");
        const described = await run(["describe", "LogStorage", "-r", "s.ts:LogStorage"], tree.root);
        expect(described).toEqual({
          exitCode: 0,
          stdout: "### !LogStorage\n\nA storage.\n\nIt has no options.\n",
          stderr: "",
        });
        const other = await run(["check", "-c", "c.yaml", "-r", "n.ts:LogStorage"], tree.root);
        expect(other).toMatchObject({ exitCode: 2, stdout: "" });
        expect(other.stderr).toStartWith(
          '--register n.ts:LogStorage: Cannot register component "LogStorage": the name is taken by a component of the program, which is a storage and cannot be replaced by a node\n',
        );
        const two = await run(
          ["check", "-c", "c.yaml", "-r", "s.ts:LogStorage", "-r", "n.ts:LogStorage"],
          tree.root,
        );
        expect(two.stderr).toStartWith(
          '--register n.ts:LogStorage: Cannot register component "LogStorage": the name is taken by s.ts:LogStorage\n',
        );
      },
      TIMEOUT_MS,
    );
  });
}

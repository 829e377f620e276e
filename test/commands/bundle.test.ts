import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { compiledWca } from "../support/compiled.ts";
import { elfOf } from "../support/elf.ts";
import { emptyRoot, inEmptyRoot, needEmptyRoot } from "../support/empty-root.ts";
import { needOtherSystems, needOwnNetwork } from "../support/other-systems.ts";
import { DESCRIPTION, pluginModule } from "../support/plugin-wat.ts";
import { requirement } from "../support/requirement.ts";
import { type Tree, tempTree } from "../support/tree.ts";
import { configFiles, type WcaOptions, wca } from "../support/wca.ts";

const TIMEOUT_MS = 180_000;
const HAS_EMPTY_ROOT = await requirement("an empty root directory", needEmptyRoot);
const HAS_OWN_NETWORK = await requirement("a network of one's own", needOwnNetwork);
const HAS_OTHER_SYSTEMS = await requirement("Bun for other systems", needOtherSystems);

/** Classes of the program and of another file that have the names of these, and a package of their own. */
const FILES = {
  "own_storage.ts": `import { Storage, defineComponent, z, type Metric, type OptionsOf } from "wca";
import { greeting } from "greeter";
import { Queue } from "./lib/queue.ts";

class StaticNode {}
class LogStorage {}

export class OwnStorage extends Storage {
  static readonly component = defineComponent("storage", {
    doc: \`Greets with \${greeting()} and \${StaticNode.name} \${LogStorage.name}.\`,
    options: { endpoint: z.url().default("http://127.0.0.1:8000").describe("Where to.") },
  });
  readonly #queue = new Queue();
  readonly endpoint: string;
  constructor(options: OptionsOf<typeof OwnStorage>) {
    super();
    this.endpoint = options.endpoint;
  }
  async store(metrics: readonly Metric[]) {
    this.#queue.add(metrics.length);
    console.log(\`stored \${this.#queue.total > 0}\`);
  }
}
`,
  "lib/queue.ts": "export class Queue { total = 0; add(count: number) { this.total += count; } }\n",
  "queue.ts": `import { Runner } from "wca";
export default class Queue extends Runner { async run() { console.log("Hello from Queue!"); return 0; } }
`,
  "node_modules/greeter/package.json": '{"name":"greeter","exports":{".":{"default":"./main.cjs"}}}',
  "node_modules/greeter/main.cjs": 'exports.greeting = () => require("./words.cjs").hello;\n',
  "node_modules/greeter/words.cjs": 'exports.hello = "hello";\n',
} as const;
const SPECS = ["-r", "./own_storage.ts:OwnStorage", "-r", "./queue.ts"];

const LATER = `import { Runner, defineComponent, ref, Storage, type OptionsOf } from "wca";
export class Later extends Runner {
  static readonly component = defineComponent("runner", {
    doc: "Looks at a storage.",
    options: { storage: ref("storage").describe("Any.") },
  });
  #storage: Storage;
  constructor(options: OptionsOf<typeof Later>) { super(); this.#storage = options.storage; }
  async run() {
    await this.#storage.store([]);
    console.log(\`same class \${this.#storage instanceof Storage}\`);
    return 0;
  }
}
`;

/** A program that bundles, and what it made of the files above in a directory that has nothing else. */
interface Made extends Disposable {
  readonly program: string;
  readonly options: WcaOptions;
  readonly sources: Tree;
  readonly elsewhere: Tree;
  readonly custom: string;
}

async function make(program: string, options: WcaOptions): Promise<Made> {
  const sources = tempTree(FILES);
  const elsewhere = tempTree({});
  const custom = path.join(elsewhere.root, "wca-custom");
  const args = ["bundle", ...SPECS, "-o", custom];
  const { exitCode, stdout, stderr } = await wca(args, { ...options, cwd: sources.root });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toContain(`${custom}: bun-linux-`);
  // What is built in has to be in there.
  sources.remove("lib");
  sources.remove("node_modules");
  sources.remove("own_storage.ts");
  return {
    program,
    options,
    sources,
    elsewhere,
    custom,
    [Symbol.dispose]() {
      sources[Symbol.dispose]();
      elsewhere[Symbol.dispose]();
    },
  };
}

/** As on a host that has neither Bun nor the sources. */
const BARE = ["env", "-i", "NO_COLOR=1"];

const OPTIONS = { properties: { share: { type: "number", default: 0.5 } } };
const ANSWER = { metrics: [{ name: "found", value: 3 }] };
const FINDER = `runner: !DetectionRunner
  node: !CgroupNode
  metrics_storage: !LogStorage {output_filename: m.prom, overwrite: true}
  anomalies_storage: !LogStorage {output_filename: a.prom, overwrite: true}
  interval: 0.5
  detector: !Finder {share: 0.25}
`;

describe.each(["sources", "executable"])("wca bundle of the %s", (program) => {
  let made: Made;
  beforeAll(async () => {
    const options: WcaOptions = program === "sources" ? {} : { under: BARE, command: [await compiledWca()] };
    made = await make(program, options);
  }, TIMEOUT_MS);
  afterAll(() => made[Symbol.dispose]());

  function custom(args: readonly string[], cwd = made.elsewhere.root) {
    return wca(args, { cwd, under: BARE, command: [made.custom] });
  }

  test("writes an executable and a checksum that sha256sum accepts, and nothing else", () => {
    expect(fs.readdirSync(made.elsewhere.root).sort()).toEqual(["wca-custom", "wca-custom.sha256"]);
    expect(fs.statSync(made.custom).mode & 0o7777).toBe(0o755);
    const check = Bun.spawnSync(["sha256sum", "--check", "wca-custom.sha256"], { cwd: made.elsewhere.root });
    expect(check.stdout.toString()).toBe("wca-custom: OK\n");
  });

  test("builds classes in under their names, whatever others of the same name there are", async () => {
    const { stdout } = await custom(["describe", "OwnStorage"]);
    expect(stdout).toStartWith("### !OwnStorage\n\nGreets with hello and StaticNode LogStorage.\n");
    expect((await custom(["describe", "Queue"])).stdout).toStartWith("### !Queue\n");
  });

  test("leaves the program's own components as they are", async () => {
    const headings = (text: string) => text.split("\n").filter((line) => line.startsWith("### "));
    const stock = headings((await wca(["describe"])).stdout);
    const all = headings((await custom(["describe"])).stdout);
    expect(stock.length).toBeGreaterThan(5);
    expect(all.filter((line) => !stock.includes(line)).sort()).toEqual(["### !OwnStorage", "### !Queue"]);
    expect(stock.filter((line) => !all.includes(line))).toEqual([]);
  });

  test(
    "makes an executable that takes configurations without --register",
    async () => {
      configFiles(made.elsewhere.root, {
        "queue.yaml": "runner: !Queue\n",
        "own.yaml": `runner: !MeasurementRunner
  node: !StaticNode {tasks: []}
  metrics_storage: !OwnStorage {}
`,
      });
      const queue = await custom(["-0c", "queue.yaml"]);
      expect({ exitCode: queue.exitCode, said: queue.stdout.includes("Hello from Queue!") }).toEqual({
        exitCode: 0,
        said: true,
      });
      const own = await custom(["-0c", "own.yaml", "-n1"]);
      expect({ exitCode: own.exitCode, stderr: own.stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(own.stdout).toContain("stored true\n");
      for (const file of ["queue.yaml", "own.yaml"]) made.elsewhere.remove(file);
    },
    TIMEOUT_MS,
  );

  test("makes an executable that still takes files from disk, with the same base classes", async () => {
    using tree = tempTree({ "later.ts": LATER });
    configFiles(tree.root, { "later.yaml": "runner: !Later\n  storage: !OwnStorage {}\n" });
    const { exitCode, stdout, stderr } = await custom(
      ["-0c", "later.yaml", "-r", "later.ts:Later"],
      tree.root,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("stored false\nsame class true\n");
  });

  test(
    "makes an executable that bundles, too, and says what it does not take over",
    async () => {
      using tree = tempTree({ "queue.ts": FILES["queue.ts"] });
      const { exitCode, stderr } = await custom(["bundle", "-r", "queue.ts", "-o", "again"], tree.root);
      expect(stderr).toBe(
        "wca: What is built into this program is not taken over: ./own_storage.ts:OwnStorage, ./queue.ts\n",
      );
      expect(exitCode).toBe(0);
      const again = await wca(["describe", "Queue"], {
        under: BARE,
        command: [path.join(tree.root, "again")],
      });
      expect(again.stdout).toStartWith("### !Queue\n");
      expect(again.exitCode).toBe(0);
    },
    TIMEOUT_MS,
  );

  test.skipIf(!HAS_EMPTY_ROOT)(
    "makes an executable that runs in an empty root directory",
    async () => {
      using tree = emptyRoot(made.custom);
      configFiles(tree.root, {
        "queue.yaml": "runner: !Queue\n",
        "log.yaml": `runner: !MeasurementRunner
  node: !StaticNode {tasks: []}
  metrics_storage: !LogStorage {output_filename: /out.prom, overwrite: true}
`,
      });
      const inside = (...args: readonly string[]) =>
        wca(args, { under: ["env", "-i"], command: inEmptyRoot(tree.root) });
      expect((await inside("describe", "OwnStorage")).stdout).toStartWith("### !OwnStorage\n");
      const queue = await inside("-0c", "/queue.yaml");
      expect({ exitCode: queue.exitCode, said: queue.stdout.includes("Hello from Queue!") }).toEqual({
        exitCode: 0,
        said: true,
      });
      const log = await inside("-0c", "/log.yaml", "-n2");
      expect({ exitCode: log.exitCode, stderr: log.stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(fs.readFileSync(path.join(tree.root, "out.prom"), "utf8")).toMatch(/^wca_up\{.*\} \d+/m);
    },
    TIMEOUT_MS,
  );
});

/** Without the variables that say where Bun keeps what it downloads. */
const NOWHERE_TO_KEEP = [
  "env",
  ...["HOME", "XDG_CACHE_HOME", "BUN_INSTALL", "BUN_INSTALL_CACHE_DIR"].flatMap((name) => ["-u", name]),
];

describe("wca bundle", () => {
  test(
    "makes the same bytes of the same files",
    async () => {
      using tree = tempTree(FILES);
      for (const name of ["a", "b"]) {
        expect((await wca(["bundle", ...SPECS, "-o", name], { cwd: tree.root })).exitCode).toBe(0);
      }
      const digests = ["a", "b"].map((name) =>
        fs.readFileSync(path.join(tree.root, `${name}.sha256`), "utf8"),
      );
      expect(digests[0]?.split(" ")[0]).toBe(digests[1]?.split(" ")[0] ?? "");
    },
    TIMEOUT_MS,
  );

  const BAD: Readonly<Record<string, string>> = {
    "syntax.ts": 'import { Runner } from "wca";\nexport class Bad extends Runner { run( }\n',
    "import.ts":
      'import { Runner } from "wca";\nimport "not-there";\nexport class Bad extends Runner { run() { return 0; } }\n',
    "optional.ts":
      'import { Runner } from "wca";\nexport class Bad extends Runner { run() { return import("./nowhere.ts"); } }\n',
    "throws.ts":
      'import { Runner } from "wca";\nif (Bun.isStandaloneExecutable) throw new Error("not in here");\nexport class Bad extends Runner { run() { return 0; } }\n',
    "fine.ts": 'import { Runner } from "wca";\nexport class Bad extends Runner { run() { return 0; } }\n',
    "folder/": "",
  };
  const wrong: readonly (readonly [
    what: string,
    args: readonly string[],
    exitCode: number,
    message: RegExp,
  ])[] = [
    ["no output", ["-r", "fine.ts:Bad"], 2, /^wca: missing option --output FILE/m],
    ["no component", ["-o", "out"], 2, /^wca: missing option --register SPEC/m],
    [
      "a directory",
      ["-r", "fine.ts:Bad", "-o", "folder"],
      2,
      /cannot write "folder": "\/.*\/folder" is a directory/,
    ],
    [
      "no folder",
      ["-r", "fine.ts:Bad", "-o", "no/out"],
      2,
      /cannot write "no\/out": there is no directory "\/.*\/no"/,
    ],
    [
      "an unknown target",
      ["-r", "fine.ts:Bad", "-o", "out", "--target", "bun-linux-x46"],
      2,
      /option --target: saw "bun-linux-x46", did you mean "bun-linux-x64"\?/,
    ],
    ["no such file", ["-r", "none.ts:Bad", "-o", "out"], 2, /--register none\.ts:Bad.*there is no file/],
    [
      "no such class",
      ["-r", "fine.ts:Bat", "-o", "out"],
      2,
      /there is no export "Bat", did you mean "Bad"\?/,
    ],
    ["a syntax error", ["-r", "syntax.ts:Bad", "-o", "out"], 2, /^\/.*\/syntax\.ts:2:\d+: /m],
    [
      "an import that is not there",
      ["-r", "import.ts:Bad", "-o", "out"],
      2,
      /^\/.*\/import\.ts:2:\d+: .*"not-there"/m,
    ],
    [
      "an import that only the bundler sees",
      ["-r", "optional.ts:Bad", "-o", "out"],
      2,
      /^\/.*\/optional\.ts:2:\d+: .*"\.\/nowhere\.ts"[\s\S]*1 problem, nothing was written/m,
    ],
    [
      "a class that fails in an executable",
      ["-r", "throws.ts:Bad", "-o", "out"],
      1,
      /The new executable does not work, nothing was written: "describe Bad" ended with exit code 2: .*not in here/,
    ],
  ];
  for (const [what, args, exitCode, message] of wrong) {
    test(
      `refuses ${what} and writes nothing`,
      async () => {
        using tree = tempTree(BAD);
        const before = fs.readdirSync(tree.root, { recursive: true }).sort();
        const finished = await wca(["bundle", ...args], { cwd: tree.root });
        expect(finished.stderr).toMatch(message);
        expect(finished.exitCode).toBe(exitCode);
        expect(fs.readdirSync(tree.root, { recursive: true }).sort()).toEqual(before);
      },
      TIMEOUT_MS,
    );
  }

  for (const name of ["out", "out.sha256"]) {
    test(`refuses to take the place of what is no file: ${name}`, async () => {
      using tree = tempTree(BAD);
      const place = path.join(tree.root, name);
      const devices = [`mkfifo ${place}`, `mkdir ${place}`, `ln -s /dev/null ${place}`];
      for (const make of devices) {
        Bun.spawnSync(["sh", "-c", make]);
        const before = fs.lstatSync(place);
        const finished = await wca(["bundle", "-r", "fine.ts:Bad", "-o", "out"], { cwd: tree.root });
        const problem = make.startsWith("mkdir") ? "is a directory" : "is not a regular file";
        expect(finished.stderr).toBe(
          `wca: option --output: cannot write "out": "${place}" ${problem}; see wca --help\n`,
        );
        expect(finished.exitCode).toBe(2);
        expect(fs.lstatSync(place).ino).toBe(before.ino);
        tree.remove(name);
      }
    });
  }

  test.skipIf(!HAS_EMPTY_ROOT)(
    "says that the disk is full",
    async () => {
      using tree = tempTree(BAD);
      const folder = path.join(tree.root, "folder");
      const script = 'mount -t tmpfs -o size=20m tmpfs "$0" && "$@"; code=$?; ls -A "$0" >left; exit $code';
      const finished = await wca(["bundle", "-r", "fine.ts:Bad", "-o", "folder/out"], {
        cwd: tree.root,
        under: ["unshare", "--mount", "sh", "-c", script, folder],
      });
      expect(finished.stderr).toMatch(/^wca: Cannot make the executable "folder\/out": .*ENOSPC.*\n$/);
      expect(finished.exitCode).toBe(1);
      expect(fs.readFileSync(path.join(tree.root, "left"), "utf8")).toBe("");
    },
    TIMEOUT_MS,
  );

  test(
    "keeps an executable that is there when the new one does not work",
    async () => {
      using tree = tempTree({ ...BAD, out: "before" });
      await wca(["bundle", "-r", "throws.ts:Bad", "-o", "out"], { cwd: tree.root });
      expect(fs.readFileSync(path.join(tree.root, "out"), "utf8")).toBe("before");
    },
    TIMEOUT_MS,
  );

  test("says where Bun for another system is to be kept when there is no place for it", async () => {
    using tree = tempTree(BAD);
    const args = ["bundle", "-r", "fine.ts:Bad", "-o", "out", "--target", "linux-arm64"];
    const finished = await wca(args, {
      cwd: tree.root,
      under: NOWHERE_TO_KEEP,
    });
    expect(finished.stderr).toMatch(/Cannot make an executable for bun-linux-arm64: .*; set HOME/);
    expect(finished.exitCode).toBe(1);
  });

  test("leaves nothing in the working directory when a variable that says where to keep it is empty", async () => {
    using tree = tempTree(BAD);
    const args = ["bundle", "-r", "fine.ts:Bad", "-o", "out", "--target", "bun-linux-arm64"];
    const files = fs.readdirSync(tree.root);
    const finished = await wca(args, { cwd: tree.root, env: { BUN_INSTALL: "" } });
    expect(finished.stderr).toMatch(
      /Cannot make an executable for bun-linux-arm64: .*; BUN_INSTALL is empty/,
    );
    expect(finished.exitCode).toBe(1);
    expect(fs.readdirSync(tree.root)).toEqual(files);
  });

  test.skipIf(!HAS_OWN_NETWORK)(
    "tells what is missing when Bun for another system cannot be fetched",
    async () => {
      using tree = tempTree(BAD);
      const args = ["bundle", "-r", "fine.ts:Bad", "-o", "out", "--target", "bun-linux-arm64"];
      const finished = await wca(args, {
        cwd: tree.root,
        under: ["unshare", "--net", ...NOWHERE_TO_KEEP, `HOME=${tree.root}/folder`],
      });
      expect(finished.stderr).toMatch(/^wca: Cannot make an executable for bun-linux-arm64: .*npm registry/);
      expect(finished.exitCode).toBe(1);
      expect(fs.existsSync(path.join(tree.root, "out"))).toBe(false);
    },
    TIMEOUT_MS,
  );

  test.skipIf(!HAS_OTHER_SYSTEMS)(
    "makes executables for other systems, named after them when there are several",
    async () => {
      using tree = tempTree(BAD);
      const targets = ["--target", "linux-arm64", "--target", "bun-linux-x64-musl"];
      const finished = await wca(["bundle", "-r", "fine.ts:Bad", "-o", "out", ...targets], {
        cwd: tree.root,
      });
      expect({ exitCode: finished.exitCode, stderr: finished.stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(elfOf(path.join(tree.root, "out-linux-arm64"))).toEqual({
        machine: "aarch64",
        loader: "/lib/ld-linux-aarch64.so.1",
      });
      expect(elfOf(path.join(tree.root, "out-linux-x64-musl"))).toEqual({
        machine: "x86-64",
        loader: "/lib/ld-musl-x86_64.so.1",
      });
    },
    TIMEOUT_MS,
  );
});

describe("wca bundle of a module in WebAssembly", () => {
  test(
    "builds it in with what it said of itself, and it runs without its file",
    async () => {
      using tree = tempTree({});
      const file = path.join(tree.root, "finder.wasm");
      fs.writeFileSync(
        file,
        pluginModule({ describe: { ...DESCRIPTION, options: OPTIONS }, detect: ANSWER }),
        {
          mode: 0o644,
        },
      );
      const custom = path.join(tree.root, "wca-custom");
      const made = await wca(["bundle", "-r", "finder.wasm:Finder", "-o", custom], { cwd: tree.root });
      expect([made.exitCode, made.stderr]).toEqual([0, ""]);
      fs.rmSync(file);
      const own = { cwd: tree.root, under: BARE, command: [custom] };
      expect((await wca(["describe", "Finder"], own)).stdout).toContain("| `share` | a number |");
      configFiles(tree.root, { "c.yaml": FINDER });
      const finished = await wca(["run", "-0", "-n", "2", "-c", "c.yaml"], own);
      expect([finished.exitCode, finished.stderr]).toEqual([0, ""]);
      expect(fs.readFileSync(`${tree.root}/a.prom`, "utf8")).toMatch(/^found\{.*\} 3$/m);
    },
    TIMEOUT_MS,
  );
});

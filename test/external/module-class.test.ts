import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { COMPONENTS } from "../../src/components.ts";
import { describeComponent } from "../../src/config/describe.ts";
import { parseYaml } from "../../src/config/document.ts";
import { configSchema } from "../../src/config/json-schema.ts";
import { buildConfig } from "../../src/config/load.ts";
import { createRegistry, type Registry, withUserClasses } from "../../src/config/registry.ts";
import { loadExternal } from "../../src/external.ts";
import { ConfigError, formatProblem } from "../../src/model/errors.ts";
import { testContext } from "../support/context.ts";
import { DESCRIPTION, type PluginParts, pluginModule } from "../support/plugin-wat.ts";
import { type Tree, tempTree } from "../support/tree.ts";
import { configFiles, wca } from "../support/wca.ts";

const OPTIONS = {
  type: "object",
  properties: {
    threshold: {
      type: "number",
      minimum: 0,
      maximum: 10,
      default: 3,
      description: "How many sigma.",
      unit: "standard deviations",
    },
    window: { type: "integer", minimum: 1 },
    mode: { enum: ["slow", "fast"], default: "slow", description: "How." },
    names: { type: "array", items: { type: "string" }, maxItems: 3 },
    weights: {
      type: "object",
      properties: { cpu: { type: "number", default: 1 }, io: { type: "number" } },
      additionalProperties: false,
    },
    limit: { anyOf: [{ type: "number" }, { type: "null" }] },
  },
  required: ["window"],
  additionalProperties: false,
};
const CONTENTION: PluginParts = {
  describe: { ...DESCRIPTION, version: "2.1", options: OPTIONS },
  detect: { metrics: [{ name: "m", value: 7 }] },
};

const RUN = `runner: !DetectionRunner
  node: !CgroupNode
  metrics_storage: !LogStorage {output_filename: metrics.prom, overwrite: true}
  anomalies_storage: !LogStorage {output_filename: anomalies.prom, overwrite: true}
  interval: 0.5
  detector: !Contention {window: 2}
`;

function modules(files: Readonly<Record<string, PluginParts>>): Tree {
  const tree = tempTree({});
  for (const [name, parts] of Object.entries(files)) {
    const file = path.join(tree.root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, pluginModule(parts), { mode: 0o644 });
  }
  return tree;
}

async function registryOf(tree: Tree, ...specs: string[]): Promise<Registry> {
  const lookup = { cwd: tree.root, searchPath: `${tree.root}/plugins` };
  return withUserClasses(createRegistry(COMPONENTS), await loadExternal(specs, lookup));
}

async function problemsOf(attempt: () => unknown): Promise<readonly string[]> {
  try {
    await attempt();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}

/** Problems of a configuration whose detector is this. */
function check(registry: Registry, tree: Tree, detector: string): Promise<readonly string[]> {
  // Any component with an option for a detector will do.
  const text = `runner: !DetectionRunner\n  node: !StaticNode {tasks: [/a]}\n  detector: ${detector}\n`;
  return problemsOf(() =>
    buildConfig(parseYaml(text, "c.yaml"), {
      registry,
      contextFor: () => testContext(tree.host),
      env: {},
      hostname: "h",
    }),
  );
}

describe("loadExternal(), of a module", () => {
  test("names the tag as told, or after the file", async () => {
    using tree = modules({ "contention-detector.wasm": CONTENTION, "plugins/found.wasm": {} });
    const specs = ["contention-detector.wasm:Contention", "./contention-detector.wasm", "found:F", "found"];
    const registry = await registryOf(tree, ...specs);
    const own = [...registry.values()].filter(({ spec }) => spec !== undefined);
    expect(own.map(({ tag, role, spec }) => [tag, role, spec])).toEqual([
      ["Contention", "detector", specs[0]],
      ["ContentionDetector", "detector", specs[1]],
      ["F", "detector", specs[2]],
      ["Found", "detector", specs[3]],
    ]);
  });

  test("describes the options that the module has", async () => {
    using tree = modules({ "c.wasm": CONTENTION });
    const registry = await registryOf(tree, "c.wasm:Contention");
    const registration = registry.get("Contention");
    const lines = registration === undefined ? [] : describeComponent(registration, registry).split("\n");
    expect(lines.slice(0, 12)).toEqual([
      "### !Contention",
      "",
      "Finds what it is told to find. Version 2.1 of a module in WebAssembly.",
      "",
      "| Option | Type | Unit | Default | Description |",
      "|---|---|---|---|---|",
      "| `threshold` | a number from 0 to 10 | standard deviations | `3` | How many sigma. |",
      "| `window` | an integer of at least 1 |  | *required* |  |",
      '| `mode` | one of "slow", "fast" |  | `slow` | How. |',
      "| `names` | a list of texts of at most 3 items |  |  |  |",
      "| `weights` | a mapping with cpu, io |  |  |  |",
      "| `limit` | a number or null |  |  |  |",
    ]);
    expect(lines.slice(12).map((line) => line.split("`")[1])).toEqual([
      "limits",
      "sha256",
      "signature",
      "public_key",
      "process",
    ]);
  });

  test("has the module in the JSON Schema", async () => {
    using tree = modules({ "c.wasm": CONTENTION });
    const { definitions } = configSchema(await registryOf(tree, "c.wasm:Contention"));
    const { Contention } = definitions as Record<
      string,
      { properties: Record<string, unknown>; allOf: unknown }
    >;
    expect(Contention?.allOf).toEqual([{ required: ["window"] }]);
    expect(Contention?.properties["threshold"]).toEqual({
      description: "How many sigma. Unit: standard deviations.",
      default: 3,
      anyOf: [{ type: "number", minimum: 0, maximum: 10 }, { $ref: "#/definitions/Env" }],
    });
  });

  const wrong: readonly (readonly [string, string, string, PluginParts])[] = [
    [
      "says nothing of itself",
      "c.wasm:C",
      '--register c.wasm:C: Cannot use the answer of "describe": saw "", wanted JSON: Unexpected EOF',
      { describe: "" },
    ],
    [
      "has an option of ours",
      "c.wasm:C",
      '--register c.wasm:C: Cannot use the options of the module: there is "limits", and limits, sha256, signature, public_key, process are options of every module',
      { describe: { ...DESCRIPTION, options: { properties: { limits: { type: "number" } } } } },
    ],
    [
      "has a file name that makes no tag",
      "7.wasm",
      "--register 7.wasm: the file name makes no tag: name one with 7.wasm:NAME",
      {},
    ],
    [
      "has an option that nobody can write",
      "c.wasm:C",
      '--register c.wasm:C: Cannot use the options of the module: options.properties: saw the name "a b", wanted a letter, then letters, digits and underscores',
      { describe: { ...DESCRIPTION, options: { properties: { "a b": { type: "number" } } } } },
    ],
  ];
  test.each(wrong)("refuses one that %s", async (_, spec, message, parts) => {
    using tree = modules({ [spec.split(":")[0] ?? ""]: parts });
    expect(await problemsOf(() => registryOf(tree, spec))).toEqual([message]);
  });

  test("refuses a file and a folder that others can write", async () => {
    using tree = modules({ "open.wasm": {}, "folder/c.wasm": {} });
    fs.chmodSync(`${tree.root}/open.wasm`, 0o666);
    fs.chmodSync(`${tree.root}/folder`, 0o777);
    expect(await problemsOf(() => registryOf(tree, "open.wasm", "folder/c.wasm"))).toEqual([
      `${tree.root}/open.wasm: saw mode 0666, wanted a file that only its owner can write: chmod go-w ${tree.root}/open.wasm`,
      `${tree.root}/folder: saw a folder that others can write: chmod go-w ${tree.root}/folder`,
    ]);
  });
});

describe("a tag of a module", () => {
  test("is checked like any other", async () => {
    using tree = modules({ "c.wasm": CONTENTION });
    const registry = await registryOf(tree, "c.wasm:Contention");
    expect(await check(registry, tree, "!Contention {window: 1, limits: {call_seconds: 0.2}}")).toEqual([]);
    expect(
      await check(
        registry,
        tree,
        "!Contention {treshold: 4, mode: fest, names: [a, 1], limits: {cal_seconds: 1}}",
      ),
    ).toEqual([
      'c.yaml:3:3 runner.detector.window: missing option "window" of Contention, wanted an integer of at least 1',
      'c.yaml:3:26 runner.detector.treshold: unknown option "treshold" of Contention, did you mean "threshold"? options of Contention are threshold, window, mode, names, weights, limit, limits, sha256, signature, public_key, process',
      'c.yaml:3:45 runner.detector.mode: saw text "fest", wanted one of "slow", "fast", did you mean "fast"?',
      'c.yaml:3:62 runner.detector.names[1]: saw number 1, wanted text: write "1"',
      'c.yaml:3:75 runner.detector.limits.cal_seconds: unknown key "cal_seconds", did you mean "call_seconds"? known are call_seconds, start_seconds, module_bytes, memory_bytes, input_bytes, output_bytes, variable_bytes, log_lines, address_space_bytes, descriptors, resident_bytes',
    ]);
  });

  test("needs a key for a signature, at the tag", async () => {
    using tree = modules({ "c.wasm": CONTENTION });
    const registry = await registryOf(tree, "c.wasm:Contention");
    expect(await check(registry, tree, "!Contention {window: 1, signature: x}")).toEqual([
      'c.yaml:3:13 runner.detector: Cannot build Contention: option "signature" needs "public_key"',
    ]);
  });

  test("of an allocator can be described and not be used", async () => {
    const allocate = '(func (export "allocate") (result i32) (i32.const 0))';
    using tree = modules({ "a.wasm": { describe: { ...DESCRIPTION, role: "allocator" }, more: allocate } });
    const registry = await registryOf(tree, "a.wasm:Share");
    const registration = registry.get("Share");
    expect(registration?.component.doc).toBe(
      "Finds what it is told to find. It is an allocator, and no runner of this version takes one.",
    );
    expect(await check(registry, tree, "!Share")).toEqual([
      "c.yaml:3:13 runner.detector: Cannot build Share: Cannot use the module Share: it is an allocator, and no runner of this version takes one; wanted a detector",
    ]);
  });
});

describe("wca -r MODULE", () => {
  test("describes and refuses modules in one line each", async () => {
    using tree = modules({ "c.wasm": CONTENTION, "bad.wasm": { describe: "\u001b[31mnope" } });
    const described = await wca(["describe", "-r", "c.wasm:Contention", "Contention"], { cwd: tree.root });
    expect([described.exitCode, described.stderr]).toEqual([0, ""]);
    expect(described.stdout).toStartWith("### !Contention\n");
    const refused = await wca(["check", "-r", "bad.wasm:C", "-c", "nowhere.yaml"], { cwd: tree.root });
    expect(refused).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `--register bad.wasm:C: Cannot use the answer of "describe": saw "\\u001b[31mnope", wanted JSON: Unrecognized token '\ufffd'
wca: the configuration has 1 problem, nothing was started
`,
    });
  });

  test("ends the start when the module never says what it is", async () => {
    using tree = modules({ "loop.wasm": { more: "(func $l (loop (br 0))) (start $l)" } });
    const started = performance.now();
    const { exitCode, stderr } = await wca(["check", "-r", "loop.wasm:X", "-c", "c.yaml"], {
      cwd: tree.root,
    });
    expect(exitCode).toBe(2);
    expect(stderr.split("\n")[0]).toMatch(
      /^--register loop[.]wasm:X: Cannot start "X": no answer within [\d.]+ s, its process was killed$/,
    );
    expect(performance.now() - started).toBeLessThan(10_000);
  }, 30_000);

  test.skipIf(process.geteuid?.() !== 0)(
    "runs a module as a detector, whose metrics arrive beside those of how it fares (needs to be root)",
    async () => {
      using tree = modules({ "c.wasm": CONTENTION });
      configFiles(tree.root, { "c.yaml": RUN, "bad.yaml": RUN.replace("{window: 2}", "{windw: 2}") });
      const args = ["-r", "c.wasm:Contention", "-0", "-n", "2", "-c"];
      const finished = await wca(["run", ...args, "c.yaml"], { cwd: tree.root });
      expect([finished.exitCode, finished.stderr]).toEqual([0, ""]);
      expect(finished.stdout).toContain("Runs Contention 2.1: Finds what it is told to find.");
      const metrics = fs.readFileSync(`${tree.root}/metrics.prom`, "utf8");
      expect(metrics).toMatch(/^wca_plugin_up\{.*plugin="Contention"\} 1$/m);
      expect(metrics).toMatch(/^wca_plugin_calls_total\{.*plugin="Contention"\} 2$/m);
      expect(fs.readFileSync(`${tree.root}/anomalies.prom`, "utf8")).toMatch(/^m\{.*\} 7$/m);
      const refused = await wca(["run", ...args, "bad.yaml"], { cwd: tree.root });
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain('unknown option "windw" of Contention, did you mean "window"?');
    },
    60_000,
  );
});

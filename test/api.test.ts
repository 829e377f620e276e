import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import * as api from "../src/api.ts";
import type { Context, HostContext } from "../src/config/component.ts";
import type { Host } from "../src/model/host.ts";
import { requirement } from "./support/requirement.ts";
import { type Tree, tempTree } from "./support/tree.ts";

const TIMEOUT_MS = 300_000;
const ROOT = path.join(import.meta.dirname, "..");
const STRICT = [
  "--strict --target esnext --module preserve --types bun-types",
  "--strict --target esnext --module nodenext --types bun-types --noImplicitOverride --exactOptionalPropertyTypes --noUncheckedIndexedAccess --verbatimModuleSyntax --isolatedModules --erasableSyntaxOnly",
];
const hasRegistry = await requirement("the registry of npm", async () => {
  await fetch("https://registry.npmjs.org/zod", { method: "HEAD", signal: AbortSignal.timeout(20_000) });
});

test("exports values that only a major version takes away", () => {
  expect(Object.keys(api)).toEqual(
    expect.arrayContaining([
      ...["Runner", "Node", "Storage", "Labeler", "defineComponent", "z", "Exposition", "cgroupIdentity"],
      ...["ref", "seconds", "path", "pattern", "patternToRegExp", "labelName"],
      ...["ConfigError", "FailedDeliveryError", "KernelError", "TaskGone", "Unsupported"],
    ]),
  );
});

test("what components are given is what they are promised", () => {
  // The compiler checks it: a function that takes the promised takes the real.
  const takes =
    <Promised>() =>
    (given: Promised): Promised =>
      given;
  const kept: [(c: Context) => api.Context, (c: HostContext) => api.HostContext, (h: Host) => api.Host] = [
    takes<api.Context>(),
    takes<api.HostContext>(),
    takes<api.Host>(),
  ];
  expect(kept).toHaveLength(3);
});

/** A project that has the packed package installed. */
function project(): Tree {
  const tree = tempTree({ "package.json": '{"name":"project","private":true,"type":"module"}' });
  const commands = [
    [process.execPath, "pm", "pack", "--quiet", "--destination", tree.root],
    [process.execPath, "add", "--silent", `${tree.root}/wca-0.1.0.tgz`],
  ];
  for (const [index, command] of commands.entries()) {
    const { exitCode, stderr } = Bun.spawnSync(command, { cwd: index === 0 ? ROOT : tree.root });
    if (exitCode !== 0) throw new Error(`Cannot run ${command.join(" ")}: ${stderr}`);
  }
  fs.symlinkSync(path.join(ROOT, "node_modules/bun-types"), path.join(tree.root, "node_modules/bun-types"));
  return tree;
}

function tsc(tree: Tree, args: readonly string[]): { readonly exitCode: number; readonly stdout: string } {
  const program = [process.execPath, path.join(ROOT, "node_modules/.bin/tsc"), "--noEmit", "--ignoreConfig"];
  const { exitCode, stdout } = Bun.spawnSync([...program, ...args], { cwd: tree.root });
  return { exitCode, stdout: stdout.toString() };
}

const SHAPES = `import { Runner, Storage, defineComponent, z, type Metric, type OptionsOf } from "wca";

export class HelloWorldRunner extends Runner {
  async run() { console.log("Hello world!"); return 0; }
}

export class MyStorage extends Storage {
  static readonly component = defineComponent("storage", {
    doc: "Posts metrics somewhere.",
    options: { endpoint: z.url().default("http://127.0.0.1:8000") },
  });
  readonly #endpoint: string;
  constructor(options: OptionsOf<typeof MyStorage>) { super(); this.#endpoint = options.endpoint; }
  async store(metrics: readonly Metric[]) { console.log(this.#endpoint, metrics.length); }
}
`;

describe.skipIf(!hasRegistry)("the packed package, installed in a project", () => {
  test(
    "has types that take right components and refuse wrong ones, and a program that runs them",
    () => {
      using tree = project();
      tree.write("shapes.ts", SHAPES);
      const examples = fs.readdirSync(path.join(ROOT, "examples"));
      for (const name of examples)
        fs.copyFileSync(path.join(ROOT, "examples", name), path.join(tree.root, name));
      for (const flags of STRICT) {
        const checked = tsc(tree, [...flags.split(" "), "shapes.ts", ...examples]);
        expect(checked).toEqual({ exitCode: 0, stdout: "" });
      }
      const wrong: readonly (readonly [from: string, to: string, code: string])[] = [
        ["return 0;", 'return "zero";', "TS2416"],
        ["options.endpoint", "options.endpiont", "TS2551"],
        ['defineComponent("storage"', 'defineComponent("storag"', "TS2345"],
        ['    doc: "Posts metrics somewhere.",\n', "", "TS2345"],
        ["async store(metrics: readonly Metric[])", "async stor(metrics: readonly Metric[])", "TS2515"],
        ["metrics.length)", "metrics.length, metrics[0]!.nme)", "TS2551"],
        ["console.log(this.#endpoint, ", "metrics[0]!.value = 1; console.log(this.#endpoint, ", "TS2540"],
      ];
      for (const [from, to, code] of wrong) {
        expect(SHAPES).toContain(from);
        tree.write("shapes.ts", SHAPES.replace(from, to));
        const { exitCode, stdout } = tsc(tree, [...(STRICT[0] ?? "").split(" "), "shapes.ts"]);
        expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: expect.stringContaining(code) });
      }
      tree.write("shapes.ts", SHAPES);
      tree.write("c.yaml", "runner: !HelloWorldRunner\n");
      const run = ["run", "-0", "-l", "error", "-c", "c.yaml", "-r", "./shapes.ts:HelloWorldRunner"];
      const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}` };
      const { stdout, stderr } = Bun.spawnSync([process.execPath, "node_modules/.bin/wca", ...run], {
        cwd: tree.root,
        env,
      });
      expect({ stdout: stdout.toString(), stderr: stderr.toString() }).toEqual({
        stdout: "Hello world!\n",
        stderr: "",
      });
    },
    TIMEOUT_MS,
  );
});

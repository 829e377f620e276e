import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { compiledWca } from "../support/compiled.ts";
import { elfOf } from "../support/elf.ts";
import { emptyRoot, inEmptyRoot, needEmptyRoot } from "../support/empty-root.ts";
import { needOtherSystems, needOwnNetwork } from "../support/other-systems.ts";
import { requirement } from "../support/requirement.ts";
import { type Tree, tempTree } from "../support/tree.ts";
import { configFiles, wca } from "../support/wca.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const TIMEOUT_MS = 180_000;
const HAS_OTHER_SYSTEMS = await requirement("Bun for other systems", needOtherSystems);
const HAS_OWN_NETWORK = await requirement("a network of one's own", needOwnNetwork);
const HAS_EMPTY_ROOT = await requirement("an empty root directory", needEmptyRoot);

const QUEUE = `import { Runner } from "wca";
export default class Queue extends Runner { async run() { console.log("Hello from Queue!"); return 0; } }
`;

/** All that Bun takes from a working directory, and what would be seen if it did so here. */
const ENV = `WCA_SEEN=yes
WCA_PATH=/not-there
TZ=Asia/Tokyo
BUN_BE_BUN=1
BUN_OPTIONS=--preload=./evil.ts
NODE_OPTIONS=--require=./evil.ts
`;
const PRELOAD = 'preload = ["./evil.ts"]\n';
const HOSTILE = {
  ".env": ENV,
  ".env.local": ENV,
  ".env.production": ENV,
  "bunfig.toml": `${PRELOAD}[run]\n${PRELOAD}[test]\n${PRELOAD}`,
  "tsconfig.json": '{"compilerOptions":{"paths":{"*":["./evil.ts"]}},"extends":"./not-there.json"}',
  "jsconfig.json": "not even JSON",
  "package.json":
    '{"name":"wca","version":"9.9.9","type":"commonjs","exports":"./evil.ts","imports":{"#x":"./evil.ts"}}',
  "node_modules/wca/index.js": 'console.log("evil package"); module.exports = {};',
  "evil.ts": 'console.log("evil preload"); process.exit(66);',
} as const;

describe("the executable", () => {
  let stock: string;
  let custom: string;
  let folder: Tree;
  beforeAll(async () => {
    stock = await compiledWca();
    folder = tempTree({ "queue.ts": QUEUE });
    custom = path.join(folder.root, "custom");
    const made = await wca(["bundle", "-r", "queue.ts", "-o", custom], {
      cwd: folder.root,
      command: [stock],
    });
    expect({ exitCode: made.exitCode, stderr: made.stderr }).toEqual({ exitCode: 0, stderr: "" });
  }, TIMEOUT_MS);
  afterAll(() => folder[Symbol.dispose]());

  function run(program: string, args: readonly string[], cwd: string) {
    return wca(args, { cwd, under: ["env", "-i", "NO_COLOR=1"], command: [program] });
  }

  test("describes the same as the sources", async () => {
    const { stdout } = await wca(["describe"]);
    expect(stdout).toContain("### !MeasurementRunner\n");
    expect((await run(stock, ["describe"], "/")).stdout).toBe(stdout);
  });

  for (const name of ["stock", "bundled"] as const) {
    test(
      `takes nothing from its working directory: ${name}`,
      async () => {
        using hostile = tempTree(HOSTILE);
        const program = name === "stock" ? stock : custom;
        const args = ["describe", name === "stock" ? "StaticNode" : "Queue"];
        const elsewhere = await run(program, args, "/");
        expect(elsewhere).toMatchObject({ exitCode: 0, stderr: "" });
        expect(await run(program, args, hostile.root)).toEqual(elsewhere);
        hostile.write("package.json", "not even JSON");
        expect(await run(program, args, hostile.root)).toEqual(elsewhere);
        // Variables of .env would be seen here.
        configFiles(hostile.root, { "env.yaml": "runner: !MeasurementRunner\n  interval: !Env WCA_SEEN\n" });
        const seen = await run(program, ["check", "-c", "env.yaml"], hostile.root);
        expect(seen.exitCode).toBe(2);
        expect(seen.stderr).toContain("WCA_SEEN");
      },
      TIMEOUT_MS,
    );
  }

  test(
    "takes a component's file from a hostile directory, with its own base classes",
    async () => {
      using hostile = tempTree({ ...HOSTILE, "queue.ts": QUEUE });
      // These Bun reads where they lie beside a file that it imports.
      for (const file of ["tsconfig.json", "jsconfig.json"]) hostile.remove(file);
      configFiles(hostile.root, { "queue.yaml": "runner: !Queue\n" });
      const finished = await run(stock, ["-0c", "queue.yaml", "-r", "./queue.ts"], hostile.root);
      expect({ exitCode: finished.exitCode, stderr: finished.stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(finished.stdout).toContain("Hello from Queue!");
      expect(finished.stdout).not.toContain("evil");
    },
    TIMEOUT_MS,
  );

  test.skipIf(!HAS_EMPTY_ROOT)(
    "runs in an empty root directory, and takes a component's file there",
    async () => {
      using tree = emptyRoot(stock);
      tree.write("queue.ts", QUEUE);
      configFiles(tree.root, {
        "queue.yaml": "runner: !Queue\n",
        "log.yaml": `runner: !MeasurementRunner
  node: !StaticNode {tasks: [not-there]}
  metrics_storage: !LogStorage {output_filename: /out.prom, overwrite: true}
`,
      });
      const inside = (...args: readonly string[]) =>
        wca(args, { under: ["env", "-i"], command: inEmptyRoot(tree.root) });
      const { version } = await Bun.file(path.join(ROOT, "package.json")).json();
      expect(await inside("--version")).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
      expect((await inside("doctor")).stdout).toContain("cgroup");
      const queue = await inside("-0c", "/queue.yaml", "-r", "/queue.ts");
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

/** The package as npm would install it: what it publishes, below a node_modules with its dependencies. */
function installedPackage(): Tree {
  const tree = tempTree({ "node_modules/wca/": "", "queue.ts": QUEUE });
  const modules = path.join(tree.root, "node_modules");
  const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8")) as Manifest;
  for (const name of [
    "package.json",
    ...manifest.files.filter((file) => fs.existsSync(path.join(ROOT, file))),
  ]) {
    fs.cpSync(path.join(ROOT, name), path.join(modules, "wca", name), { recursive: true });
  }
  for (const name of fs.readdirSync(path.join(ROOT, "node_modules"))) {
    if (!name.startsWith("."))
      fs.symlinkSync(path.join(ROOT, "node_modules", name), path.join(modules, name));
  }
  return tree;
}

interface Manifest {
  readonly files: readonly string[];
}

test(
  "an installed package bundles",
  async () => {
    using tree = installedPackage();
    const command = [process.execPath, path.join(tree.root, "node_modules/wca/src/main.ts")];
    const made = await wca(["bundle", "-r", "queue.ts", "-o", "custom"], { cwd: tree.root, command });
    expect({ exitCode: made.exitCode, stderr: made.stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { stdout } = await wca(["describe", "Queue"], { command: [path.join(tree.root, "custom")] });
    expect(stdout).toStartWith("### !Queue\n");
  },
  TIMEOUT_MS,
);

describe("tools/build.ts", () => {
  const NATIVE = `bun-linux-${process.arch}`;
  const RELEASED = ["bun-linux-x64", "bun-linux-arm64", "bun-linux-x64-musl", "bun-linux-arm64-musl"];
  const OTHERS = RELEASED.filter((target) => target !== NATIVE);
  const nameOf = (target: string) => (target === NATIVE ? "wca" : target.replace("bun-", "wca-"));

  function build(args: readonly string[], under: readonly string[] = []) {
    const { exitCode, stdout, stderr } = Bun.spawnSync(
      [...under, process.execPath, path.join(ROOT, "tools/build.ts"), ...args],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  test.skipIf(!HAS_OTHER_SYSTEMS)(
    "makes the executables of the releases, each with a checksum",
    () => {
      using dist = tempTree({});
      const { exitCode, stdout, stderr } = build(["--outdir", dist.root]);
      expect({ exitCode, stderr, lines: stdout.trim().split("\n").length }).toEqual({
        exitCode: 0,
        stderr: "",
        lines: 4,
      });
      const names = RELEASED.map(nameOf);
      expect(fs.readdirSync(dist.root).sort()).toEqual(
        [...names, ...names.map((name) => `${name}.sha256`)].sort(),
      );
      const sums = names.map((name) => `${name}.sha256`);
      expect(Bun.spawnSync(["sha256sum", "--check", ...sums], { cwd: dist.root }).exitCode).toBe(0);
      for (const target of RELEASED) {
        const { machine, loader } = elfOf(path.join(dist.root, nameOf(target)));
        expect({ target, machine }).toEqual({
          target,
          machine: target.includes("arm64") ? "aarch64" : "x86-64",
        });
        expect(loader.includes("ld-musl")).toBe(target.endsWith("-musl"));
      }
    },
    TIMEOUT_MS,
  );

  test.skipIf(!HAS_OWN_NETWORK)(
    "makes what can be made when Bun cannot be fetched for the other systems, and fails",
    () => {
      using tree = tempTree({ "home/": "", "dist/": "" });
      const dist = path.join(tree.root, "dist");
      const home = path.join(tree.root, "home");
      const alone = [
        "unshare",
        "--net",
        "env",
        ...["XDG_CACHE_HOME", "BUN_INSTALL", "BUN_INSTALL_CACHE_DIR"].flatMap((name) => ["-u", name]),
        `HOME=${home}`,
      ];
      const { exitCode, stdout, stderr } = build(["--outdir", dist], alone);
      expect(exitCode).toBe(1);
      expect(fs.readdirSync(dist).sort()).toEqual(["wca", "wca.sha256"]);
      expect(stdout).toContain(`wca: ${NATIVE}, `);
      for (const target of OTHERS) expect(stderr).toContain(`Cannot make an executable for ${target}: `);
      expect(stderr.trim().split("\n")).toHaveLength(OTHERS.length);
    },
    TIMEOUT_MS,
  );

  test(
    "makes only the targets that are named",
    () => {
      using dist = tempTree({});
      expect(build(["--target", NATIVE.replace("bun-", ""), "--outdir", dist.root]).exitCode).toBe(0);
      expect(fs.readdirSync(dist.root).sort()).toEqual(["wca", "wca.sha256"]);
    },
    TIMEOUT_MS,
  );

  test("takes one target for one file", () => {
    using dist = tempTree({});
    const { exitCode, stderr } = build(["--outfile", path.join(dist.root, "wca")]);
    expect(stderr).toBe("Cannot write 4 targets to one --outfile: name one with --target\n");
    expect({ exitCode, files: fs.readdirSync(dist.root) }).toEqual({ exitCode: 1, files: [] });
  });
});

test("tools/build.ts says which targets there are", () => {
  const { exitCode, stderr } = Bun.spawnSync(
    [process.execPath, path.join(ROOT, "tools/build.ts"), "--target", "bun-linux-sparc"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  expect(stderr.toString()).toStartWith(
    'Cannot build for "bun-linux-sparc": wanted one of native, bun-linux-x64, ',
  );
  expect(exitCode).toBe(1);
});

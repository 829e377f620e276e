/*
 * bun tools/build.ts [--target linux-arm64]… [--outdir DIR] [--outfile FILE]
 *
 * Makes executables of the agent with everything in them, each with its SHA-256 beside it: those of the
 * releases, or only the targets that are named ("native" is this machine). In dist/ the one for this machine
 * is wca, others are named after their target, such as wca-linux-arm64-musl. For another system Bun fetches
 * itself from the npm registry and keeps it in ~/.bun/install/cache; when it cannot, the others are made all
 * the same, and the exit code is 1.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { TARGETS, type Target } from "../src/bundle/executable.ts";
import { nativeTarget, writeTried } from "../src/bundle/output.ts";
import { loadProgram, type Program } from "../src/bundle/program.ts";

const DIST = path.resolve(import.meta.dir, "../dist");
const NATIVE = "native";
const RELEASED: readonly Target[] = [
  "bun-linux-x64",
  "bun-linux-arm64",
  "bun-linux-x64-musl",
  "bun-linux-arm64-musl",
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: "string", multiple: true, default: [] },
      outdir: { type: "string", default: DIST },
      outfile: { type: "string" },
    },
  });
  const targets = values.target.length === 0 ? RELEASED : values.target.map(targetOf);
  const { outdir, outfile } = values;
  if (outfile !== undefined && targets.length > 1) {
    throw new TypeError(`Cannot write ${targets.length} targets to one --outfile: name one with --target`);
  }
  const program = await loadProgram();
  for (const target of targets) {
    try {
      await make(program, target, outfile ?? path.join(outdir, nameOf(target)));
    } catch (error) {
      fail(error);
    }
  }
}

async function make(program: Program, target: Target, outfile: string): Promise<void> {
  fs.mkdirSync(path.dirname(outfile), { recursive: true });
  const { bytes, digest } = await writeTried({ program, target, outfile });
  const megabytes = (bytes / 1e6).toFixed(1);
  console.log(`${path.relative(process.cwd(), outfile)}: ${target}, ${megabytes} MB, sha256 ${digest}`);
}

function targetOf(name: string): Target {
  if (name === NATIVE) return nativeTarget();
  const target = TARGETS.find((known) => known === name || known === `bun-${name}`);
  if (target !== undefined) return target;
  throw new TypeError(`Cannot build for "${name}": wanted one of ${[NATIVE, ...TARGETS].join(", ")}`);
}

function nameOf(target: Target): string {
  return target === nativeTarget() ? "wca" : `wca-${target.replace(/^bun-/, "")}`;
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  fail(error);
}

/*
 * bun tools/build.ts [--target bun-linux-arm64]… [--all] [--outfile FILE]
 *
 * Makes executables of the agent with everything in them, each with its SHA-256 beside it. Without options
 * for this machine: dist/wca. Others are named after their target: dist/wca-linux-arm64-musl; --all makes
 * those of the releases. For another system Bun fetches itself from the npm registry and keeps it in
 * ~/.bun/install/cache.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { TARGETS, type Target } from "../src/bundle/executable.ts";
import { nativeTarget, writeTried } from "../src/bundle/output.ts";
import { loadProgram } from "../src/bundle/program.ts";

const DIST = path.resolve(import.meta.dir, "../dist");
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
      all: { type: "boolean", default: false },
      outfile: { type: "string" },
    },
  });
  const asked = values.all ? RELEASED : values.target.map(targetOf);
  const targets = asked.length === 0 ? [nativeTarget()] : asked;
  if (values.outfile !== undefined && targets.length > 1) {
    throw new TypeError(`Cannot write ${targets.length} targets to one --outfile`);
  }
  const program = await loadProgram();
  for (const target of targets) {
    const outfile = values.outfile ?? outfileOf(target);
    fs.mkdirSync(path.dirname(outfile), { recursive: true });
    const { bytes, digest } = await writeTried({ program, target, outfile });
    const megabytes = (bytes / 1e6).toFixed(1);
    console.log(`${path.relative(process.cwd(), outfile)}: ${target}, ${megabytes} MB, sha256 ${digest}`);
  }
}

function targetOf(name: string): Target {
  const target = TARGETS.find((known) => known === name);
  if (target !== undefined) return target;
  throw new TypeError(`Cannot build for "${name}": wanted one of ${TARGETS.join(", ")}`);
}

function outfileOf(target: Target): string {
  return path.join(DIST, target === nativeTarget() ? "wca" : `wca-${target.replace(/^bun-/, "")}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

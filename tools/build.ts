/*
 * bun tools/build.ts [--target bun-linux-arm64]… [--outfile FILE]
 *
 * Makes one executable of the agent with everything in it, and its SHA-256 beside it. The first target is
 * this machine's: dist/wca. Others are named after their target: dist/wca-linux-arm64-musl.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";

const ROOT = path.resolve(import.meta.dir, "..");
const DEFAULT_TARGET = "bun-linux-x64";

type Target = Bun.Build.CompileTarget;

interface Executable {
  readonly target: Target;
  readonly outfile: string;
}

/**
 * Names of classes are tags and metric labels at run time, so identifiers stay as they are (`keepNames`
 * of Bun 1.4.5 does not bring the names of classes back). A configuration must mean the same in every
 * working directory, so what Bun would load from there is not loaded.
 */
async function compile({ target, outfile }: Executable): Promise<void> {
  await Bun.build({
    entrypoints: [path.join(ROOT, "src/main.ts")],
    format: "esm",
    minify: { whitespace: true, syntax: true, identifiers: false },
    bytecode: true,
    compile: {
      target,
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
}

/** As `sha256sum` writes it, so that `sha256sum --check` reads it. */
function writeChecksum(file: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(fs.readFileSync(file)).digest("hex");
  fs.writeFileSync(`${file}.sha256`, `${digest}  ${path.basename(file)}\n`);
  return digest;
}

function outfileOf(target: string): string {
  const name = target === DEFAULT_TARGET ? "wca" : `wca-${target.replace(/^bun-/, "")}`;
  return path.join(ROOT, "dist", name);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: "string", multiple: true, default: [DEFAULT_TARGET] },
      outfile: { type: "string" },
    },
  });
  if (values.outfile !== undefined && values.target.length > 1) {
    throw new TypeError(`Cannot write ${values.target.length} targets to one --outfile`);
  }
  for (const target of values.target) {
    const outfile = values.outfile ?? outfileOf(target);
    fs.mkdirSync(path.dirname(outfile), { recursive: true });
    await compile({ target: target as Target, outfile });
    const digest = writeChecksum(outfile);
    const megabytes = (fs.statSync(outfile).size / 1e6).toFixed(1);
    console.log(`${path.relative(process.cwd(), outfile)}: ${target}, ${megabytes} MB, sha256 ${digest}`);
  }
}

await main();

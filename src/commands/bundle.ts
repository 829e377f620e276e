import { type ComponentSource, TARGETS, type Target } from "../bundle/executable.ts";
import { outfileFault, type Written, writeTried } from "../bundle/output.ts";
import { loadProgram } from "../bundle/program.ts";
import { UsageError } from "../cli-options.ts";
import { nearest } from "../config/nearest.ts";
import type { Registry } from "../config/registry.ts";
import { realPath } from "../external/real-path.ts";
import { findFile, parseSpec } from "../external/spec.ts";
import { ConfigError, formatProblem } from "../model/errors.ts";
import { isModuleDetector } from "../wasm/module-detector.ts";
import { type CommandOptions, registryOf } from "./load.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** `wca bundle`: one executable with components of one's own and all that they import. */
export async function bundle(options: CommandOptions): Promise<number> {
  const { register, output, targets, bundled } = options;
  if (output === undefined || output === "") throw new UsageError("missing option --output FILE");
  if (register.length === 0) throw new UsageError("missing option --register SPEC: what is to be built in");
  const wanted = outputsOf(output, targets.map(targetOf));
  for (const { outfile } of wanted) {
    const fault = outfileFault(outfile);
    if (fault !== undefined) throw new UsageError(`option --output: cannot write "${outfile}": ${fault}`);
  }
  if (bundled.length > 0) {
    const list = bundled.map(({ spec }) => spec).join(", ");
    console.error(`wca: What is built into this program is not taken over: ${list}`);
  }
  try {
    const components = sourcesOf(await registryOf({ ...options, bundled: [] }));
    const program = await loadProgram();
    for (const each of wanted) console.log(summary(await writeTried({ ...each, program, components })));
    return 0;
  } catch (error) {
    return report(error);
  }
}

interface WantedOutput {
  readonly outfile: string;
  readonly target?: Target;
}

/** Several are named after their targets. */
function outputsOf(output: string, targets: readonly Target[]): readonly WantedOutput[] {
  const distinct = [...new Set(targets)];
  const [target] = distinct;
  if (target === undefined) return [{ outfile: output }];
  if (distinct.length === 1) return [{ outfile: output, target }];
  return distinct.map((each) => ({ outfile: `${output}-${each.replace(/^bun-/, "")}`, target: each }));
}

function targetOf(name: string): Target {
  const target = TARGETS.find((known) => known === name || known === `bun-${name}`);
  if (target !== undefined) return target;
  const near = nearest(name, TARGETS);
  const question = near === undefined ? "" : `, did you mean "${near}"?`;
  throw new UsageError(`option --target: saw "${name}"${question}, wanted one of ${TARGETS.join(", ")}`);
}

/** Where the user's classes come from. The files were found before. */
function sourcesOf(registry: Registry): readonly ComponentSource[] {
  const lookup = { cwd: process.cwd(), searchPath: process.env["WCA_PATH"] ?? "" };
  const sources: ComponentSource[] = [];
  for (const { tag, spec: text, componentClass } of registry.values()) {
    if (text === undefined) continue;
    const spec = parseSpec(text);
    const found = findFile(spec, lookup);
    if (found.path === undefined) throw new Error(`Cannot find "${text}" again: ${found.fault}`);
    if (isModuleDetector(componentClass)) {
      const { description } = componentClass.module;
      sources.push({ spec: text, file: realPath(found.path), className: tag, description });
      continue;
    }
    const { exportName = "default" } = spec;
    sources.push({ spec: text, file: realPath(found.path), exportName, className: tag });
  }
  return sources;
}

function summary({ outfile, target, bytes, digest, tried }: Written): string {
  const size = (bytes / 1e6).toFixed(1);
  const trial = tried ? "tried" : "not tried, as it is for another system";
  return `${outfile}: ${target}, ${size} MB, sha256 ${digest}, ${trial}`;
}

function report(error: unknown): number {
  if (!(error instanceof ConfigError) && !(error instanceof AggregateError)) {
    console.error(`wca: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT_FAILED;
  }
  const lines =
    error instanceof ConfigError ? error.problems.map(formatProblem) : error.errors.map(formatBuildError);
  for (const line of lines) console.error(line);
  console.error(`wca: ${lines.length} ${lines.length === 1 ? "problem" : "problems"}, nothing was written`);
  return EXIT_USAGE;
}

/** An error of the bundler, with the place where it is known. */
function formatBuildError(error: unknown): string {
  if (!(error instanceof BuildMessage || error instanceof ResolveMessage)) return String(error);
  const { message, position } = error;
  return position === null ? message : `${position.file}:${position.line}:${position.column}: ${message}`;
}

/*
 * Components of the user's own: classes of files that `--register` names, and classes that were built into
 * this program by `wca bundle`.
 */
import { pathToFileURL } from "node:url";
import type { ComponentClass } from "./config/component.ts";
import { nearest } from "./config/nearest.ts";
import type { UserClass } from "./config/registry.ts";
import { componentFault } from "./external/component-fault.ts";
import { type Imported, importProblems } from "./external/import-problems.ts";
import { type BundledModule, bundledModuleClass, moduleClass } from "./external/module-class.ts";
import { realPath } from "./external/real-path.ts";
import { findFile, type Lookup, parseSpec, type Spec } from "./external/spec.ts";
import { readTrustedImports } from "./external/trusted-imports.ts";
import { provideWcaModule } from "./external/wca-module.ts";
import { ConfigError, type ConfigProblem, formatProblem } from "./model/errors.ts";
import { withDeadline } from "./runners/deadline.ts";

/** How long the top level of a user's file may take. */
const LOAD_SECS = 10;

/** A component that was built into this program with the user's own (`wca bundle`). */
export type BundledComponent = BundledClass | BundledModule;

export interface BundledClass {
  /** Where it came from, for messages: what was given to `--register`. */
  readonly spec: string;
  /** The class; checked like one from a file. */
  readonly componentClass: unknown;
}

/** Options of {@link loadExternal}. */
export interface ExternalOptions extends Lookup {
  /** User that runs the agent. Default: the effective user. */
  readonly uid?: number;
  /** Default: 10. */
  readonly loadSecs?: number;
}

/** Classes of files, in the order of the specs. Throws a `ConfigError` with everything that is wrong. */
export async function loadExternal(
  specs: readonly string[],
  options: ExternalOptions,
): Promise<readonly UserClass[]> {
  provideWcaModule();
  return collected(specs, (text) => loadClass(parseSpec(text), options));
}

/** Checks classes that are part of the program. Throws a `ConfigError` with everything that is wrong. */
export async function checkBundled(bundled: readonly BundledComponent[]): Promise<readonly UserClass[]> {
  return collected(bundled, async (each) =>
    "module" in each ? bundledModuleClass(each) : checked(each.componentClass, each.spec),
  );
}

/** One after the other, as the files of two specs may share modules. Problems of all are thrown together. */
async function collected<Source>(
  sources: readonly Source[],
  load: (source: Source) => Promise<UserClass>,
): Promise<readonly UserClass[]> {
  const classes: UserClass[] = [];
  const problems: ConfigProblem[] = [];
  for (const source of sources) {
    try {
      classes.push(await load(source));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  // Of several classes of one file each meets what is wrong with it.
  const distinct = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  if (distinct.size > 0) throw new ConfigError([...distinct.values()]);
  return classes;
}

async function loadClass(spec: Spec, options: ExternalOptions): Promise<UserClass> {
  const { uid = process.geteuid?.() ?? 0, loadSecs = LOAD_SECS } = options;
  const found = findFile(spec, options);
  if (found.fault !== undefined) throw fault(spec.text, found.fault);
  if (found.kind === "wasm") return await moduleClass(spec, { file: found.path, uid });
  const texts = readTrustedImports(found.path, uid);
  const entry = realPath(found.path);
  if (entry.includes("?")) {
    // Bun takes what follows for a query, in URLs too.
    throw fault(spec.text, `cannot load "${entry}": a path with a question mark cannot be imported`);
  }
  const exports = await importFile({ entry, texts }, loadSecs);
  const { exportName = "default" } = spec;
  if (!Object.hasOwn(exports, exportName)) throw fault(spec.text, noExport(spec, exports));
  return checked(exports[exportName], spec.text);
}

type Exports = Readonly<Record<string, unknown>>;

async function importFile(imported: Imported, loadSecs: number): Promise<Exports> {
  const { entry } = imported;
  const late = new ConfigError([
    {
      at: entry,
      path: "",
      message: `The file was not loaded within ${loadSecs} s: its top level still waits`,
    },
  ]);
  using _ = withoutExit();
  try {
    return await withDeadline(import(pathToFileURL(entry).href), loadSecs * 1000, () => late);
  } catch (error) {
    if (error === late) throw error;
    throw new ConfigError(importProblems(error, imported));
  }
}

/** A file that is a program of its own would end the agent without a word. */
function withoutExit(): Disposable {
  const { exit } = process;
  process.exit = () => {
    throw new Error("it calls process.exit() while it is loaded, as a program does: wanted a component");
  };
  return {
    [Symbol.dispose]: () => {
      process.exit = exit;
    },
  };
}

function noExport({ file, exportName }: Spec, exports: Exports): string {
  const names = Object.keys(exports).sort();
  const list = names.length === 0 ? "it exports nothing" : `it exports ${names.join(", ")}`;
  if (exportName === undefined) return `there is no default export: name one with ${file}:CLASS; ${list}`;
  const near = nearest(exportName, names);
  const question = near === undefined ? "" : `, did you mean "${near}"?`;
  return `there is no export "${exportName}"${question || ";"} ${list}`;
}

function checked(componentClass: unknown, spec: string): UserClass {
  const wrong = componentFault(componentClass);
  if (wrong !== undefined) throw fault(spec, wrong);
  return { spec, componentClass: componentClass as ComponentClass };
}

function fault(spec: string, message: string): ConfigError {
  return new ConfigError([{ at: `--register ${spec}`, path: "", message }]);
}

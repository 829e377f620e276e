import * as path from "node:path";
import type { UserClass } from "../config/registry.ts";
import { readTrustedBytes } from "../config/trusted-file.ts";
import { ConfigError, PluginError } from "../model/errors.ts";
import { LOG_LEVELS, type Log } from "../model/log.ts";
import type { Description } from "../protocol/messages.ts";
import { describeModule } from "../wasm/describe-module.ts";
import { DEFAULT_LIMITS } from "../wasm/limits.ts";
import { moduleDetector } from "../wasm/module-detector.ts";
import { componentFault } from "./component-fault.ts";
import type { Spec } from "./spec.ts";
import { checkTrustedFolders } from "./trusted-imports.ts";

/** A module in WebAssembly that was built into this program (`wca bundle`). */
export interface BundledModule {
  /** What was given to `--register`. */
  readonly spec: string;
  readonly tag: string;
  /** Path of the file inside the executable. */
  readonly module: string;
  readonly description: Description;
}

/** The class for a module in a file, which is asked in a sandbox what it is. Throws a `ConfigError`. */
export async function moduleClass(
  spec: Spec,
  { file, uid }: { readonly file: string; readonly uid: number },
): Promise<UserClass> {
  const bytes = readTrustedBytes(file, { uid });
  checkTrustedFolders(file, uid);
  const tag = spec.exportName ?? tagOf(spec.text, file);
  return await made(spec.text, async () => {
    const description = await describeModule(bytes, { name: tag, limits: DEFAULT_LIMITS, log: NO_LOG });
    return moduleDetector(tag, { bytes, description });
  });
}

/** The same for one that was described when the program was made. Throws a `ConfigError`. */
export async function bundledModuleClass({
  spec,
  tag,
  module,
  description,
}: BundledModule): Promise<UserClass> {
  return await made(spec, async () =>
    moduleDetector(tag, { bytes: await Bun.file(module).bytes(), description }),
  );
}

async function made(
  spec: string,
  make: () => Promise<ReturnType<typeof moduleDetector>>,
): Promise<UserClass> {
  let componentClass: ReturnType<typeof moduleDetector>;
  try {
    componentClass = await make();
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    throw fault(spec, error.message);
  }
  const wrong = componentFault(componentClass);
  if (wrong !== undefined) throw fault(spec, wrong);
  return { spec, componentClass };
}

/** `contention-detector.wasm` is `ContentionDetector`. */
function tagOf(spec: string, file: string): string {
  const words = path.basename(file, ".wasm").split(/[^A-Za-z0-9]+/);
  const tag = words.map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`).join("");
  if (/^[A-Z]\w*$/.test(tag)) return tag;
  throw fault(spec, `the file name makes no tag: name one with ${spec}:NAME`);
}

function fault(spec: string, message: string): ConfigError {
  return new ConfigError([{ at: `--register ${spec}`, path: "", message }]);
}

/** What a module logs while nobody knows yet what it is. */
const NO_LOG = Object.fromEntries(LOG_LEVELS.map((level) => [level, () => {}])) as unknown as Log;

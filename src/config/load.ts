import { z } from "zod";
import { LOG_LEVELS, type LogLevel } from "../model/log.ts";
import type { Role, Runner } from "../model/roles.ts";
import { Builder, type BuiltEntry } from "./build.ts";
import type { Context, HostContext } from "./component.ts";
import { parseYaml, type YamlDocument } from "./document.ts";
import type { Environment } from "./env.ts";
import { suggestion } from "./nearest.ts";
import { isAbsent, parseOption } from "./parse-option.ts";
import type { Registry } from "./registry.ts";
import { ref } from "./schema.ts";
import { type MappingNode, pathInto, type TreeNode } from "./tree.ts";
import { readTrustedFile } from "./trusted-file.ts";
import { readValue } from "./value.ts";

/** A configuration file as a graph of components, none of them opened yet. */
export interface Configuration {
  readonly runner: Runner;
  /** Level by logger name. */
  readonly loggers: Readonly<Record<string, LogLevel>>;
  /** All components, each after those it holds: `open` in this order, `close` in the opposite one. */
  readonly components: readonly BuiltEntry[];
}

/** Options of {@link loadConfig}. */
export interface LoadOptions extends Environment {
  readonly registry: Registry;
  /** What the program gives to the component of a tag. */
  readonly contextFor: (tag: string, role: Role) => Context | HostContext;
}

/** Keys that hold anchors for use elsewhere and are nothing themselves. */
const IGNORED_KEY = /^x-/;

/** Reads a configuration file and builds its components. Throws a `ConfigError` with everything that is wrong. */
export function loadConfig(path: string, options: LoadOptions): Configuration {
  return buildConfig(parseYaml(readTrustedFile(path), path), options);
}

/** The second half of {@link loadConfig}. */
export function buildConfig(
  document: YamlDocument,
  { registry, contextFor, env, hostname }: LoadOptions,
): Configuration {
  const { problems } = document;
  const root = rootMapping(document);
  const environment = { env, hostname };
  const builder = new Builder({ registry, problems, environment, contextFor });
  const values = new Map<string, unknown>();
  for (const { key, at, value: node } of root.entries) {
    const schema = Object.hasOwn(TOP_LEVEL, key) ? TOP_LEVEL[key]?.() : undefined;
    if (schema !== undefined && isAbsent(node, schema)) continue;
    if (schema !== undefined) {
      const build = (tagged: TreeNode, path: string) => builder.build(tagged, path);
      const read = readValue(node, { path: key, problems, environment, build });
      const result = parseOption(schema, { read, node, registry });
      for (const each of result.complaints ?? [])
        problems.add(each.at, each.steps.reduce(pathInto, key), each.message);
      if (result.complaints === undefined) values.set(key, result.value);
    } else if (!IGNORED_KEY.test(key)) {
      const near = suggestion(key, Object.keys(TOP_LEVEL)) || ",";
      problems.add(at, key, `unknown key "${key}"${near} known are loggers, runner, and x-… for anchors`);
    }
  }
  if (!root.entries.some(({ key }) => key === "runner")) problems.add(root.at, "", 'missing key "runner"');
  if (problems.any) throw problems.error();
  const loggers = values.get("loggers") as Readonly<Record<string, LogLevel>> | undefined;
  return { runner: values.get("runner") as Runner, loggers: loggers ?? {}, components: builder.components };
}

function rootMapping({ root, problems }: YamlDocument): MappingNode {
  if (root.kind === "mapping" && root.tag === undefined) return root;
  const wanted = 'wanted a mapping with the key "runner"';
  const empty = root.kind === "scalar" && root.value === null;
  if (root.tag !== undefined) problems.add(root.at, "", `saw the tag ${root.tag} on the document, ${wanted}`);
  else problems.add(root.at, "", `saw ${empty ? "nothing" : `a ${root.kind}`}, ${wanted}`);
  throw problems.error();
}

/** What the top level of a file takes. */
export const TOP_LEVEL: Readonly<Record<string, () => z.ZodType>> = {
  runner: () => ref("runner"),
  loggers: () =>
    z.record(z.string(), logLevel()).optional().describe("Level by component, or by logger name."),
};

function logLevel() {
  const lowered = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : value);
  return z.preprocess(lowered, z.enum(LOG_LEVELS));
}

import { z } from "zod";
import { UsageError } from "../cli-options.ts";
import { parseYaml } from "../config/document.ts";
import { parseOption } from "../config/parse-option.ts";
import { pathInto } from "../config/tree.ts";
import { readTrustedFile } from "../config/trusted-file.ts";
import { readValue } from "../config/value.ts";

type Shape = Readonly<Record<string, z.ZodType>>;

/** Options of a module as a file of YAML, checked with their positions. Throws a `ConfigError`. */
export function configFromFile(file: string, shape: Shape): Readonly<Record<string, unknown>> {
  const { root, problems } = parseYaml(readTrustedFile(file), file);
  const environment = { env: process.env, hostname: "" };
  const read = readValue(root, {
    path: "",
    problems,
    environment,
    build: (node, path) => {
      problems.add(node.at, path, "saw a tag, wanted the options of the module as plain data");
      return { failed: true };
    },
  });
  const result = parseOption(z.strictObject(shape), { read, node: root, registry: new Map() });
  for (const { steps, at, message } of result.complaints ?? [])
    problems.add(at, steps.reduce(pathInto, ""), message);
  if (problems.any) throw problems.error();
  return result.complaints === undefined ? (result.value as Readonly<Record<string, unknown>>) : {};
}

/** Options as `NAME=VALUE`: JSON where the option takes what that says, otherwise text. */
export function configFromWords(words: readonly string[], shape: Shape): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, text] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
      if (name === undefined || text === undefined) {
        throw new UsageError(`option --option: saw "${word}", wanted NAME=VALUE`);
      }
      const value = jsonOf(text);
      const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
      const isText = schema?.safeParse(value).success === false && schema.safeParse(text).success;
      return [name, isText ? text : value];
    }),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

import { type ParseArgsConfig, parseArgs } from "node:util";
import type { ArgsDef } from "citty";
import { nearest } from "./config/nearest.ts";
import { LOG_FORMATS, type LogFormatName } from "./log/formats.ts";

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An option: what citty shows in the usage text, and what the parser needs beside it. */
interface OptionRow {
  readonly type: "string" | "boolean";
  readonly description: string;
  readonly short?: string;
  readonly valueHint?: string;
  readonly multiple?: boolean;
}

export const OPTIONS = {
  config: {
    type: "string",
    short: "c",
    valueHint: "FILE",
    description: "Configuration file, absolute or relative to the working directory",
  },
  register: {
    type: "string",
    short: "r",
    valueHint: "SPEC",
    multiple: true,
    description: "Component of your own to register, can be given several times",
  },
  "log-level": {
    type: "string",
    short: "l",
    valueHint: "[NAME:]LEVEL",
    multiple: true,
    description:
      "critical, error, warning, info, debug or trace, for the agent or one of its components, can be given several times; also --log",
  },
  "log-format": {
    type: "string",
    valueHint: LOG_FORMATS.join("|"),
    description: "How to write the log, default auto: pretty on a terminal, else logfmt",
  },
  log: { type: "string", multiple: true, description: "" },
  root: { type: "boolean", short: "0", description: "Permit running as root" },
  iterations: { type: "string", short: "n", valueHint: "N", description: "Stop after N rounds" },
  record: {
    type: "string",
    valueHint: "FILE",
    description: "Write what is seen in each round to this file, a JSON line each",
  },
  "record-bytes": {
    type: "string",
    valueHint: "N",
    description: "Size at which the file is renamed to FILE.1 and a new one begun, default 67108864",
  },
  "record-keep": { type: "string", valueHint: "N", description: "Older files that stay, default 3" },
  format: { type: "string", valueHint: "md|json-schema", description: "How to write the description" },
  output: { type: "string", short: "o", valueHint: "FILE", description: "Executable to write" },
  target: {
    type: "string",
    valueHint: "TARGET",
    multiple: true,
    description:
      "System that the executable is for, such as bun-linux-arm64, default this one, can be given several times",
  },
  lang: {
    type: "string",
    valueHint: "LANGUAGE",
    description: "Of a new plugin: rust, go, c or assemblyscript",
  },
  trace: {
    type: "string",
    valueHint: "FILE",
    description: "What wca run --record wrote, to test a plugin with",
  },
  option: {
    type: "string",
    valueHint: "NAME=VALUE",
    multiple: true,
    description:
      "Option of the plugin that is tested, can be given several times; or all in a file, with --config",
  },
  version: { type: "boolean", short: "v", description: "Print the version" },
  help: { type: "boolean", short: "h", description: "Print this text" },
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof OPTIONS;

/** Values of the options that were given; those that can be repeated as lists. */
export interface ParsedOptions {
  readonly config?: string;
  readonly register: readonly string[];
  readonly logLevels: readonly string[];
  readonly logFormat?: LogFormatName;
  readonly root: boolean;
  readonly iterations?: number;
  readonly record?: string;
  readonly recordBytes?: number;
  readonly recordKeep?: number;
  readonly format?: string;
  readonly output?: string;
  readonly targets: readonly string[];
  readonly lang?: string;
  readonly trace?: string;
  /** `NAME=VALUE`. */
  readonly pluginOptions?: readonly string[];
  readonly positionals: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
}

/** For citty's usage text. An option without a description is another spelling and not shown. */
export function usageArgs(names: readonly OptionName[]): ArgsDef {
  const shown = names.filter((name) => OPTIONS[name].description !== "");
  return Object.fromEntries(
    shown.map((name) => {
      const { short, multiple: _, ...row }: OptionRow = OPTIONS[name];
      return [name, { ...row, ...(short === undefined ? {} : { alias: short }) }];
    }),
  );
}

/** Parses strictly: citty lets unknown options pass and keeps only the last of repeated ones. Throws UsageError. */
export function parseOptions(
  args: readonly string[],
  {
    names,
    positionals: allowed = 0,
  }: { readonly names: readonly OptionName[]; readonly positionals?: number },
): ParsedOptions {
  const { values, positionals } = parseStrictly(args, names);
  if (positionals.length > allowed) {
    throw new UsageError(
      `unexpected argument "${positionals[allowed]}"; a command stands before the options: wca COMMAND --option …`,
    );
  }
  const iterations = wholeNumber(values, "iterations", { min: 1 });
  const recordBytes = wholeNumber(values, "record-bytes", { min: LEAST_RECORD_BYTES });
  const recordKeep = wholeNumber(values, "record-keep", { min: 0, max: MOST_RECORD_FILES });
  const logFormat = logFormatOf(values["log-format"]);
  return {
    register: list(values["register"]),
    logLevels: [...list(values["log-level"]), ...list(values["log"])],
    targets: list(values["target"]),
    root: values["root"] === true,
    positionals,
    help: values["help"] === true,
    version: values["version"] === true,
    ...(typeof values["config"] === "string" ? { config: values["config"] } : {}),
    ...(typeof values["format"] === "string" ? { format: values["format"] } : {}),
    ...(values["option"] === undefined ? {} : { pluginOptions: list(values["option"]) }),
    ...(typeof values["lang"] === "string" ? { lang: values["lang"] } : {}),
    ...(typeof values["trace"] === "string" ? { trace: values["trace"] } : {}),
    ...(typeof values["output"] === "string" ? { output: values["output"] } : {}),
    ...(logFormat === undefined ? {} : { logFormat }),
    ...(iterations === undefined ? {} : { iterations }),
    ...(typeof values["record"] === "string" ? { record: values["record"] } : {}),
    ...(recordBytes === undefined ? {} : { recordBytes }),
    ...(recordKeep === undefined ? {} : { recordKeep }),
  };
}

type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** A round of a large host has to fit in half a file. */
const LEAST_RECORD_BYTES = 65_536;
const MOST_RECORD_FILES = 1000;
const LARGEST = 999_999_999_999_999;

function wholeNumber(
  values: Values,
  option: OptionName,
  { min, max = LARGEST }: { readonly min: number; readonly max?: number },
): number | undefined {
  const text = values[option];
  if (text === undefined) return undefined;
  const number = /^(0|[1-9][0-9]{0,14})$/.test(String(text)) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  const range = max === LARGEST ? `from ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`option --${option}: saw "${text}", wanted a whole number ${range}`);
}

function logFormatOf(value: Values[string]): LogFormatName | undefined {
  if (value === undefined) return undefined;
  const known = LOG_FORMATS.find((name) => name === value);
  if (known === undefined) {
    throw new UsageError(`option --log-format: saw "${value}", wanted one of ${LOG_FORMATS.join(", ")}`);
  }
  return known;
}

function parseStrictly(
  args: readonly string[],
  names: readonly OptionName[],
): { readonly values: Values; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(
    names.map((name) => {
      const { type, short, multiple = false }: OptionRow = OPTIONS[name];
      return [name, { type, multiple, ...(short === undefined ? {} : { short }) }];
    }),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    const unknown = unknownOption(args, options);
    if (unknown !== undefined) throw new UsageError(unknown);
    throw new UsageError(
      error instanceof Error ? (error.message.split(". To specify")[0] ?? "") : String(error),
    );
  }
}

/** What is wrong with the first option that there is not; nothing when all are known. */
function unknownOption(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig["options"]>,
): string | undefined {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== "option" || Object.hasOwn(options, token.name)) continue;
    const near = nearest(token.name, Object.keys(options));
    return `unknown option ${token.rawName}${near === undefined ? "" : `, did you mean --${near}?`}`;
  }
  return undefined;
}

function list(value: Values[string]): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

import { isatty } from "node:tty";
import { type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { type OptionName, parseOptions, UsageError, usageArgs } from "./cli-options.ts";
import { check } from "./commands/check.ts";
import { describe } from "./commands/describe.ts";
import { doctor } from "./commands/doctor.ts";
import type { CommandOptions } from "./commands/load.ts";
import { run } from "./commands/run.ts";
import { nearest } from "./config/nearest.ts";
import type { BundledComponent } from "./external.ts";
import { ConfigError, formatProblem } from "./model/errors.ts";
import { VERSION } from "./version.ts";

/** Descriptor of standard output. */
const STDOUT = 1;

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
/** Wrong usage or configuration. */
export const EXIT_USAGE = 2;

const ABOUT = "Workload Collocation Agent: measures the workloads of this host";

interface CommandRow {
  readonly about: string;
  readonly options: readonly OptionName[];
  /** Words that may stand behind the options, for the usage text. */
  readonly positional?: { readonly name: string; readonly about: string; readonly count?: number };
  readonly action: (options: CommandOptions) => Promise<number> | number;
}

const COMMANDS: Readonly<Record<string, CommandRow>> = {
  run: {
    about: "Run a configuration; also what wca does when options come first",
    options: [
      "config",
      "register",
      "log-level",
      "log-format",
      "log",
      "root",
      "iterations",
      "record",
      "record-bytes",
      "record-keep",
      "version",
      "help",
    ],
    action: run,
  },
  check: {
    about: "Check a configuration without opening anything",
    options: ["config", "register", "log-level", "log-format", "log", "help"],
    action: check,
  },
  describe: {
    about: "Describe components, their options and the metrics",
    options: ["register", "format", "help"],
    positional: { name: "NAME", about: "Component or metric; all of them when left out" },
    action: describe,
  },
  doctor: {
    about: "Tell what this host supports, and what is missing for the rest",
    options: ["config", "register", "log-level", "log-format", "log", "help"],
    action: doctor,
  },
  bundle: {
    about: "Make one executable with components of your own and all that they import",
    options: ["register", "output", "target", "help"],
    action: async (options) => (await import("./commands/bundle.ts")).bundle(options),
  },
  plugin: {
    about: "Begin, test or describe a plugin in WebAssembly",
    options: ["lang", "trace", "config", "option", "help"],
    positional: { name: "ACTION", about: "new DIR, test MODULE or describe MODULE", count: 2 },
    action: async (options) => (await import("./commands/plugin.ts")).plugin(options),
  },
};
const DEFAULT_COMMAND = "run";

/**
 * Runs the command line and returns the exit code. Never throws. `bundled` are components that were built
 * into this program (`wca bundle`).
 */
export async function main(
  args: readonly string[],
  bundled: readonly BundledComponent[] = [],
): Promise<number> {
  try {
    return await dispatch(args, bundled);
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) printError(formatProblem(problem));
      const count = error.problems.length;
      printError(
        `wca: the configuration has ${count} ${count === 1 ? "problem" : "problems"}, nothing was started`,
      );
      return EXIT_USAGE;
    }
    if (error instanceof UsageError) {
      printError(`wca: ${error.message}; see wca --help`);
      return EXIT_USAGE;
    }
    printError(`wca: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT_FAILED;
  }
}

async function dispatch(args: readonly string[], bundled: readonly BundledComponent[]): Promise<number> {
  const [first] = args;
  if (first === undefined)
    throw new UsageError("nothing to do: give a configuration with --config FILE, or a command");
  // Citty takes the first bare word for the command, and that may be the value of an option: decide here.
  const named = !first.startsWith("-");
  const name = named ? first : DEFAULT_COMMAND;
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (row === undefined) {
    const near = nearest(name, Object.keys(COMMANDS));
    const question = near === undefined ? "" : `, did you mean "${near}"?`;
    throw new UsageError(
      `unknown command "${name}"${question}; commands are ${Object.keys(COMMANDS).join(", ")}`,
    );
  }
  const rest = named ? args.slice(1) : args;
  // Whoever asks for help is not told first what else is wrong.
  if (isAsked(rest, "--help", "-h")) return printUsage(named ? name : undefined);
  if (isAsked(rest, "--version", "-v")) return printVersion();
  const { result } = await runCommand(commandOf(name, row, bundled), { rawArgs: [...rest] });
  return result as number;
}

function commandOf(
  name: string,
  { about, options, positional, action }: CommandRow,
  bundled: readonly BundledComponent[] = [],
): CommandDef {
  const shown =
    positional === undefined
      ? {}
      : { name: { type: "positional" as const, required: false, description: positional.about } };
  return defineCommand({
    meta: { name, description: about },
    args: { ...usageArgs(options), ...shown },
    run: ({ rawArgs }) => {
      const parsed = parseOptions(rawArgs, {
        names: options,
        positionals: positional === undefined ? 0 : (positional.count ?? 1),
      });
      if (parsed.help) return printUsage(name);
      return parsed.version ? printVersion() : action({ ...parsed, bundled });
    },
  });
}

function printVersion(): number {
  console.log(VERSION);
  return EXIT_OK;
}

async function printUsage(name: string | undefined): Promise<number> {
  const root = defineCommand({
    meta: { name: "wca", version: VERSION, description: ABOUT },
    args: usageArgs(COMMANDS[DEFAULT_COMMAND]?.options ?? []),
    subCommands: Object.fromEntries(Object.entries(COMMANDS).map(([key, row]) => [key, commandOf(key, row)])),
  });
  const row = name === undefined ? undefined : COMMANDS[name];
  const text =
    name === undefined || row === undefined
      ? await renderUsage(root)
      : await renderUsage(commandOf(name, row), root);
  console.log(isatty(STDOUT) ? text : Bun.stripANSI(text));
  return EXIT_OK;
}

function isAsked(args: readonly string[], long: string, short: string): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === long || arg === short);
}

function printError(text: string): void {
  console.error(text);
}

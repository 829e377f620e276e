import { isatty } from "node:tty";
import { type AgentParts, contextMaker } from "../agent.ts";
import { type ParsedOptions, UsageError } from "../cli-options.ts";
import { COMPONENTS } from "../components.ts";
import { type Configuration, loadConfig } from "../config/load.ts";
import { nearest } from "../config/nearest.ts";
import { createRegistry, type Registration, type Registry, withUserClasses } from "../config/registry.ts";
import type { BundledComponent } from "../external.ts";
import { logFormat } from "../log/formats.ts";
import { type LoggerLevels, mergeLevels, parseLogLevels } from "../log/levels.ts";
import { Logging } from "../log.ts";
import type { Log } from "../model/log.ts";

const DEFAULT_LEVELS: LoggerLevels = { wca: "info" };
/** Descriptor of standard output. */
const STDOUT = 1;

/** What a command is given. */
export interface CommandOptions extends ParsedOptions {
  readonly bundled: readonly BundledComponent[];
}

/** Loggers as the command line wants them. Throws UsageError. */
export function loggingOf({ logLevels, logFormat: format = "auto" }: ParsedOptions): Logging {
  const logging = new Logging({
    levels: mergeLevels(DEFAULT_LEVELS, levelsOf(logLevels)),
    format: logFormat(format, { isTerminal: isatty(STDOUT), env: process.env }),
  });
  process.once("exit", () => logging.flush());
  return logging;
}

/** The path of the configuration. Throws UsageError. */
export function configOf({ config }: ParsedOptions): string {
  if (config === undefined || config === "") throw new UsageError("missing option --config FILE");
  return config;
}

/**
 * All tags that a configuration can use: the program's own, those that were bundled with it, and those of
 * `--register`. Throws a `ConfigError`.
 */
export async function registryOf({ register, bundled }: CommandOptions, log?: Log): Promise<Registry> {
  const stock = createRegistry(COMPONENTS);
  if (register.length === 0 && bundled.length === 0) return stock;
  const { checkBundled, loadExternal } = await import("../external.ts");
  const onReplaced = ({ tag, spec }: Registration, before: Registration) =>
    log?.info(`${tag} of ${spec} replaces that of ${before.spec ?? "the program"}`);
  const whole = withUserClasses(stock, await checkBundled(bundled), { onReplaced });
  const lookup = { cwd: process.cwd(), searchPath: process.env["WCA_PATH"] ?? "" };
  return withUserClasses(whole, await loadExternal(register, lookup), { onReplaced });
}

/** Reads the configuration, builds its components and sets its log levels, those of the command line first. */
export async function loadWith(options: CommandOptions, parts: AgentParts): Promise<Configuration> {
  const contextFor = contextMaker(parts);
  const configuration = loadConfig(configOf(options), {
    registry: await registryOf(options, parts.logging.logger("wca")),
    contextFor,
    env: process.env,
    hostname: parts.host.hostname,
  });
  const given = levelsOf(options.logLevels);
  parts.logging.setLevels(mergeLevels(DEFAULT_LEVELS, configuration.loggers, given));
  warnOfUnknown(parts.logging, { "option --log-level": given, loggers: configuration.loggers });
  return configuration;
}

/** A level for a logger that is not there changes nothing, which is not what its author expects. */
function warnOfUnknown(logging: Logging, sources: Readonly<Record<string, LoggerLevels>>): void {
  const names = logging.loggers.map((name) => name.slice("wca.".length));
  for (const [source, levels] of Object.entries(sources)) {
    for (const unknown of logging.unknownLoggers(levels)) {
      const near = nearest(unknown.replace(/^wca[.]/, ""), names);
      const question = near === undefined ? "" : `, did you mean "${near}"?`;
      logging
        .logger("wca")
        .warning(`Unknown logger "${unknown}" in ${source}${question}; loggers are wca, ${names.join(", ")}`);
    }
  }
}

function levelsOf(values: readonly string[]): LoggerLevels {
  try {
    return parseLogLevels(values);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`option --log-level: ${error.message}`);
    throw error;
  }
}

import { type AgentParts, contextMaker } from "../agent.ts";
import { type ParsedOptions, UsageError } from "../cli-options.ts";
import { COMPONENTS } from "../components.ts";
import { type Configuration, loadConfig } from "../config/load.ts";
import { createRegistry, type Registry } from "../config/registry.ts";
import { type LoggerLevels, Logging, parseLogLevels } from "../log.ts";

const DEFAULT_LEVELS: LoggerLevels = { wca: "info" };

/** Loggers as the command line wants them. Throws UsageError. */
export function loggingOf({ logLevels }: ParsedOptions): Logging {
  return new Logging({ levels: { ...DEFAULT_LEVELS, ...levelsOf(logLevels) } });
}

/** The path of the configuration. Throws UsageError. */
export function configOf({ config }: ParsedOptions): string {
  if (config === undefined || config === "") throw new UsageError("missing option --config FILE");
  return config;
}

/** All tags that a configuration can use. */
export function registryOf({ register }: ParsedOptions, logging: Logging): Registry {
  if (register.length > 0) {
    logging
      .logger("wca")
      .warning(`This version does not load components of --register yet, ignored: ${register.join(", ")}`);
  }
  return createRegistry(COMPONENTS);
}

/** Reads the configuration, builds its components and sets its log levels, those of the command line first. */
export function loadWith(options: ParsedOptions, parts: AgentParts): Configuration {
  const contextFor = contextMaker(parts);
  const configuration = loadConfig(configOf(options), {
    registry: registryOf(options, parts.logging),
    contextFor,
    env: process.env,
    hostname: parts.host.hostname,
  });
  parts.logging.setLevels({ ...DEFAULT_LEVELS, ...configuration.loggers, ...levelsOf(options.logLevels) });
  return configuration;
}

function levelsOf(values: readonly string[]): LoggerLevels {
  try {
    return parseLogLevels(values);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`option --log-level: ${error.message}`);
    throw error;
  }
}

import { LOG_LEVELS, type LogLevel } from "../model/log.ts";

/** Logger that all of the agent's loggers descend from. */
export const ROOT = "wca";
const DEFAULT_LEVEL: LogLevel = "info";

/** Level by logger name; `""` is for every logger that nothing else covers. */
export type LoggerLevels = Readonly<Record<string, LogLevel>>;

/**
 * Parses values of `--log-level`: `debug` (for the agent) or `KafkaStorage:debug`, in any case of the level.
 * Throws RangeError naming the value.
 */
export function parseLogLevels(values: readonly string[]): LoggerLevels {
  return Object.fromEntries(
    values.map((value) => {
      const parts = value.split(":");
      const [name, text] = parts.length === 1 ? [ROOT, parts[0]] : parts;
      const level = LOG_LEVELS.find((known) => known === text?.toLowerCase());
      if (parts.length > 2 || level === undefined) {
        throw new RangeError(`saw "${value}", wanted [NAME:]LEVEL with a level of ${LOG_LEVELS.join(", ")}`);
      }
      return [name ?? ROOT, level];
    }),
  );
}

/** The logger that a user means: that of a component may be called by the component's name alone. */
export function loggerName(name: string): string {
  const isWhole = name === "" || name === ROOT || name.startsWith(`${ROOT}.`);
  return isWhole ? name : `${ROOT}.${name}`;
}

/** One over the other, the last one first, however each of them spells a logger's name. */
export function mergeLevels(...levels: readonly LoggerLevels[]): LoggerLevels {
  return Object.fromEntries(
    levels.flatMap(Object.entries).map(([name, level]: [string, LogLevel]) => [loggerName(name), level]),
  );
}

/** The most specific name decides: the logger's own, then its ancestors by dots, then `""`. */
export function levelOf(levels: LoggerLevels, logger: string): LogLevel {
  for (
    let ancestor = logger;
    ancestor !== "";
    ancestor = ancestor.slice(0, Math.max(0, ancestor.lastIndexOf(".")))
  ) {
    if (Object.hasOwn(levels, ancestor)) return levels[ancestor] ?? DEFAULT_LEVEL;
  }
  return levels[""] ?? DEFAULT_LEVEL;
}

/** How much is heard at a level: 0 for `critical`, each further level one more. */
export function verbosity(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

/**
 * What the agent can be made to say in addition, step by step: the levels after its own one. An agent that
 * logs everything may still have components that do not, so the last one is always there.
 */
export function levelsBeyond(level: LogLevel): readonly LogLevel[] {
  const further = LOG_LEVELS.slice(verbosity(level) + 1);
  return further.length === 0 ? LOG_LEVELS.slice(-1) : further;
}

import * as fs from "node:fs";
import { createConsola, type LogObject } from "consola/core";
import { LOG_LEVELS, type Log, type LogLevel } from "./model/log.ts";
import { openWithoutBlocking } from "./storages/pipe.ts";

const STDOUT = 1;
/** Logger that all of the agent's loggers descend from. */
const ROOT = "wca";
const DEFAULT_LEVEL: LogLevel = "info";
/** Our levels by the name that consola has for them. */
const CONSOLA_TYPES = {
  critical: "fatal",
  error: "error",
  warning: "warn",
  info: "info",
  debug: "debug",
  trace: "trace",
} as const satisfies Record<LogLevel, string>;
/** Padding of the level's name in a line. */
const LEVEL_WIDTH = 8;

/** Level by logger name; `""` is for every logger that nothing else covers. */
export type LoggerLevels = Readonly<Record<string, LogLevel>>;

export interface LoggingOptions {
  readonly levels?: LoggerLevels;
  /** Takes finished lines. Default: standard output. */
  readonly write?: (line: string) => void;
  readonly now?: () => number;
}

/** The loggers of one agent: levels by name, and how often each logged what. */
export class Logging {
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  readonly #counts = new Map<string, Map<LogLevel, number>>();
  #levels: LoggerLevels;

  constructor(options: LoggingOptions = {}) {
    const { levels = {}, write = standardOutput(), now = Date.now } = options;
    this.#levels = levels;
    this.#write = write;
    this.#now = now;
  }

  setLevels(levels: LoggerLevels): void {
    this.#levels = levels;
  }

  /** A logger; `wca.LogStorage` follows the level set for it, else that of `wca`, else of `""`. */
  logger(name: string): Log {
    const consola = createConsola({
      level: Number.POSITIVE_INFINITY,
      // Otherwise it holds back what is said six times within a second, by a clock and a timer of its own.
      throttle: 0,
      reporters: [{ log: (entry) => this.#report(entry) }],
    });
    const tagged = consola.withTag(name);
    return Object.fromEntries(
      LOG_LEVELS.map((level) => [
        level,
        (message: string) => {
          if (!this.#isEnabled(name, level)) return;
          this.#count(name, level);
          tagged[CONSOLA_TYPES[level]](message);
        },
      ]),
    ) as unknown as Log;
  }

  /** Records of a level so far, by logger name, after filtering. */
  counts(level: LogLevel): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const [name, byLevel] of this.#counts) found.set(name, byLevel.get(level) ?? 0);
    return found;
  }

  #report(entry: LogObject): void {
    const level = LOG_LEVELS.find((candidate) => CONSOLA_TYPES[candidate] === entry.type) ?? "info";
    const time = new Date(this.#now()).toISOString();
    this.#write(
      `${time} ${level.toUpperCase().padEnd(LEVEL_WIDTH)} [${entry.tag}] ${entry.args.join(" ")}\n`,
    );
  }

  #isEnabled(name: string, level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#levelOf(name));
  }

  /** The most specific configured name decides: itself, then its ancestors by dots, then `""`. */
  #levelOf(name: string): LogLevel {
    for (
      let ancestor = name;
      ancestor !== "";
      ancestor = ancestor.slice(0, Math.max(0, ancestor.lastIndexOf(".")))
    ) {
      if (Object.hasOwn(this.#levels, ancestor)) return this.#levels[ancestor] ?? DEFAULT_LEVEL;
    }
    return this.#levels[""] ?? DEFAULT_LEVEL;
  }

  #count(name: string, level: LogLevel): void {
    const byLevel = this.#counts.get(name) ?? new Map<LogLevel, number>();
    byLevel.set(level, (byLevel.get(level) ?? 0) + 1);
    this.#counts.set(name, byLevel);
  }
}

/**
 * Lines of a reader that is gone or does not keep up are lost: logging must not stop a round. Not
 * `process.stdout`, which costs 8 MB of memory.
 */
function standardOutput(): (line: string) => void {
  let descriptor: number | undefined;
  return (line) => {
    try {
      descriptor ??= openWithoutBlocking(STDOUT);
      fs.writeSync(descriptor, line);
    } catch {
      // There is nowhere left to say it.
    }
  };
}

/**
 * Parses values of `--log-level`: `debug` (for the agent) or `wca.LogStorage:debug`, in any case.
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

import { Budget } from "./log/budget.ts";
import { formatLogfmt, type LogFormat } from "./log/formats.ts";
import {
  type LoggerLevels,
  levelOf,
  levelsBeyond,
  loggerName,
  mergeLevels,
  ROOT,
  verbosity,
} from "./log/levels.ts";
import { messageOf } from "./log/message.ts";
import { standardOutput } from "./log/output.ts";
import { type LogRecord, type Repetition, Repetitions, WINDOW_MS } from "./log/repetitions.ts";
import { LOG_LEVELS, type Log, type LogLevel } from "./model/log.ts";

export interface LoggingOptions {
  readonly levels?: LoggerLevels;
  /** Default: logfmt. */
  readonly format?: LogFormat;
  /** Takes a finished line; `false` says that it was lost. Default: standard output. */
  readonly write?: (line: string) => unknown;
  readonly now?: () => number;
  /** Calls back once, unless the process ends before. Default: a timer that does not keep it alive. */
  readonly later?: (action: () => void, milliseconds: number) => void;
}

/** How a logger treats what it is given. */
export interface LoggerOptions {
  /** Writes a message each time it is said: for answers to what somebody did. Default: false. */
  readonly everyTime?: boolean;
}

/**
 * The loggers of one agent: levels by name, and how often each logged what. A message that repeats within a
 * minute is written once and counted, and a line says how often it was said; what is counted is told after
 * a minute at the latest, and by {@link flush}.
 */
export class Logging {
  readonly #format: LogFormat;
  readonly #write: (line: string) => unknown;
  readonly #now: () => number;
  readonly #later: (action: () => void, milliseconds: number) => void;
  readonly #counts = new Map<string, Map<LogLevel, number>>();
  /** Verbosity by logger, for all that were made. */
  readonly #verbosity = new Map<string, number>();
  readonly #repetitions = new Repetitions();
  readonly #budget = new Budget();
  #levels: LoggerLevels;
  /** Which of the levels beyond the configured ones is in force; 0 is none. */
  #step = 0;
  #lostLines = 0;
  #isWaiting = false;

  constructor(options: LoggingOptions = {}) {
    const {
      levels = {},
      format = formatLogfmt,
      write = standardOutput(),
      now = Date.now,
      later = soon,
    } = options;
    this.#levels = mergeLevels(levels);
    this.#format = format;
    this.#write = write;
    this.#now = now;
    this.#later = later;
  }

  setLevels(levels: LoggerLevels): void {
    this.#levels = mergeLevels(levels);
    this.#apply();
  }

  /**
   * The next more verbose level than the agent's own for all loggers; those that are configured to say more
   * still do. After the last one the configured levels again: then nothing is returned.
   */
  nextLevel(): LogLevel | undefined {
    const beyond = levelsBeyond(levelOf(this.#levels, ROOT));
    this.#step = (this.#step + 1) % (beyond.length + 1);
    this.#apply();
    return beyond[this.#step - 1];
  }

  /** Names that have a level and that no logger has. */
  unknownLoggers(levels: LoggerLevels): readonly string[] {
    const known = [...this.#verbosity.keys()];
    return Object.keys(levels).filter((given) => {
      const name = loggerName(given);
      return (
        name !== "" && name !== ROOT && !known.some((each) => each === name || each.startsWith(`${name}.`))
      );
    });
  }

  /** Loggers that were made so far, but for the agent's own one. */
  get loggers(): readonly string[] {
    return [...this.#verbosity.keys()].filter((name) => name !== ROOT);
  }

  /** A logger; `wca.LogStorage` follows the level set for it, else that of `wca`, else of `""`. */
  logger(name: string, { everyTime = false }: LoggerOptions = {}): Log {
    this.#verbosity.set(name, this.#verbosityOf(name));
    const say = (level: LogLevel, parts: readonly unknown[]) => {
      if (verbosity(level) > (this.#verbosity.get(name) ?? 0)) return;
      this.#count(name, level);
      const record = { logger: name, level, message: messageOf(parts) };
      if (everyTime) this.#line(record);
      else this.#say(record);
    };
    const functions = LOG_LEVELS.map((level) => [level, (...parts: unknown[]) => say(level, parts)]);
    return Object.freeze(Object.fromEntries(functions)) as unknown as Log;
  }

  /** Says something whatever the levels are. */
  announce(message: string): void {
    this.#line({ logger: ROOT, level: "info", message });
  }

  /** Says what was counted and not told yet. */
  flush(): void {
    const now = this.#now();
    for (const repetition of this.#repetitions.take(now)) this.#sayRepeated(repetition);
    for (const { logger, level, count } of this.#budget.take()) {
      this.#line({ logger, level: "warning", message: `Left out messages of level ${level}: ${count}` });
    }
    this.#tellLost();
  }

  /** Records of a level so far, by logger name, after filtering. */
  counts(level: LogLevel): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const [name, byLevel] of this.#counts) found.set(name, byLevel.get(level) ?? 0);
    return found;
  }

  #say(record: LogRecord): void {
    const now = this.#now();
    if (this.#repetitions.isRepeated(record, now)) {
      this.#flushLater();
      return;
    }
    const spent = this.#budget.spend(record, now);
    if (spent === "written") {
      for (const displaced of this.#repetitions.remember(record, now)) this.#sayRepeated(displaced);
      this.#line(record);
      return;
    }
    this.#flushLater();
    if (spent === "more") return;
    const { logger, level } = record;
    const message = `Leaves out further messages of level ${level}: there are too many that differ, the next ones come within ${WINDOW_MS / 1000} s`;
    this.#line({ logger, level: "warning", message });
  }

  #sayRepeated({ count, elapsedMs, ...record }: Repetition): void {
    const times = count === 1 ? "once" : `${count} times`;
    const message = `${record.message} (repeated ${times} in ${Math.round(elapsedMs / 1000)} s)`;
    this.#line({ ...record, message }, count);
  }

  #line(record: LogRecord, repeated?: number): void {
    const more = repeated === undefined ? {} : { repeated };
    const line = this.#format({ timeMs: this.#now(), ...record, ...more });
    if (this.#write(line) === false) this.#lostLines++;
    else this.#tellLost();
  }

  /** As soon as lines are taken again. */
  #tellLost(): void {
    if (this.#lostLines === 0) return;
    const message = `Lost lines of the log, as standard output did not take them: ${this.#lostLines}`;
    const line = this.#format({ timeMs: this.#now(), logger: ROOT, level: "warning", message });
    if (this.#write(line) === false) return;
    this.#lostLines = 0;
    this.#count(ROOT, "warning");
  }

  /** A minute from the first message that is counted only; without such there is no timer. */
  #flushLater(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#later(() => {
      this.#isWaiting = false;
      this.flush();
    }, WINDOW_MS);
  }

  #apply(): void {
    for (const name of this.#verbosity.keys()) this.#verbosity.set(name, this.#verbosityOf(name));
  }

  #verbosityOf(name: string): number {
    const configured = verbosity(levelOf(this.#levels, name));
    const floor = levelsBeyond(levelOf(this.#levels, ROOT))[this.#step - 1];
    return floor === undefined ? configured : Math.max(configured, verbosity(floor));
  }

  #count(name: string, level: LogLevel): void {
    const byLevel = this.#counts.get(name) ?? new Map<LogLevel, number>();
    byLevel.set(level, (byLevel.get(level) ?? 0) + 1);
    this.#counts.set(name, byLevel);
  }
}

function soon(action: () => void, milliseconds: number): void {
  setTimeout(action, milliseconds).unref();
}

import type { LogLevel } from "../model/log.ts";
import { type LogRecord, WINDOW_MS } from "./repetitions.ts";

/** Different messages of one logger at one level that are written within a minute. Who asks for details gets them. */
const MOST: Readonly<Record<LogLevel, number>> = {
  critical: 1000,
  error: 1000,
  warning: 1000,
  info: 1000,
  debug: 60_000,
  trace: 60_000,
};

/** Messages that were not written. */
export interface Excess {
  readonly logger: string;
  readonly level: LogLevel;
  readonly count: number;
}

interface Account extends Omit<Excess, "count"> {
  sinceMs: number;
  written: number;
  left: number;
}

/** The last resort against a component that says something else each time. */
export class Budget {
  readonly #accounts = new Map<string, Account>();

  /** `written`, or not: `first` of those in this minute, or `more`. */
  spend({ logger, level }: LogRecord, nowMs: number): "written" | "first" | "more" {
    const key = `${logger}\0${level}`;
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = { logger, level, sinceMs: nowMs, written: 0, left: 0 };
      this.#accounts.set(key, account);
    }
    const age = nowMs - account.sinceMs;
    if (account.left === 0 && (age >= WINDOW_MS || age < 0)) {
      account.sinceMs = nowMs;
      account.written = 0;
    }
    if (account.written < MOST[level]) {
      account.written++;
      return "written";
    }
    account.left++;
    return account.left === 1 ? "first" : "more";
  }

  /** What was not written and not told yet; each of its loggers may write again. */
  take(): readonly Excess[] {
    const excess: Excess[] = [];
    for (const [key, { logger, level, left }] of this.#accounts) {
      if (left === 0) continue;
      excess.push({ logger, level, count: left });
      this.#accounts.delete(key);
    }
    return excess;
  }
}

import type { LogLevel } from "../model/log.ts";

/** What a component said. */
export interface LogRecord {
  readonly logger: string;
  readonly level: LogLevel;
  readonly message: string;
}

/** A message that was said again after it had been written. */
export interface Repetition extends LogRecord {
  /** How often since then. */
  readonly count: number;
  readonly elapsedMs: number;
}

interface Known extends LogRecord {
  sinceMs: number;
  count: number;
}

/** How long a message that was written is not written again. */
export const WINDOW_MS = 60_000;
/** What is remembered at most, so that a component cannot fill the memory with messages. */
const MOST_MESSAGES = 2000;
const MOST_CHARACTERS = 1 << 20;

/** Messages of the last minute: logger, level and text have to be the same. */
export class Repetitions {
  /** By text, the one that was said last at the end. */
  readonly #known = new Map<string, Known>();
  #characters = 0;

  /** Whether the message was written within the last minute; counts it then. */
  isRepeated(record: LogRecord, nowMs: number): boolean {
    const key = keyOf(record);
    const known = this.#known.get(key);
    if (known === undefined) return false;
    const age = nowMs - known.sinceMs;
    // A clock that was set back makes everything old, too.
    if (known.count === 0 && (age >= WINDOW_MS || age < 0)) {
      this.#forget(key);
      return false;
    }
    known.count++;
    this.#known.delete(key);
    this.#known.set(key, known);
    return true;
  }

  /** Remembers a message that is being written. Returns what has to be said about those it displaces. */
  remember(record: LogRecord, nowMs: number): readonly Repetition[] {
    const key = keyOf(record);
    this.#known.set(key, { ...record, sinceMs: nowMs, count: 0 });
    this.#characters += key.length;
    const displaced: Repetition[] = [];
    for (const [oldest, known] of this.#known) {
      if (this.#known.size <= MOST_MESSAGES && this.#characters <= MOST_CHARACTERS) break;
      if (known.count > 0) displaced.push(repetitionOf(known, nowMs));
      this.#forget(oldest);
    }
    return displaced;
  }

  /** What was said again and not told yet, in the order in which it was last said. Forgets what is old. */
  take(nowMs: number): readonly Repetition[] {
    const repetitions: Repetition[] = [];
    for (const [key, known] of this.#known) {
      if (known.count > 0) {
        repetitions.push(repetitionOf(known, nowMs));
        known.count = 0;
        known.sinceMs = nowMs;
      } else if (nowMs - known.sinceMs >= WINDOW_MS) {
        this.#forget(key);
      }
    }
    return repetitions;
  }

  #forget(key: string): void {
    this.#known.delete(key);
    this.#characters -= key.length;
  }
}

function keyOf({ logger, level, message }: LogRecord): string {
  return `${logger}\0${level}\0${message}`;
}

function repetitionOf({ logger, level, message, count, sinceMs }: Known, nowMs: number): Repetition {
  return { logger, level, message, count, elapsedMs: Math.max(0, nowMs - sinceMs) };
}

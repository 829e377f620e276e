import { LOG_LEVELS, type Log, type LogLevel } from "../../src/model/log.ts";

export interface TestLog {
  readonly log: Log;
  /** What was logged: `["warning", "text"]`. */
  readonly logged: readonly (readonly [LogLevel, string])[];
}

/** A logger that is an array. */
export function testLog(): TestLog {
  const logged: [LogLevel, string][] = [];
  const log = Object.fromEntries(
    LOG_LEVELS.map((level) => [level, (message: string) => void logged.push([level, message])]),
  ) as unknown as Log;
  return { log, logged };
}

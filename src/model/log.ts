/** Severity, most severe first. */
export const LOG_LEVELS = ["critical", "error", "warning", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A named logger. Messages start with what was attempted and have no final period. */
export type Log = { readonly [level in LogLevel]: (message: string) => void };

/*
 * What the agent and the process of a sandbox say to each other over a pair of pipes. Numbers are little
 * endian. Every frame begins with the length of what follows these four bytes, and its kind.
 *
 *   agent → guest: length, kind (u8), number of the request (u32), index of the module (u32), body
 *     load      JSON (u32 length, text), variables (u32 length, bytes), input of init (the same), module
 *     renew     nothing: a fresh instance of the module
 *     call      name of the export (u8 length, bytes), input
 *   guest → agent: length, kind (u8), body
 *     ready     JSON: what hardening came to
 *     log       level (u8), text
 *     answer    number of the request (u32), outcome (u8), log lines left out (u32), variables that changed
 *               (u32 length, bytes), output or message
 */
export const REQUEST = { load: 1, renew: 2, call: 3 } as const;
export const REPLY = { ready: 1, log: 2, answer: 3 } as const;

/** Bytes before the body of a request, and of an answer. */
export const REQUEST_HEAD = 13;
export const REPLY_HEAD = 5;
export const ANSWER_HEAD = REPLY_HEAD + 13;

/** How a request ended, by the number in an answer. */
export const OUTCOMES = ["done", "trap", "error", "output", "memory", "load"] as const;
/** Added to an outcome when the instance is not to be used again. */
export const GONE = 0x80;
export type Outcome = (typeof OUTCOMES)[number];

/** Levels of a module's log lines, by their number. */
export const LINE_LEVELS = ["trace", "debug", "info", "warning", "error"] as const;
export type LineLevel = (typeof LINE_LEVELS)[number];

/** Longest text of one log line and of a failure, in bytes; longer ones are cut off. */
export const LONGEST_LINE = 1024;
export const LONGEST_MESSAGE = 2048;
export const LONGEST_READY = 16_384;
/** Names of exports in the answer to `load`, as JSON; what is more is left out. */
export const LONGEST_EXPORTS = 65_536;

/** The JSON of `load`. */
export interface LoadHead {
  readonly config: Readonly<Record<string, string>>;
  readonly hasInit: boolean;
  readonly moduleBytes: number;
  readonly memoryBytes: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly variableBytes: number;
  readonly logLines: number;
}

/** One line of hardening: done, or why not. */
export interface Measure {
  readonly name: string;
  /** Absent: it is in force. */
  readonly lacking?: string;
}

export interface ReadyMessage {
  readonly measures: readonly Measure[];
}

import type { LogLevel } from "../model/log.ts";
import { prettyFormat } from "./pretty.ts";

/** What a line of the log tells. */
export interface LogLine {
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly logger: string;
  readonly message: string;
  /** How often it was said since it was last written; absent when it is said for the first time. */
  readonly repeated?: number;
}

/** Text of a line, with the line break at its end and no other one that a reader could take for such. */
export type LogFormat = (line: LogLine) => string;

/** Values of `--log-format`. */
export const LOG_FORMATS = ["auto", "pretty", "logfmt", "json"] as const;
export type LogFormatName = (typeof LOG_FORMATS)[number];

/** Where the log goes to. */
export interface Destination {
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `auto` is for eyes on a terminal and `logfmt` everywhere else. */
export function logFormat(name: LogFormatName, destination: Destination): LogFormat {
  if (name === "json") return formatJson;
  const isPretty = name === "pretty" || (name === "auto" && destination.isTerminal);
  return isPretty ? prettyFormat({ colours: wantsColours(destination) }) : formatLogfmt;
}

/** By the conventions of no-color.org and force-color.org; where both are set there are none. */
function wantsColours({ isTerminal, env }: Destination): boolean {
  const { NO_COLOR: no = "", FORCE_COLOR: force, TERM } = env;
  if (no !== "") return false;
  return force === undefined || force === "" ? isTerminal && TERM !== "dumb" : !/^(0|false)$/.test(force);
}

/** One JSON object. */
export function formatJson(line: LogLine): string {
  const fields = fieldsOf(line).map(
    ([key, value]) => `"${key}":${typeof value === "string" ? quote(value) : value}`,
  );
  return `{${fields.join(",")}}\n`;
}

/** `key=value` pairs; a value that is not one plain word is quoted as in JSON. */
export function formatLogfmt(line: LogLine): string {
  const fields = fieldsOf(line).map(([key, value]) => `${key}=${wordOrQuoted(String(value))}`);
  return `${fields.join(" ")}\n`;
}

function fieldsOf({ timeMs, level, logger, message, repeated }: LogLine) {
  const fields: [key: string, value: string | number][] = [
    ["time", new Date(timeMs).toISOString()],
    ["level", level],
    ["logger", logger],
    ["msg", message],
  ];
  if (repeated !== undefined) fields.push(["repeated", repeated]);
  return fields;
}

/** Visible ASCII but for the double quote, the equals sign and the backslash. */
const WORD = /^[!#-<>-[\]-~]+$/;

function wordOrQuoted(text: string): string {
  return WORD.test(text) ? text : quote(text);
}

/** What JSON allows as it is, but what breaks lines or turns the order of letters on some screens. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function quote(text: string): string {
  return JSON.stringify(text).replace(
    UNSAFE,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

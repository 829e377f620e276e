import { createConsola, type LogObject } from "consola/core";
import type { LogLevel } from "../model/log.ts";
import type { LogFormat } from "./formats.ts";

/** Codes of ECMA-48 that switch a colour on and off. */
const COLOURS = {
  red: [31, 39],
  gray: [90, 39],
  cyan: [36, 39],
  onRed: [41, 49],
  onYellow: [43, 49],
  black: [30, 39],
} as const;
type Colour = keyof typeof COLOURS;

interface Look {
  /** The name that consola has for the level. */
  readonly type: "fatal" | "error" | "warn" | "info" | "debug" | "trace";
  readonly sign: string;
  readonly colours: readonly Colour[];
}

/** As consola's own reporter has them. */
const LOOKS: Readonly<Record<LogLevel, Look>> = {
  critical: { type: "fatal", sign: " FATAL ", colours: ["black", "onRed"] },
  error: { type: "error", sign: " ERROR ", colours: ["black", "onRed"] },
  warning: { type: "warn", sign: " WARN ", colours: ["black", "onYellow"] },
  info: { type: "info", sign: "ℹ", colours: ["cyan"] },
  debug: { type: "debug", sign: "⚙", colours: ["gray"] },
  trace: { type: "trace", sign: "→", colours: ["gray"] },
};
/** Before further lines of a message: only the first one stands at the left. */
const INDENT = "    ";

/**
 * The look of consola: for eyes on a terminal. Its own reporter is not used: it takes `process.stdout`, which
 * costs 20 MB of memory and changes flags of a pipe, prints a stack under every trace and drops backticks.
 */
export function prettyFormat({ colours }: { readonly colours: boolean }): LogFormat {
  let text = "";
  const paint = colours ? coloured : (plain: string) => plain;
  const consola = createConsola({
    level: Number.POSITIVE_INFINITY,
    // Otherwise it holds back what is said six times within a second, by a clock and a timer of its own.
    throttle: 0,
    reporters: [
      {
        log: (entry) => {
          text = lineOf(entry, paint);
        },
      },
    ],
  });
  const tagged = new Map<string, typeof consola>();
  return ({ timeMs, level, logger, message }) => {
    const own = tagged.get(logger) ?? consola.withTag(logger);
    tagged.set(logger, own);
    own[LOOKS[level].type]({ args: [message], date: new Date(timeMs) });
    return text;
  };
}

type Paint = (text: string, ...colours: readonly Colour[]) => string;

function lineOf({ type, tag, date, args }: LogObject, paint: Paint): string {
  const look = Object.values(LOOKS).find((candidate) => candidate.type === type) ?? LOOKS.info;
  const time = paint(date.toTimeString().slice(0, "hh:mm:ss".length), "gray");
  return `${time} ${paint(look.sign, ...look.colours)} ${paint(tag, "gray")} ${visible(String(args[0]))}\n`;
}

function coloured(text: string, ...colours: readonly Colour[]): string {
  return colours.reduce((inner, colour) => {
    const [on, off] = COLOURS[colour];
    return `\u001b[${on}m${inner}\u001b[${off}m`;
  }, text);
}

/** Control characters, and what breaks lines or turns the order of letters, but for the line feed. */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A message must not move the cursor, colour what follows, or pass for a line of its own. */
function visible(message: string): string {
  return message
    .replace(INVISIBLE, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll("\n", `\n${INDENT}`);
}

import { PluginError } from "../model/errors.ts";
import { LIMITS } from "./limits.ts";
import { quoted, withoutControls } from "./quoted.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;

/**
 * The value that an answer of a plugin says. Text that would take far more memory as a value is refused
 * before it becomes one. `what` names the answer in messages.
 */
export function decodeJson(bytes: Uint8Array, what: string): unknown {
  const fault = structureFault(bytes);
  if (fault !== undefined) throw new PluginError("output", `Cannot use ${what}: ${fault}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new PluginError("output", `Cannot use ${what}: saw bytes that are not UTF-8, wanted JSON`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PluginError("output", `Cannot use ${what}: saw ${start(text)}, wanted JSON: ${reason(error)}`, {
      cause: error,
    });
  }
}

/** Levels and their number, told from the bytes; whether it is JSON at all is the parser's to say. */
function structureFault(bytes: Uint8Array): string | undefined {
  let depth = 0;
  let containers = 0;
  let commas = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) {
      index = endOfText(bytes, index);
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth++;
      containers++;
      if (depth > LIMITS.depth) return `saw more than ${LIMITS.depth} levels in each other`;
      if (containers > LIMITS.containers) return `saw more than ${LIMITS.containers} objects and lists`;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth--;
    } else if (byte === COMMA) {
      commas++;
      if (commas > LIMITS.commas) return `saw more than ${LIMITS.commas} items and members`;
    }
  }
  return undefined;
}

/** Index of the quote that ends the text whose first quote is at `from`; the end where there is none. */
function endOfText(bytes: Uint8Array, from: number): number {
  for (let index = from + 1; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) return index;
    if (byte === BACKSLASH) index++;
  }
  return bytes.length;
}

function start(text: string): string {
  return quoted(text.length > 40 ? `${text.slice(0, 39)}…` : text);
}

/** The parser's messages may repeat the whole text. */
function reason(error: unknown): string {
  const { message } = error as Error;
  const short = message.length > 100 ? `${message.slice(0, 99)}…` : message;
  return withoutControls(short).replace(/^JSON Parse error: /, "");
}

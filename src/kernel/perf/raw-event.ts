import { coreConfig } from "./event.ts";

/** What a name `<name>__r<digits>` says. */
export interface RawEvent {
  /** The whole name. */
  readonly metric: string;
  readonly event: number;
  readonly umask: number;
  readonly cmask: number;
  readonly config: bigint;
  readonly config1: bigint;
}

/** Stands between name and digits. */
const MARK = "__r";
/** EEUU, EEUUCC, EEUUCC and ten digits of config1. */
const LENGTHS: ReadonlySet<number> = new Set([4, 6, 16]);

/** Whether the name asks for a raw event, perhaps a wrong one. */
export function isRawEvent(text: string): boolean {
  return text.includes(MARK);
}

/** What is wanted in place of the name; nothing when it is right. */
export function checkRawEvent(text: string): string | undefined {
  const at = text.lastIndexOf(MARK);
  if (at < 0) return `a name, "${MARK}" and hexadecimal digits, such as my_event${MARK}03c0`;
  const digits = text.slice(at + MARK.length);
  if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(text.slice(0, at))) {
    return `a name before "${MARK}": letters, digits and _, no digit first, not __ first`;
  }
  if (!/^[0-9a-fA-F]*$/.test(digits)) return `only hexadecimal digits behind "${MARK}", not "${digits}"`;
  if (LENGTHS.has(digits.length)) return undefined;
  return `4 (event, umask), 6 (and cmask) or 16 (and config1) hexadecimal digits behind "${MARK}", not ${digits.length}`;
}

/**
 * Reads `<name>__r<digits>`. The digits are event select and umask, then perhaps cmask, then perhaps ten
 * digits of config1: EEUU, EEUUCC or EEUUCC1111111111. Throws SyntaxError.
 */
export function parseRawEvent(text: string): RawEvent {
  const wanted = checkRawEvent(text);
  if (wanted !== undefined) throw new SyntaxError(`Cannot use event "${text}": wanted ${wanted}`);
  const digits = text.slice(text.lastIndexOf(MARK) + MARK.length);
  const [event, umask, cmask] = [0, 2, 4].map((at) => Number(`0x0${digits.slice(at, at + 2)}`)) as [
    number,
    number,
    number,
  ];
  return {
    metric: text,
    event,
    umask,
    cmask,
    config: coreConfig({ event, umask, cmask }),
    config1: BigInt(`0x0${digits.slice(6)}`),
  };
}

import { InvalidKey } from "./errors.ts";

const KEY = /^[A-Za-z0-9._-]{1,255}$/;
/** Names of directories: a file of that name would be the folder itself or the one above it. */
const RESERVED: ReadonlySet<string> = new Set([".", ".."]);
/** Longest text of a key that is put into a message. */
const SHOWN = 40;

/**
 * The key as text. Throws TypeError unless it is text or bytes, and {@link InvalidKey} unless it has 1 to
 * 255 characters of `A-Z a-z 0-9 . _ -` and is neither `.` nor `..`.
 */
export function keyText(key: unknown): string {
  if (typeof key !== "string" && !(key instanceof Uint8Array)) {
    throw new TypeError(`Cannot use a key: saw ${kindOf(key)}, wanted bytes (Uint8Array) or text`);
  }
  // Every byte becomes one character, so that no byte outside of ASCII can pass for one inside.
  const text = typeof key === "string" ? key : Buffer.from(key).toString("latin1");
  if (KEY.test(text) && !RESERVED.has(text)) return text;
  const shown = JSON.stringify(text.slice(0, SHOWN));
  throw new InvalidKey(
    `Cannot use key ${shown}${text.length > SHOWN ? "…" : ""} (length ${text.length}): wanted 1 to 255 characters of A-Z a-z 0-9 . _ - and neither "." nor ".."`,
  );
}

/** A copy of the value, which the caller may change while it is on its way. Throws TypeError unless it is bytes. */
export function valueBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  throw new TypeError(`Cannot use a value: saw ${kindOf(value)}, wanted bytes (Uint8Array)`);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? `a ${value.constructor?.name ?? "mapping"}` : typeof value;
}

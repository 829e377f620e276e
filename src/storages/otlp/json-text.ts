/**
 * JSON text of the protobuf mapping, protobuf.dev/programming-guides/json. Halves of surrogate pairs become
 * what UTF-8 makes of them, so that texts which are the same on the wire are the same here.
 */
export function jsonString(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

/** A double: the shortest text that reads back as the same one, `"NaN"`, `"Infinity"`, `"-Infinity"`. */
export function jsonDouble(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** A time in nanoseconds as the 64-bit integer that it is, in quotes. Takes milliseconds since the epoch. */
export function jsonNanoseconds(timeMs: number): string {
  return `"${BigInt(Math.max(0, Math.round(timeMs * 1000)))}000"`;
}

/** `[{"key":"a","value":{"stringValue":"x"}}]`, names in order. */
export function jsonAttributes(attributes: Readonly<Record<string, string>>): string {
  const written = Object.keys(attributes)
    .sort()
    .map((key) => `{"key":${jsonString(key)},"value":{"stringValue":${jsonString(attributes[key] ?? "")}}}`);
  return `[${written.join(",")}]`;
}

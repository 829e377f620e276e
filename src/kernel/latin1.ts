/** The start of a read buffer as text: one copy, no decoding. */
export function latin1(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
}

/**
 * Position behind `key` where it begins a line, -1 when no line begins so. `Cached:` is not found in
 * `SwapCached:`.
 */
export function afterLineStart(text: string, key: string): number {
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + 1)) {
    if (at === 0 || text[at - 1] === "\n") return at + key.length;
  }
  return -1;
}

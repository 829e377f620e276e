/** A string in JSON, with its quotes. */
export function quoted(text: string): string {
  let out = '"';
  let piece = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x20 && c != 0x22 && c != 0x5c) continue;
    out += text.substring(piece, i);
    out += c < 0x20 ? "\\u00" + (c < 0x10 ? "0" : "1") + (c & 15).toString(16) : "\\" + String.fromCharCode(c);
    piece = i + 1;
  }
  return out + text.substring(piece) + '"';
}

/** A number in JSON, which has no NaN and no infinity. */
export function numeral(value: f64): string {
  return isFinite(value) ? value.toString() : "null";
}

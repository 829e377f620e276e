/** What would move a terminal's cursor, change its colours or turn the direction of text. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** Text of a module for a line of the log or a message: one line, without anything that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(CONTROLS, " ").trim();
}

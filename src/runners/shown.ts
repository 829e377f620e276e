const MOST_CHARACTERS = 100;

/** A value of the user's for a message, on one line and not longer than a line. Never throws. */
export function shown(value: unknown): string {
  let text: string;
  try {
    text = Bun.inspect(value, { depth: 1, compact: true }).replace(/\s+/g, " ");
  } catch {
    text = `a ${typeof value} that cannot be shown`;
  }
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}

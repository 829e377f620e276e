/** Characters of a message; what is longer is cut. */
const LONGEST = 8192;
/** Errors that a message goes back to, each the cause of the one before. */
const CAUSES = 5;
/** Levels of an object that are shown. */
const DEPTH = 3;

/**
 * The text of what a logger was given. Components come from anywhere, so it may be anything and any number
 * of things; never throws.
 */
export function messageOf(parts: readonly unknown[]): string {
  const [only] = parts;
  const text = parts.length === 1 && typeof only === "string" ? only : parts.map(textOf).join(" ");
  return text.length <= LONGEST ? text : shortened(text);
}

/** A copy, as a piece of a string holds the whole one in memory. */
function shortened(text: string): string {
  const start = Buffer.from(text.slice(0, LONGEST)).toString();
  return `${start}… (${text.length - LONGEST} characters more)`;
}

function textOf(part: unknown): string {
  if (typeof part === "string") return part;
  try {
    if (part instanceof Error) return errorText(part);
    return typeof part === "object" ? Bun.inspect(part, { depth: DEPTH }) : String(part);
  } catch {
    return "(something that cannot be shown)";
  }
}

/** Without the stack: where it matters it is logged on its own. */
function errorText(error: Error): string {
  const texts: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && texts.length < CAUSES; cause = cause.cause) {
    texts.push(`${cause.name}: ${cause.message}`);
  }
  return texts.join(", caused by ");
}

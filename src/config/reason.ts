/** What was thrown, by code that is not ours, in words on one line. */
export function reasonOf(thrown: unknown): string {
  return textOf(thrown)
    .trim()
    .replaceAll(/\s*\n\s*/g, "; ");
}

function textOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message === "" ? thrown.name : thrown.message;
  // Its own toString() may be missing or throw.
  return typeof thrown === "object" && thrown !== null ? "an object" : String(thrown);
}

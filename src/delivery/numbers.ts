/*
 * Numbers from components of the user's: anything may come, and getters may throw. What makes no sense is as
 * good as nothing.
 */

/** What it gives if that is a number at least 0, without its fraction. */
export function countFrom(read: () => unknown): number | undefined {
  try {
    const value = read();
    return typeof value === "number" && value >= 0 ? Math.trunc(value) : undefined;
  } catch {
    return undefined;
  }
}

const TOLERANCE = 1e-9;

/**
 * The first place where two JSON values differ, in words; nothing when they are the same. Numbers may differ
 * by 1e-9, absolutely or of their size.
 */
export function differenceOf(seen: unknown, wanted: unknown, at = ""): string | undefined {
  if (typeof seen === "number" && typeof wanted === "number") {
    const allowed = TOLERANCE * Math.max(1, Math.abs(wanted));
    return Math.abs(seen - wanted) <= allowed ? undefined : `${at}: saw ${seen}, wanted ${wanted}`;
  }
  if (!isObject(seen) || !isObject(wanted) || Array.isArray(seen) !== Array.isArray(wanted)) {
    if (seen === wanted) return undefined;
    return `${at}: saw ${JSON.stringify(seen)}, wanted ${JSON.stringify(wanted)}`;
  }
  for (const key of new Set([...Object.keys(wanted), ...Object.keys(seen)])) {
    const difference = differenceOf(seen[key], wanted[key], `${at}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

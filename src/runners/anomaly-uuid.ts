import { createHash } from "node:crypto";

/**
 * Identity of a set of tasks, whichever suffers and from what: as in the original, 16 bytes of SHA-256 over the
 * sorted ids, without the bits of any version.
 */
export function anomalyUuid(taskIds: readonly string[]): string {
  // By code point, which is how UTF-8 sorts and how JavaScript does not.
  const sorted = taskIds.map((id) => Buffer.from(id)).sort(Buffer.compare);
  const hex = createHash("sha256").update(sorted.map(String).join(",")).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}

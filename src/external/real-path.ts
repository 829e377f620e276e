import { readlinkSync } from "node:fs";
import * as path from "node:path";

/** As many as the kernel follows: path_resolution(7). */
const MAX_LINKS = 40;

/** A path without links. Bun's own `realpath` needs /proc, which an empty root directory does not have. */
export function realPath(file: string): string {
  const waiting = partsOf(path.resolve(file));
  let real = "/";
  let links = 0;
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    const next = path.join(real, part);
    const target = part === ".." ? undefined : linkTarget(next);
    if (target === undefined) {
      real = next;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) {
      throw Object.assign(new Error(`ELOOP: too many symbolic links, "${file}"`), { code: "ELOOP" });
    }
    if (path.isAbsolute(target)) real = "/";
    waiting.unshift(...partsOf(target));
  }
  return real;
}

function partsOf(file: string): string[] {
  return file.split("/").filter((part) => part !== "" && part !== ".");
}

/** Nothing for what is no link. Throws what the kernel says of a path that leads nowhere. */
function linkTarget(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EINVAL") return undefined;
    throw error;
  }
}

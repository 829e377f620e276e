import { plainPath } from "./cgroup-path.ts";

const SPECIAL = /[\\^$.*+?()[\]{}|/]/g;

/**
 * A pattern on cgroup paths: `*` is any text within one component, the component `**` any number of
 * components, none included. Everything else is itself, the `\x2d` of systemd too. At the end `/**` means
 * all that is below, not the cgroup itself.
 */
export function compileGlob(pattern: string): RegExp {
  const parts = plainPath(pattern).split("/").slice(1);
  const last = parts.length - 1;
  const sources = parts.map((part, index) => {
    if (part !== "**") return `/${part.split(/\*+/).map(literal).join("[^/]*")}`;
    return index === last ? "(?:/[^/]+)+" : "(?:/[^/]+)*";
  });
  return new RegExp(`^${sources.join("")}$`);
}

/** All patterns in one; nothing when there are none. */
export function compileGlobs(patterns: readonly string[]): RegExp | undefined {
  if (patterns.length === 0) return undefined;
  return new RegExp(patterns.map((pattern) => compileGlob(pattern).source).join("|"));
}

function literal(text: string): string {
  return text.replace(SPECIAL, "\\$&");
}

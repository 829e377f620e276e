import type { z } from "zod";
import { quoted } from "./quoted.ts";

/**
 * The first thing that is wrong with a value, in words with its path: `anomalies[3].severity: saw 2, wanted …`.
 * `within` is the path of the value itself.
 */
export function faultOf(
  { issues }: z.core.$ZodError,
  value: unknown,
  within: readonly PropertyKey[] = [],
): string {
  const [first] = issues.map(innermost);
  if (first === undefined) return "saw something else than was wanted";
  const more = issues.length > 1 ? `, and ${issues.length - 1} more faults` : "";
  const path = [...within, ...first.path].reduce<string>(into, "");
  const seen = valueAt(value, first.path);
  return `${path === "" ? "" : `${path}: `}${complaint(first, seen)}${more}`;
}

/** Of a union, what is wrong with the branch that went deepest. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const branches = issue.errors.flatMap(([first]) => (first === undefined ? [] : [innermost(first)]));
  const deepest = branches.sort((one, other) => other.path.length - one.path.length)[0];
  if (deepest === undefined || deepest.path.length === 0) return issue;
  return { ...deepest, path: [...issue.path, ...deepest.path] };
}

function complaint(issue: z.core.$ZodIssue, seen: unknown): string {
  if (issue.code === "invalid_key") return `saw a key that is no name of a label`;
  if (seen === undefined) return `missing, wanted ${wanted(issue)}`;
  return `saw ${inWords(seen)}, wanted ${wanted(issue)}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a finite number",
  int: "an integer",
  array: "a list",
  object: "an object",
  record: "an object",
  boolean: "true or false",
};
const SIZES: Readonly<Record<string, string>> = { array: " items", string: " characters" };

function wanted(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? issue.expected;
    case "invalid_value": {
      const values = issue.values.map((value) => JSON.stringify(value));
      return values.length === 1 ? values.join("") : `one of ${values.join(", ")}`;
    }
    case "too_big":
      return `at most ${issue.maximum}${SIZES[issue.origin] ?? ""}`;
    case "too_small":
      return `at least ${issue.minimum}${SIZES[issue.origin] ?? ""}`;
    case "invalid_format":
      return issue.format === "regex" ? `a name that matches ${issue.pattern}` : issue.format;
    default:
      return issue.message;
  }
}

/** Never the whole of something large. */
function inWords(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return `${typeof value} ${String(value)}`;
  return value.length > 60 ? `text of ${value.length} characters` : `text ${quoted(value)}`;
}

function into(path: string, step: PropertyKey): string {
  if (typeof step === "number") return `${path}[${step}]`;
  const key = String(step);
  if (!/^[\w-]{1,80}$/.test(key)) return `${path}[${quoted(key.slice(0, 80))}]`;
  return path === "" ? key : `${path}.${key}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined;
    found = Reflect.get(found, step);
  }
  return found;
}

/** One part of the text between the slashes of `cpu/event=0x3c,umask=0x01/`, or of an `events` file of sysfs. */
export interface Term {
  readonly name: string;
  /** Absent for a bare name: an event of the PMU, or a field that is set to 1. `?`: the user has to give it. */
  readonly value?: bigint | "?";
}

const NAME = /^[a-zA-Z_][\w.:-]*$/;
const NUMBER = /^(0[xX][0-9a-fA-F]{1,32}|\d{1,32})$/;
const LARGEST = 2n ** 64n - 1n;

/** What is wanted in place of the terms that a user wrote; nothing when they are right. */
export function checkTerms(text: string): string | undefined {
  const seen = new Set<string>();
  for (const part of text.split(",")) {
    const { name, value } = splitTerm(part);
    if (!NAME.test(name)) return `a name or name=number between commas, not "${part}"`;
    if (seen.has(name)) return `"${name}" once`;
    seen.add(name);
    if (value === undefined) continue;
    if (!NUMBER.test(value))
      return `a number behind "${name}=", decimal or 0x and hexadecimal, not "${value}"`;
    if (BigInt(value) > LARGEST) return `a number of 64 bits behind "${name}=", not "${value}"`;
  }
  return undefined;
}

/** Reads terms as a user writes them: `event=0x3c,umask=1`, `mem-loads,ldlat=30`. Throws SyntaxError. */
export function parseTerms(text: string): readonly Term[] {
  const wanted = checkTerms(text);
  if (wanted !== undefined) throw new SyntaxError(`Cannot use the terms "${text}": wanted ${wanted}`);
  return text.split(",").map((part) => {
    const { name, value } = splitTerm(part);
    return value === undefined ? { name } : { name, value: BigInt(value) };
  });
}

/**
 * Reads the content of an `events` file, which has the same form and may leave a value to the user, such as
 * `domain=1,offset=0x8,core=?`. Throws SyntaxError. Documentation/ABI/testing/sysfs-bus-event_source-devices-events
 */
export function parseEventFile(content: string): readonly Term[] {
  const parts = content.trim().split(",");
  const open = parts.filter((part) => part.endsWith("=?")).map((part) => part.slice(0, -2));
  const given = parseTerms(parts.map((part) => (part.endsWith("=?") ? part.slice(0, -2) : part)).join(","));
  return given.map((term) => (open.includes(term.name) ? { name: term.name, value: "?" } : term));
}

/** As a user could have written them. */
export function formatTerms(terms: readonly Term[]): string {
  return terms.map((term) => (term.value === undefined ? term.name : formatValue(term))).join(",");
}

function formatValue({ name, value }: Term): string {
  return typeof value === "bigint" ? `${name}=0x${value.toString(16)}` : `${name}=?`;
}

function splitTerm(part: string): { readonly name: string; readonly value: string | undefined } {
  const [name = "", ...rest] = part.split("=");
  return { name: name.trim(), value: rest.length === 0 ? undefined : rest.join("=").trim() };
}

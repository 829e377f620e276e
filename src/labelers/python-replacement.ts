import { CHARACTER_ESCAPES, type PythonPattern } from "./python-pattern.ts";

/** Text, or the number of a group whose text stands there; 0 is the whole match. */
export type ReplacementPart = string | number;

const PART =
  /\\(?:g<(?<group>[^>]*)>|(?<octal>0[0-7]{0,2}|[1-7][0-7]{2})|(?<number>[1-9]\d?)|(?<other>[^g]))|(?<text>[^\\]+)/uy;

/**
 * Parses the replacement of Python's `re.sub`: `\1`, `\g<1>`, `\g<name>`; a dollar sign is itself. Escapes
 * that Python does not know stay as they are, as in 3.6. Throws SyntaxError.
 */
export function parseReplacement(text: string, pattern?: PythonPattern): readonly ReplacementPart[] {
  const parts: ReplacementPart[] = [];
  const expression = new RegExp(PART);
  for (let at = 0; at < text.length; at = expression.lastIndex) {
    expression.lastIndex = at;
    const groups = expression.exec(text)?.groups;
    if (groups === undefined)
      throw new SyntaxError(`Cannot use replacement "${text}": bad escape at position ${at}`);
    parts.push(partOf(groups, text, pattern));
  }
  return parts;
}

function partOf(
  groups: Readonly<Record<string, string | undefined>>,
  text: string,
  pattern: PythonPattern | undefined,
): ReplacementPart {
  const { group, octal, number, other } = groups;
  if (octal !== undefined) return octalCharacter(octal, text);
  if (other !== undefined) return CHARACTER_ESCAPES[other] ?? `\\${other}`;
  const reference = group ?? number;
  if (reference === undefined) return groups["text"] ?? "";
  const resolved = /^\d+$/.test(reference) ? Number(reference) : pattern?.groupNumbers.get(reference);
  if (pattern === undefined) return resolved ?? 0;
  if (resolved !== undefined && resolved <= pattern.groups) return resolved;
  throw new SyntaxError(`Cannot use replacement "${text}": the pattern has no group "${reference}"`);
}

function octalCharacter(digits: string, text: string): string {
  const code = Number.parseInt(digits, 8);
  if (code <= 0o377) return String.fromCharCode(code);
  throw new SyntaxError(`Cannot use replacement "${text}": octal escape \\${digits} is larger than \\377`);
}

import { translatePattern } from "./python-pattern.ts";
import { parseReplacement } from "./python-replacement.ts";

/**
 * `re.sub(pattern, replacement, text)` of Python 3.6 as a function of the text. Throws SyntaxError when
 * either cannot be used.
 */
export function compileSubstitution(pattern: string, replacement: string): (text: string) => string {
  const translated = translatePattern(pattern);
  const parts = parseReplacement(replacement, translated);
  const expression = new RegExp(translated.source, `${translated.flags}g`);
  function expand(found: RegExpExecArray): string {
    return parts.map((part) => (typeof part === "string" ? part : (found[part] ?? ""))).join("");
  }
  return (text) => substitute(text, expression, expand);
}

/**
 * All matches from left to right. As in Python until 3.6 an empty match right after a match is left alone,
 * so that `.*` replaces once, and the search goes on one character later (`_sre.c`, `pattern_subx`).
 */
function substitute(text: string, expression: RegExp, expand: (found: RegExpExecArray) => string): string {
  let out = "";
  let copied = 0;
  let count = 0;
  for (let start = 0; start <= text.length; ) {
    expression.lastIndex = start;
    const found = expression.exec(text);
    if (found === null) break;
    const end = found.index + found[0].length;
    const isEmptyAfterMatch = found.index === copied && end === copied && count > 0;
    if (!isEmptyAfterMatch) {
      out += text.slice(copied, found.index) + expand(found);
      copied = end;
      count++;
    }
    start = found[0] === "" ? end + String.fromCodePoint(text.codePointAt(end) ?? 0).length : end;
  }
  return out + text.slice(copied);
}

/** Characters that move a terminal's cursor, change its colours or the direction of text. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text of a plugin for a message: in quotes on one line, without anything that a terminal would obey. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(CONTROLS, codeOf);
}

/** A value with texts that a terminal shows as they are; line breaks and tabs stay. */
export function withoutControls<Value>(value: Value): Value {
  return cleaned(value) as Value;
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string")
    return value.replace(CONTROLS, (control) => (/[\n\t]/.test(control) ? control : "\ufffd"));
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleaned(key), cleaned(inner)]));
}

function codeOf(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

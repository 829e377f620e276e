import { kindsOf, type OptionSchema } from "./option-schema.ts";

/** What an option takes: `a number from 0 to 60`, `a list of texts`, `a node`. */
export function inWords(schema: OptionSchema): string {
  if (schema.words !== undefined) return schema.words;
  if (schema.role !== undefined) return withArticle(schema.role);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return choice(schema.enum.map((value) => JSON.stringify(value)));
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return [...new Set(branches.map(inWords))].join(" or ");
  const kinds = kindsOf(schema);
  if (kinds.length > 1)
    return kinds
      .map((type) => inWords({ ...schema, type }))
      .join(" or ")
      .replace("true or false or", "true, false or");
  switch (kinds[0]) {
    case "string":
      return textInWords(schema);
    case "number":
      return `a number${boundsInWords(schema)}`;
    case "integer":
      return `an integer${boundsInWords(schema)}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return listInWords(schema);
    case "object":
      return mappingInWords(schema);
    default:
      return "anything";
  }
}

/** `a node`, `an allocator`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}

const PLURALS: readonly (readonly [RegExp, string])[] = [
  [/^(non-empty )?text/, "$1texts"],
  [/^an? (number|integer|mapping|list|path)/, "$1s"],
  [/^an? ([a-z]+( [a-z]+)?)$/, "$1s"],
  [/^true or false$/, "booleans"],
];

/** Several of them: `numbers from 0 to 60`. */
function pluralInWords(schema: OptionSchema): string {
  const words = inWords(schema);
  const row = PLURALS.find(([singular]) => singular.test(words));
  const choices = schema.anyOf !== undefined || schema.oneOf !== undefined || kindsOf(schema).length > 1;
  if (choices || row === undefined) return `(${words})`;
  return words.replace(...row);
}

function listInWords({ items, minItems, maxItems }: OptionSchema): string {
  const size = rangeInWords({ from: minItems, to: maxItems, noun: "items" });
  if (typeof items !== "object" || "length" in items) return `a list${size}`;
  const words = pluralInWords(items as OptionSchema);
  return words === "(anything)" ? `a list${size}` : `a list of ${words}${size}`;
}

function mappingInWords({ properties, additionalProperties, propertyNames }: OptionSchema): string {
  if (properties !== undefined) return `a mapping with ${Object.keys(properties).join(", ")}`;
  if (typeof additionalProperties !== "object") return "a mapping";
  const values = pluralInWords(additionalProperties);
  const keys = pluralInWords(propertyNames ?? {});
  return values === "(anything)"
    ? "a mapping"
    : `a mapping of ${keys === "(anything)" ? "texts" : keys} to ${values}`;
}

function textInWords({ minLength, maxLength, pattern }: OptionSchema): string {
  const filled = minLength === 1;
  const length = rangeInWords({ from: filled ? undefined : minLength, to: maxLength, noun: "characters" });
  return `${filled ? "non-empty " : ""}text${length}${pattern === undefined ? "" : ` matching ${pattern}`}`;
}

function rangeInWords({
  from,
  to,
  noun,
}: {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly noun: string;
}): string {
  if (from !== undefined && to !== undefined)
    return from === to ? ` of ${from} ${noun}` : ` of ${from} to ${to} ${noun}`;
  if (from !== undefined) return ` of at least ${from} ${noun}`;
  return to === undefined ? "" : ` of at most ${to} ${noun}`;
}

function boundsInWords({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: OptionSchema): string {
  const from = minimum === -Number.MAX_SAFE_INTEGER ? undefined : minimum;
  const to = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (from !== undefined && to !== undefined) return ` from ${from} to ${to}`;
  const words: string[] = [];
  if (from !== undefined) words.push(`of at least ${from}`);
  if (exclusiveMinimum !== undefined) words.push(`above ${exclusiveMinimum}`);
  if (to !== undefined) words.push(`of at most ${to}`);
  if (exclusiveMaximum !== undefined) words.push(`below ${exclusiveMaximum}`);
  return words.length === 0 ? "" : ` ${words.join(" and ")}`;
}

function choice(values: readonly string[]): string {
  return values.length === 1 ? values.join("") : `one of ${values.join(", ")}`;
}

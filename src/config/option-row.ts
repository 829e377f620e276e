import type { z } from "zod";
import { spellingsOf } from "./aliases.ts";
import { inWords } from "./in-words.ts";
import { type OptionSchema, optionMeta, optionSchema } from "./option-schema.ts";
import type { Registration } from "./registry.ts";

/** An option as documentation and editors show it. */
export interface OptionRow {
  readonly name: string;
  readonly schema: OptionSchema;
  readonly words: string;
  readonly unit?: string;
  /** As written in YAML; absent when there is none. */
  readonly default?: string;
  readonly required: boolean;
  readonly doc: string;
  /** Other names that are accepted. */
  readonly spellings: readonly string[];
}

/** The options of a component in the order of their declaration. */
export function optionRows(registration: Registration): readonly OptionRow[] {
  const options = registration.component.options as Readonly<Record<string, z.ZodType>>;
  return Object.entries(options).map(([name, type]) => {
    const schema = optionSchema(type);
    const { unit, defaultTag, inlineTag } = optionMeta(type);
    const standard = defaultTag === undefined ? defaultInYaml(schema) : `!${defaultTag}`;
    return {
      name,
      schema,
      words: inWords(schema),
      ...(unit === undefined ? {} : { unit }),
      ...(standard === undefined ? {} : { default: standard }),
      required: defaultTag === undefined && inlineTag === undefined && !type.safeParse(undefined).success,
      doc: type.description ?? "",
      spellings: spellingsOf(name, registration),
    };
  });
}

/** JSON is YAML too; plain words need no quotes. */
function defaultInYaml({ default: value }: OptionSchema): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" && /^[a-z][\w-]*$/.test(value) ? value : JSON.stringify(value);
}

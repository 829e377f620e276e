import { z } from "zod";
import type { OptionMeta } from "./schema.ts";

/** JSON Schema of an option, with the `meta` of ours (`role`, `unit`, …) among its fields. */
export interface OptionSchema extends OptionMeta {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: OptionSchema | readonly OptionSchema[] | boolean;
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: OptionSchema;
  readonly additionalProperties?: OptionSchema | boolean;
  readonly anyOf?: readonly OptionSchema[];
  readonly oneOf?: readonly OptionSchema[];
  readonly allOf?: readonly OptionSchema[];
}

/** What an option takes, as data: the one view on a zod schema for messages, documentation and editors. */
export function optionSchema(schema: z.core.$ZodType): OptionSchema {
  const converted = z.toJSONSchema(schema, { target: "draft-7", unrepresentable: "any", io: "input" });
  const { $schema: _, "~standard": __, ...option } = converted as Record<string, unknown>;
  return option as OptionSchema;
}

/** Kinds of JSON values that a schema takes: `["boolean", "null"]`. */
export function kindsOf({ type = [] }: OptionSchema): readonly string[] {
  return typeof type === "string" ? [type] : type;
}

/** What `meta` says of an option, `.optional()` and the like looked through. */
export function optionMeta(schema: z.core.$ZodType): OptionMeta {
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType };
  const inner = innerType === undefined ? {} : optionMeta(innerType);
  return { ...inner, ...("meta" in schema ? (schema as z.ZodType).meta() : {}) };
}

/** The part of a schema that a path of keys and indexes leads to; nothing when it says nothing there. */
export function schemaAt(schema: OptionSchema, path: readonly PropertyKey[]): OptionSchema | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  for (const branch of [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) {
    const next = stepInto(branch, step);
    const found = next && schemaAt(next, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the keys of a mapping have to be, also where a mapping is one of several choices. */
export function keysOf(schema: OptionSchema): OptionSchema | undefined {
  const branches = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return branches.find(({ propertyNames }) => propertyNames !== undefined)?.propertyNames;
}

/** An index leads into a list, a key into a mapping. */
function stepInto(
  { properties = {}, items, additionalProperties }: OptionSchema,
  step: PropertyKey,
): OptionSchema | undefined {
  if (typeof step === "number") {
    if (isList(items)) return items[step];
    return typeof items === "object" ? items : undefined;
  }
  const key = String(step);
  if (Object.hasOwn(properties, key)) return properties[key];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

function isList(items: OptionSchema["items"]): items is readonly OptionSchema[] {
  return Array.isArray(items);
}

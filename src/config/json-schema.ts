/*
 * JSON Schema of a whole configuration file, for editors. They do not see tags: the YAML language server is
 * told by its setting `yaml.customTags` to take them for what stands behind them. So a component is one of
 * the mappings of its role.
 */
import { LOG_LEVELS } from "../model/log.ts";
import { ROLES, type Role } from "../model/roles.ts";
import { NESTED_OPTIONS } from "./aliases.ts";
import { inlinedIn } from "./inlined.ts";
import { type OptionRow, optionRows } from "./option-row.ts";
import { kindsOf, type OptionSchema } from "./option-schema.ts";
import { type Registration, type Registry, tagsOf } from "./registry.ts";

/** Any JSON Schema, as data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Draft 7, which every version of the YAML language server knows. */
export function configSchema(registry: Registry): JsonSchema {
  const registrations = [...registry.values()];
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Configuration of the Workload Collocation Agent",
    type: "object",
    required: ["runner"],
    additionalProperties: false,
    properties: {
      runner: reference("role.runner"),
      loggers: {
        type: "object",
        description: "Level by logger name.",
        additionalProperties: {
          anyOf: [{ enum: LOG_LEVELS }, { enum: LOG_LEVELS.map((level) => level.toUpperCase()) }],
        },
      },
    },
    patternProperties: { "^x-": { description: "Holds anchors for use elsewhere." } },
    definitions: {
      ...Object.fromEntries(ROLES.map((role) => [`role.${role}`, roleSchema(role, registry)])),
      ...Object.fromEntries(
        registrations.map((registration) => [registration.tag, componentSchema(registration, registry)]),
      ),
      Env: ENV_SCHEMA,
    },
    "x-yaml-customTags": customTags(registry),
  };
}

/** What the setting `yaml.customTags` of the YAML language server has to list. */
export function customTags(registry: Registry): readonly string[] {
  const tags = [...registry.keys()].sort().flatMap((tag) => [`!${tag} mapping`, `!${tag} scalar`]);
  const nested = NESTED_OPTIONS.filter(({ tag }) => registry.has(tag)).map(
    ({ nestedTag }) => `!${nestedTag} mapping`,
  );
  return [...tags, ...nested, "!Env scalar", "!Env mapping"];
}

/** Content of `.vscode/settings.json` for a schema at a path relative to the workspace. */
export function editorSettings(
  registry: Registry,
  { schema, files }: { readonly schema: string; readonly files: readonly string[] },
): JsonSchema {
  return { "yaml.schemas": { [schema]: files }, "yaml.customTags": customTags(registry) };
}

/** Text of a variable's name, by convention in capitals: otherwise every text would pass for a number. */
const ENV_SCHEMA: JsonSchema = {
  description: "!Env NAME or !Env {name: NAME, default: text}",
  anyOf: [
    { type: "string", pattern: "^[A-Z_][A-Z0-9_]*$" },
    {
      type: "object",
      required: ["name"],
      additionalProperties: false,
      properties: { name: { type: "string" }, default: { type: ["string", "number", "boolean"] } },
    },
  ],
};

function roleSchema(role: Role, registry: Registry): JsonSchema {
  const tags = tagsOf(registry, role);
  if (tags.length === 0) return { description: "No component has this role." };
  // A tag with nothing behind it is empty text to the language server.
  const bare = { type: "string", maxLength: 0, description: "A tag without options." };
  return { anyOf: [...tags.map(reference), bare] };
}

function componentSchema(registration: Registration, registry: Registry): JsonSchema {
  const { tag, component } = registration;
  const rows = optionRows(registration);
  const inner = innerOptions(registration, registry);
  const properties = { ...inner.properties, ...propertiesOf(rows) };
  const required = [...rows.filter((row) => row.required).map(requirement), ...inner.required];
  const nested = NESTED_OPTIONS.filter((row) => row.tag === tag).map(({ option, nestedTag }) => [
    option,
    {
      title: `!${nestedTag}`,
      type: "object",
      properties: referencesTo(tag, properties),
      additionalProperties: false,
    },
  ]);
  const wraps = nested.map(([option]) => ({ required: [option] }));
  return {
    title: `!${tag}`,
    description: component.doc,
    type: "object",
    properties: { ...properties, ...Object.fromEntries(nested) },
    additionalProperties: false,
    ...(required.length === 0
      ? {}
      : wraps.length === 0
        ? { allOf: required }
        : { anyOf: [{ allOf: required }, ...wraps] }),
  };
}

/** Options of a component that may stand among those of another one, which needs either them or the component. */
function innerOptions(
  registration: Registration,
  registry: Registry,
): { readonly properties: JsonSchema; readonly required: readonly JsonSchema[] } {
  const inlined = inlinedIn(registration, registry);
  if (inlined === undefined) return { properties: {}, required: [] };
  const rows = optionRows(inlined.registration);
  const required = rows.filter((row) => row.required).map(requirement);
  return {
    properties: referencesTo(inlined.registration.tag, propertiesOf(rows)),
    required: [{ oneOf: [{ required: [inlined.option] }, { allOf: required }] }],
  };
}

function propertiesOf(rows: readonly OptionRow[]): JsonSchema {
  return Object.fromEntries(
    rows.flatMap((row) => [row.name, ...flatSpellings(row)].map((name) => [name, propertyOf(row)])),
  );
}

/** The same properties once more, without their text. */
function referencesTo(tag: string, properties: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.keys(properties).map((name) => [name, reference(`${tag}/properties/${name}`)]),
  );
}

function requirement(row: OptionRow): JsonSchema {
  const names = [row.name, ...flatSpellings(row)];
  return names.length === 1 ? { required: names } : { anyOf: names.map((name) => ({ required: [name] })) };
}

function flatSpellings({ spellings }: OptionRow): readonly string[] {
  return spellings.filter((spelling) => !spelling.includes("."));
}

function propertyOf({ schema, doc, unit }: OptionRow): JsonSchema {
  const { description: _, default: standard, ...value } = schema;
  const description = unit === undefined ? doc : `${doc} Unit: ${unit}.`.trim();
  return {
    ...(description === "" ? {} : { description }),
    ...(standard === undefined ? {} : { default: standard }),
    ...valueSchema(value),
  };
}

/** An option's schema without our own fields, its components as references and `!Env` for every scalar. */
function valueSchema({
  role,
  inlineTag,
  defaultTag: _,
  unit: __,
  words: ___,
  format: ____,
  ...schema
}: OptionSchema): JsonSchema {
  if (inlineTag !== undefined) return { allOf: [reference(inlineTag)] };
  if (role !== undefined) return { allOf: [reference(`role.${role}`)] };
  const { minimum, maximum, ...rest } = schema;
  const inner = mapInner(rest);
  const value = {
    ...inner,
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  };
  return isScalar(schema) ? { anyOf: [value, reference("Env")] } : value;
}

function mapInner(schema: OptionSchema): JsonSchema {
  const { properties, propertyNames, items, additionalProperties, anyOf, oneOf, allOf, ...rest } = schema;
  return {
    ...rest,
    ...(propertyNames && { propertyNames: keySchema(propertyNames) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, valueSchema(value)]),
      ),
    }),
    ...(items !== undefined && { items: inList(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: inside(additionalProperties) }),
    ...(anyOf && { anyOf: anyOf.map(valueSchema) }),
    ...(oneOf && { oneOf: oneOf.map(valueSchema) }),
    ...(allOf && { allOf: allOf.map(valueSchema) }),
  };
}

/** Of a key, which cannot be a component or `!Env`. */
function keySchema({ words: _, format: __, ...schema }: OptionSchema): JsonSchema {
  return schema;
}

function inList(items: NonNullable<OptionSchema["items"]>): unknown {
  return Array.isArray(items) ? items.map(valueSchema) : inside(items as OptionSchema | boolean);
}

function inside(schema: OptionSchema | boolean): JsonSchema | boolean {
  return typeof schema === "boolean" ? schema : valueSchema(schema);
}

const SCALAR_KINDS: ReadonlySet<string> = new Set(["string", "number", "integer", "boolean"]);

function isScalar(schema: OptionSchema): boolean {
  return (
    kindsOf(schema).some((kind) => SCALAR_KINDS.has(kind)) ||
    schema.enum !== undefined ||
    schema.const !== undefined
  );
}

function reference(definition: string): JsonSchema {
  return { $ref: `#/definitions/${definition}` };
}

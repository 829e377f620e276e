/*
 * What of JSON Schema a module may use for its options. A schema is the module's, which nobody trusts, and it
 * is the agent that checks with it: what could take long (regular expressions, references) is refused, and
 * so is what would be passed over in silence.
 */

type Fault = string | undefined;
type Check = (value: unknown, place: Place) => Fault;

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly budget: { schemas: number };
}

const MAX_DEPTH = 8;
const MAX_SCHEMAS = 1_000;
const MAX_TEXT = 10_000;
const MAX_VALUES = 500;
const TYPES: readonly unknown[] = ["string", "number", "integer", "boolean", "null", "array", "object"];

const text: Check = (value) =>
  typeof value === "string" && value.length <= MAX_TEXT ? undefined : "wanted text of a sensible length";
const finite: Check = (value) => (Number.isFinite(value) ? undefined : "wanted a number");
const count: Check = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : "wanted a whole number";
const anything: Check = () => undefined;
const schemas: Check = (value, place) => {
  if (!Array.isArray(value) || value.length === 0) return "wanted a list of schemas";
  return first(value.map((each, index) => () => schemaFault(each, into(place, `[${index}]`))));
};

/** By keyword. */
const CHECKS: Readonly<Record<string, Check>> = {
  $schema: text,
  $comment: text,
  title: text,
  description: text,
  unit: text,
  default: anything,
  examples: anything,
  deprecated: anything,
  const: (value) => (isScalar(value) ? undefined : "wanted text, a number, true, false or null"),
  enum: (value) =>
    Array.isArray(value) && value.length > 0 && value.length <= MAX_VALUES && value.every(isScalar)
      ? undefined
      : `wanted a list of 1 to ${MAX_VALUES} texts, numbers, booleans or null`,
  type: (value) => {
    const types = Array.isArray(value) ? value : [value];
    const known = types.length > 0 && types.every((type) => TYPES.includes(type));
    return known ? undefined : `wanted one of ${TYPES.join(", ")}, or a list of them`;
  },
  minimum: finite,
  maximum: finite,
  exclusiveMinimum: finite,
  exclusiveMaximum: finite,
  multipleOf: (value) =>
    Number.isFinite(value) && Number(value) > 0 ? undefined : "wanted a number above 0",
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  items: (value, place) => schemaFault(value, place),
  properties: (value, place) => {
    if (!isObject(value)) return "wanted an object of schemas";
    return first(
      Object.entries(value).map(
        ([name, each]) =>
          () =>
            schemaFault(each, into(place, `.${name}`)),
      ),
    );
  },
  required: (value) =>
    Array.isArray(value) && value.every((name) => typeof name === "string")
      ? undefined
      : "wanted a list of names",
  additionalProperties: (value, place) =>
    typeof value === "boolean" ? undefined : schemaFault(value, place),
  anyOf: schemas,
  oneOf: schemas,
};

/** Keywords that say which values a schema takes; the others only narrow that. */
const KINDS = ["type", "enum", "const", "anyOf", "oneOf"];
const ANNOTATIONS = new Set([
  "$schema",
  "$comment",
  "title",
  "description",
  "unit",
  "default",
  "examples",
  "deprecated",
]);

/** What is wrong with the JSON Schema of a module's options, with its path; nothing when it can be used. */
export function optionsFault(schema: unknown): string | undefined {
  return schemaFault(schema, { path: "options", depth: 0, budget: { schemas: 0 } });
}

function schemaFault(schema: unknown, place: Place): Fault {
  const { path, depth, budget } = place;
  if (!isObject(schema)) return `${path}: wanted a schema, which is an object`;
  budget.schemas++;
  if (depth > MAX_DEPTH) return `${path}: wanted at most ${MAX_DEPTH} levels of schemas`;
  if (budget.schemas > MAX_SCHEMAS) return `${path}: wanted at most ${MAX_SCHEMAS} schemas`;
  for (const [keyword, value] of Object.entries(schema)) {
    const check = Object.hasOwn(CHECKS, keyword) ? CHECKS[keyword] : undefined;
    if (check === undefined) {
      return `${path}: saw the keyword ${JSON.stringify(keyword)}, which options cannot have; wanted some of ${Object.keys(CHECKS).join(", ")}`;
    }
    const inner = { path: `${path}.${keyword}`, depth: depth + 1, budget };
    const fault = check(value, inner);
    // A fault further inside has a path already.
    if (fault !== undefined) return fault.startsWith("options") ? fault : `${inner.path}: ${fault}`;
  }
  return kindFault(schema, path);
}

function kindFault(schema: object, path: string): Fault {
  const kinds = KINDS.filter((keyword) => Object.hasOwn(schema, keyword));
  const [kind] = kinds;
  if (kinds.filter((each) => each !== "type").length > 1)
    return `${path}: wanted only one of ${kinds.join(", ")}`;
  const narrowing = Object.keys(schema).find(
    (keyword) => !ANNOTATIONS.has(keyword) && !KINDS.includes(keyword),
  );
  return kind === undefined && narrowing !== undefined
    ? `${path}: wanted a type, as there is "${narrowing}"`
    : undefined;
}

function first(checks: readonly (() => Fault)[]): Fault {
  for (const check of checks) {
    const fault = check();
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function into({ path, ...place }: Place, step: string): Place {
  return { ...place, path: `${path}${step}` };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === "boolean" || typeof value === "string" || Number.isFinite(value);
}

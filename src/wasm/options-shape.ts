import { z } from "zod";
import { PluginError } from "../model/errors.ts";
import { optionsFault } from "./options-fault.ts";

const MAX_OPTIONS = 100;
/** As all options are written in YAML. */
const OPTION_NAME = /^[A-Za-z]\w{0,63}$/;

/** The JSON Schema of a module's options as schemas of a component. Throws a {@link PluginError}. */
export function optionsShape(
  schema: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, z.ZodType>> {
  if (schema === undefined) return {};
  const fault = optionsFault({ type: "object", ...schema }) ?? topFault(schema);
  if (fault !== undefined) throw new PluginError("load", `Cannot use the options of the module: ${fault}`);
  const { properties = {}, required = [] } = schema as {
    readonly properties?: Readonly<Record<string, Property>>;
    readonly required?: readonly string[];
  };
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      optionOf(name, property, required.includes(name)),
    ]),
  );
}

interface Property {
  readonly description?: string;
  readonly title?: string;
  readonly unit?: string;
  readonly default?: unknown;
}

function optionOf(name: string, property: Property, required: boolean): z.ZodType {
  const { description, title, unit, default: standard, ...rest } = property;
  let type: z.ZodType;
  try {
    type = z.fromJSONSchema(rest as Parameters<typeof z.fromJSONSchema>[0]);
  } catch (error) {
    throw faultIn(name, (error as Error).message);
  }
  if (unit !== undefined) type = type.meta({ unit });
  if (standard !== undefined) {
    if (!type.safeParse(standard).success)
      throw faultIn(name, `its default ${JSON.stringify(standard)} is not one of its values`);
    type = type.default(standard);
  } else if (!required) {
    type = type.optional();
  }
  const doc = description ?? title;
  return doc === undefined ? type : type.describe(doc);
}

function topFault({
  type,
  properties = {},
  required = [],
  ...rest
}: Readonly<Record<string, unknown>>): string | undefined {
  if (type !== undefined && type !== "object") return "options.type: wanted object";
  if (rest["additionalProperties"] !== undefined && rest["additionalProperties"] !== false) {
    return "options.additionalProperties: wanted false, as options have names";
  }
  const known = new Set(["$schema", "$comment", "title", "description", "additionalProperties", "examples"]);
  const other = Object.keys(rest).find((keyword) => !known.has(keyword));
  if (other !== undefined) return `options.${other}: wanted nothing but properties and what describes them`;
  const names = Object.keys(properties as object);
  if (names.length > MAX_OPTIONS)
    return `options.properties: saw ${names.length}, wanted at most ${MAX_OPTIONS}`;
  const misnamed = names.find((name) => !OPTION_NAME.test(name));
  if (misnamed !== undefined) {
    return `options.properties: saw the name ${JSON.stringify(misnamed.slice(0, 64))}, wanted a letter, then letters, digits and underscores`;
  }
  const missing = (required as readonly string[]).find((name) => !names.includes(name));
  return missing === undefined
    ? undefined
    : `options.required: there is no property ${JSON.stringify(missing)}`;
}

function faultIn(name: string, reason: string): PluginError {
  return new PluginError(
    "load",
    `Cannot use the options of the module: options.properties.${name}: ${reason}`,
  );
}

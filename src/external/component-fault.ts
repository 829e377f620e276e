import type { ComponentClass } from "../config/component.ts";
import { suggestion } from "../config/nearest.ts";
import { optionRows } from "../config/option-row.ts";
import { reasonOf } from "../config/reason.ts";
import { ROLES, type Role } from "../model/roles.ts";

/** The methods that make a class do what its role says. */
const VERBS: Readonly<Record<Role, readonly string[]>> = {
  runner: ["run"],
  node: ["discover"],
  collector: ["measure"],
  detector: ["detect"],
  storage: ["store"],
  labeler: ["label"],
  ssl: ["material"],
  database: ["get", "set"],
};

/** Why a value is no component that a configuration could name; nothing when it is one. */
export function componentFault(candidate: unknown): string | undefined {
  try {
    return faultOf(candidate);
  } catch (error) {
    return `the class cannot be looked at: ${reasonOf(error)}`;
  }
}

function faultOf(candidate: unknown): string | undefined {
  if (typeof candidate !== "function") return `saw ${kindOf(candidate)}, wanted a class`;
  const { name, component, role: inherited, prototype } = candidate as Partial<Declared>;
  if (typeof name !== "string" || name === "" || name === "default") {
    return "the class has no name, which would be its tag: write export default class NAME";
  }
  if (!/^\w+$/.test(name)) {
    return `the name ${JSON.stringify(name)} cannot be a tag, which is made of letters (a to z), digits and underscores`;
  }
  const fault = component === undefined ? undefined : declarationFault(component);
  if (fault !== undefined) return `component "${name}" is declared wrongly: ${fault}`;
  const role = (component as { role: Role } | undefined)?.role ?? ROLES.find((known) => known === inherited);
  if (role === undefined) {
    return `class "${name}" is no component: wanted one that extends Runner, Node, Detector, Storage or Labeler of "wca", or has a static component`;
  }
  if (inherited !== undefined && inherited !== role) {
    return `component "${name}" is declared as a ${role}, but its class extends that of a ${String(inherited)}`;
  }
  const verb = VERBS[role].find((method) => typeof prototype?.[method] !== "function");
  if (verb !== undefined) {
    return `component "${name}" has no method ${verb}(), which every ${role} needs`;
  }
  return component === undefined ? undefined : optionsFault(candidate as unknown as ComponentClass, role);
}

/** What is looked at in a class of which nothing is known yet. */
interface Declared {
  readonly name: string;
  readonly component: unknown;
  readonly role: unknown;
  readonly prototype: Readonly<Record<string, unknown>>;
}

function declarationFault(component: unknown): string | undefined {
  if (typeof component !== "object" || component === null) {
    return `saw ${kindOf(component)}, wanted what defineComponent() gives`;
  }
  const { role, doc, options } = component as { role?: unknown; doc?: unknown; options?: unknown };
  if (!ROLES.some((known) => known === role)) {
    const wanted = ROLES.join(", ");
    return `saw the role ${JSON.stringify(role) ?? "undefined"}, wanted one of ${wanted}${suggestion(String(role), ROLES)}`;
  }
  if (typeof doc !== "string") return `"doc" is ${kindOf(doc)}, wanted text`;
  if (typeof options !== "object" || options === null)
    return `"options" is ${kindOf(options)}, wanted an object`;
  if ("_zod" in options) return '"options" is a schema, wanted an object with a schema for each option';
  for (const [option, schema] of Object.entries(options)) {
    const fault = schemaFault(schema);
    if (fault !== undefined) return `option "${option}" is ${fault}`;
  }
  return undefined;
}

function schemaFault(schema: unknown): string | undefined {
  const wanted = 'wanted a schema made with z of "wca", such as z.string()';
  if (typeof schema !== "object" || schema === null) return `${kindOf(schema)}, ${wanted}`;
  if (!("_zod" in schema))
    return `${"_def" in schema ? "a schema of an older zod" : kindOf(schema)}, ${wanted}`;
  return undefined;
}

/** A default that does not fit, a transformation that throws: everything that documentation and checks would meet. */
function optionsFault(componentClass: ComponentClass, role: Role): string | undefined {
  const { name, component } = componentClass;
  if (component === undefined) return undefined;
  try {
    optionRows({ tag: name, role, component, componentClass });
    return undefined;
  } catch (error) {
    return `component "${name}" is declared wrongly: its options cannot be described: ${reasonOf(error)}`;
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return (
    { string: "text", object: "an object", function: "a function" }[typeof value as string] ??
    `a ${typeof value}`
  );
}

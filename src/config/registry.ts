import { ConfigError } from "../model/errors.ts";
import type { Role } from "../model/roles.ts";
import { NESTED_OPTIONS } from "./aliases.ts";
import { type Component, type ComponentClass, roleOf } from "./component.ts";

/** A tag and the class behind it. */
export interface Registration {
  /** Without the exclamation mark. */
  readonly tag: string;
  readonly role: Role;
  readonly component: Component;
  readonly componentClass: ComponentClass;
}

/** Registrations by tag. */
export type Registry = ReadonlyMap<string, Registration>;

/** Tags that mean something else. */
const RESERVED: ReadonlySet<string> = new Set(["Env", ...NESTED_OPTIONS.map(({ nestedTag }) => nestedTag)]);

/** The tags of a program: its own classes first, then the user's. A name can be had once. */
export function createRegistry(classes: Iterable<ComponentClass>): Registry {
  const registry = new Map<string, Registration>();
  for (const componentClass of classes) {
    const registration = registrationOf(componentClass);
    const fault = faultOf(registration.tag, registry);
    if (fault !== undefined) {
      const message = `Cannot register component "${registration.tag}": ${fault}`;
      throw new ConfigError([{ at: "--register", path: "", message }]);
    }
    registry.set(registration.tag, registration);
  }
  return registry;
}

/** Names of the classes of one role, in alphabetical order. */
export function tagsOf(registry: Registry, role: Role): readonly string[] {
  return [...registry.values()]
    .filter((registration) => registration.role === role)
    .map(({ tag }) => tag)
    .sort();
}

function registrationOf(componentClass: ComponentClass): Registration {
  const tag = componentClass.name;
  const role = roleOf(componentClass);
  if (role === undefined) {
    const message = `Cannot register component "${tag}": it declares no role, wanted a "static component" or a role to extend`;
    throw new ConfigError([{ at: "--register", path: "", message }]);
  }
  return { tag, role, component: componentClass.component ?? { role, doc: "", options: {} }, componentClass };
}

function faultOf(tag: string, registry: Registry): string | undefined {
  if (!/^\w+$/.test(tag)) return "a tag is made of letters, digits and underscores";
  if (RESERVED.has(tag)) return "the name means something else";
  if (registry.has(tag)) return "the name is taken";
  return undefined;
}

import { ConfigError, type ConfigProblem } from "../model/errors.ts";
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
  /** What was given to `--register`; absent for a class of the program's own. */
  readonly spec?: string;
}

/** A class of the user's. */
export interface UserClass {
  readonly componentClass: ComponentClass;
  /** What was given to `--register`. */
  readonly spec: string;
}

/** Registrations by tag. */
export type Registry = ReadonlyMap<string, Registration>;

/** Tags that mean something else. */
const RESERVED: ReadonlySet<string> = new Set(["Env", ...NESTED_OPTIONS.map(({ nestedTag }) => nestedTag)]);

/** The tags of a program's own classes. A name can be had once. */
export function createRegistry(classes: Iterable<ComponentClass>): Registry {
  const registry = new Map<string, Registration>();
  for (const componentClass of classes) {
    const registration = registrationOf(componentClass);
    const fault = faultOf(registration.tag, registry);
    if (fault !== undefined) throw new ConfigError([problem(registration, fault)]);
    registry.set(registration.tag, registration);
  }
  return registry;
}

/**
 * The tags of a registry and of the user's classes. A class of the user's takes the place of one that was
 * there before if it has the same role, which is told to `onReplaced`; of two of the user's only one can have
 * the name. Throws a `ConfigError` with everything that is wrong.
 */
export function withUserClasses(
  registry: Registry,
  classes: readonly UserClass[],
  { onReplaced }: { readonly onReplaced?: (now: Registration, before: Registration) => void } = {},
): Registry {
  const added = new Map<string, Registration>();
  const problems: ConfigProblem[] = [];
  for (const { componentClass, spec } of classes) {
    const registration = { ...registrationOf(componentClass), spec };
    const { tag } = registration;
    // The same class named twice is no fault.
    if (added.get(tag)?.componentClass === componentClass) continue;
    const fault = faultOf(tag, added) ?? otherRole(registration, registry.get(tag));
    if (fault === undefined) added.set(tag, registration);
    else problems.push(problem(registration, fault));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  for (const [tag, registration] of added) {
    const before = registry.get(tag);
    if (before !== undefined) onReplaced?.(registration, before);
  }
  return new Map([...registry, ...added]);
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
  const owner = registry.get(tag);
  return owner === undefined ? undefined : taken(owner);
}

/** A class may stand in for another one only where that one is expected. */
function otherRole({ role }: Registration, before: Registration | undefined): string | undefined {
  if (before === undefined || before.role === role) return undefined;
  return `${taken(before)}, which is a ${before.role} and cannot be replaced by a ${role}`;
}

function taken({ spec }: Registration): string {
  return `the name is taken by ${spec ?? "a component of the program"}`;
}

function problem({ tag, spec }: Registration, fault: string): ConfigProblem {
  const at = spec === undefined ? "--register" : `--register ${spec}`;
  return { at, path: "", message: `Cannot register component "${tag}": ${fault}` };
}

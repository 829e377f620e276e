/*
 * The option kinds of this project, on top of zod. A `describe` text is a sentence for the user; `meta`
 * carries what the documentation and the JSON Schema need beside it.
 */
import { z } from "zod";
import type {
  Collector,
  Database,
  Detector,
  Labeler,
  Node,
  Role,
  Runner,
  Storage,
  TlsSettings,
} from "../model/roles.ts";
import { type Component, roleOfInstance } from "./component.ts";

interface RoleTypes {
  runner: Runner;
  node: Node;
  collector: Collector;
  detector: Detector;
  storage: Storage;
  labeler: Labeler;
  ssl: TlsSettings;
  database: Database;
}

/** What `meta()` of an option may hold; read by build and describe. */
export interface OptionMeta {
  readonly unit?: string;
  /** The value is a component of this role. */
  readonly role?: Role;
  /** Tag of the component that stands in when the option is left out; one instance for the whole file. */
  readonly defaultTag?: string;
  /** Tag of the component of this option; the options of that may also stand in the place of this one. */
  readonly inlineTag?: string;
  /** What is wanted, in words for messages and documentation: `an absolute path`. */
  readonly words?: string;
}

/** An option whose value is another component, given by its tag or by an alias. */
export function ref<R extends Role>(
  role: R,
  { defaultTag }: { readonly defaultTag?: string } = {},
): z.ZodType<RoleTypes[R]> {
  return z
    .custom<RoleTypes[R]>((value) => roleOfInstance(value) === role, {
      error: `a component of the role ${role}, such as a tag !Name`,
    })
    .meta({ role, ...(defaultTag === undefined ? {} : { defaultTag }) });
}

/**
 * An option whose value is a component of one class. Its options may also stand directly among those of the
 * owner, all or none of them: the owner is given the component either way.
 */
export function inline<Instance extends object>(componentClass: {
  readonly name: string;
  readonly component: Component;
  readonly prototype: Instance;
}): z.ZodType<Instance> {
  const { name, component, prototype } = componentClass;
  return z
    .custom<Instance>((value) => Object.prototype.isPrototypeOf.call(prototype, value as object))
    .meta({ role: component.role, inlineTag: name, words: `!${name}` });
}

/** A duration in seconds, fractions allowed. */
export function seconds({ min, max }: { readonly min: number; readonly max: number }): z.ZodNumber {
  return z.number().min(min).max(max).meta({ unit: "seconds" });
}

/**
 * A path of a file or directory. `..` is refused as a component, because what it points to depends on
 * where the agent was started.
 */
export function path({ absolute = false }: { readonly absolute?: boolean } = {}): z.ZodString {
  const text = z
    .string()
    .min(1)
    .max(4096)
    .refine((value) => !value.split("/").includes(".."), {
      error: 'a path without ".." (write it absolute)',
    });
  if (!absolute) return text.meta({ words: "a path" });
  return text.startsWith("/", { error: "an absolute path" }).meta({ words: "an absolute path" });
}

/** A regular expression in JavaScript's syntax; Python's named groups, `(?P<name>` and `(?P=name)`, are accepted too. */
export function pattern({ groups }: { readonly groups?: number } = {}): z.ZodString {
  const text = z.string().superRefine((value, issues) => {
    try {
      const found = groupsOf(value);
      if (groups === undefined || found === groups) return;
      issues.addIssue({
        code: "custom",
        message: `a regular expression with ${groups} groups, not ${found}`,
      });
    } catch (error) {
      issues.addIssue({ code: "custom", message: `a regular expression: ${(error as Error).message}` });
    }
  });
  return text.meta({ words: "a regular expression" });
}

/** The expression of a {@link pattern} option, matched only at the start of a text, as Python's `re.match` does. */
export function patternToRegExp(text: string): RegExp {
  return new RegExp(`^(?:${fromPython(text)})`);
}

function groupsOf(text: string): number {
  // An empty alternative always matches, so the groups can be counted.
  return (new RegExp(`${fromPython(text)}|`).exec("")?.length ?? 1) - 1;
}

function fromPython(text: string): string {
  return text.replaceAll("(?P<", "(?<").replace(/\(\?P=(\w+)\)/g, "\\k<$1>");
}

/** The name of a label that leaves the program: Prometheus' rules, and not one of its reserved names. */
export function labelName(): z.ZodString {
  return z
    .string()
    .regex(/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/, {
      error: "a label name: letters, digits and _, no digit first, not __ first",
    })
    .meta({ words: "a label name" });
}

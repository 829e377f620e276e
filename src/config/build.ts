import type { z } from "zod";
import { ConfigError } from "../model/errors.ts";
import type { Role } from "../model/roles.ts";
import { type OptionEntries, type OptionEntry, optionEntries } from "./aliases.ts";
import type { Context, HostContext } from "./component.ts";
import type { Environment } from "./env.ts";
import { inWords } from "./in-words.ts";
import { type Inlined, inlinedIn, partedEntries, withInlined } from "./inlined.ts";
import { nearest, suggestion } from "./nearest.ts";
import { optionMeta, optionSchema } from "./option-schema.ts";
import { isAbsent, parseOption } from "./parse-option.ts";
import type { Problems } from "./problems.ts";
import { reasonOf } from "./reason.ts";
import type { Registration, Registry } from "./registry.ts";
import { saw } from "./saw.ts";
import { type ContentNode, contentOf, type MappingNode, pathInto, type TreeNode } from "./tree.ts";
import { type BuiltComponent, readValue } from "./value.ts";

/** A component of the graph. */
export interface BuiltEntry {
  readonly instance: object;
  /** Without the exclamation mark. */
  readonly tag: string;
  /** Where it is written, or where it was first needed when it is a default. */
  readonly path: string;
}

/** What {@link Builder} needs. */
export interface BuildOptions {
  readonly registry: Registry;
  readonly problems: Problems;
  readonly environment: Environment;
  /** What the program gives to a component. */
  readonly contextFor: (tag: string, role: Role) => Context | HostContext;
}

/** The body of a component: its options, or none. */
interface Site {
  readonly registration: Registration;
  readonly path: string;
  /** Where the component itself is at fault. */
  readonly at: number;
  /** Where something missing is reported. */
  readonly key: number;
  readonly body?: MappingNode;
  /** Its options stand among those of another component. */
  readonly inlined?: InlinedSite;
}

interface InlinedSite {
  /** Tag of that other component. */
  readonly owner: string;
  readonly entries: readonly OptionEntry[];
  /** Options of which something was said already. */
  readonly settled: ReadonlySet<string>;
}

/** Builds the components of one file, each YAML node once, children first. Faults go to the problems. */
export class Builder {
  readonly #options: BuildOptions;
  readonly #built = new Map<ContentNode, BuiltComponent>();
  readonly #defaults = new Map<string, BuiltComponent>();
  readonly #components: BuiltEntry[] = [];

  constructor(options: BuildOptions) {
    this.#options = options;
  }

  /** In the order of construction: open them so, close them the other way round. */
  get components(): readonly BuiltEntry[] {
    return this.#components;
  }

  /** The component of a tagged node; the same one for every alias of the node. */
  build(node: TreeNode, path: string): BuiltComponent {
    const content = contentOf(node);
    const known = this.#built.get(content);
    if (known !== undefined) return known;
    const built = this.#buildNew(content, path);
    this.#built.set(content, built);
    return built;
  }

  #buildNew(node: ContentNode, path: string): BuiltComponent {
    const { registry, problems } = this.#options;
    const tag = node.tag ?? "";
    const registration = registry.get(tag.slice(1));
    if (registration === undefined) {
      const tags = [...registry.keys()].map((known) => `!${known}`).sort();
      const question = suggestion(tag, tags) || ",";
      problems.add(node.at, path, `unknown tag "${tag}"${question} known are ${tags.join(", ")}`);
      return { failed: true };
    }
    const site = { registration, path, at: node.at, key: node.key };
    if (node.kind === "mapping") return this.#construct({ ...site, body: node });
    if (node.kind === "scalar" && node.source === "") return this.#construct(site);
    const { tag: _, ...body } = node;
    problems.add(
      node.at,
      path,
      `${saw(body, registry)} after ${tag}, wanted options as a mapping, or nothing`,
    );
    return failedOf(registration);
  }

  #construct(site: Site): BuiltComponent {
    const { registration, path } = site;
    const { componentClass: Class, tag, role } = registration;
    const options = this.#optionsOf(site);
    if (options === undefined) return failedOf(registration);
    const context = this.#options.contextFor(tag, role);
    try {
      const instance = new Class(options as never, context as never);
      this.#components.push({ instance, tag, path });
      return { instance, failed: false };
    } catch (error) {
      this.#reportThrown(error, site);
      return failedOf(registration);
    }
  }

  #reportThrown(error: unknown, { registration, path, at }: Site): void {
    const { problems } = this.#options;
    if (error instanceof ConfigError) {
      // The component read a file of its own and reports positions in that one.
      for (const problem of error.problems) problems.addForeign(at, problem);
      return;
    }
    problems.add(at, path, `Cannot build ${registration.tag}: ${reasonOf(error)}`);
  }

  /** Parsed options of a component; nothing when something is wrong with them or their components. */
  #optionsOf(site: Site): Record<string, unknown> | undefined {
    const { registration } = site;
    const shape = registration.component.options as Shape;
    const inlined = inlinedIn(registration, this.#options.registry);
    const whole = withInlined(registration, inlined);
    const { entries, failed: misnamed } = this.#entriesOf(site, whole);
    const { own, inner, unknown } = partedEntries(entries, registration, inlined);
    const parsed = new Map<string, unknown>();
    const settled = new Set(site.inlined?.settled);
    let failed = misnamed || unknown.length > 0;
    for (const entry of unknown) settled.add(this.#reportUnknown(entry, whole));
    for (const entry of own) {
      const schema = shape[entry.option] as z.ZodType;
      if (isAbsent(entry.value, schema)) continue;
      settled.add(entry.option);
      if (!this.#parse(entry, { schema, parsed })) failed = true;
    }
    if (inlined !== undefined) {
      const holder = own.find(({ option }) => option === inlined.option && settled.has(option));
      if (!this.#inline(inner, { inlined, holder, settled, parsed, site })) failed = true;
      settled.add(inlined.option);
    }
    for (const [option, schema] of Object.entries(shape)) {
      if (!settled.has(option) && !this.#fill(option, { schema, parsed, site })) failed = true;
    }
    return failed ? undefined : Object.fromEntries(parsed);
  }

  #entriesOf({ inlined, body, path }: Site, owner: Registration): OptionEntries {
    if (inlined !== undefined) return { entries: inlined.entries, failed: false };
    return body === undefined
      ? NO_ENTRIES
      : optionEntries(body, { owner, path, problems: this.#options.problems });
  }

  /** Builds the component whose options stand among those of its owner; false when something is wrong. */
  #inline(
    entries: readonly OptionEntry[],
    { inlined: { option, registration }, holder, settled, parsed, site }: Inlining,
  ): boolean {
    const { problems } = this.#options;
    const { tag } = site.registration;
    const [first] = entries;
    if (holder !== undefined) {
      if (first === undefined) return true;
      const names = entries.map((entry) => `"${entry.option}"`).join(", ");
      const place = problems.place(holder.at);
      const message = `${names} of ${tag} cannot stand beside "${option}" at ${place}, wanted all of them there`;
      problems.add(first.at, first.path, message);
      return false;
    }
    const { instance, failed } = this.#construct({
      ...site,
      registration,
      inlined: { owner: tag, entries, settled },
    });
    if (failed) return false;
    parsed.set(option, instance);
    const schema = site.registration.component.options[option] as z.ZodType;
    if (schema.safeParse(instance).success) return true;
    const message = `!${registration.tag} of ${registration.spec ?? "the program"} does not extend the class that ${tag} needs`;
    problems.add(site.at, site.path, message);
    return false;
  }

  /** Gives the option that was probably meant, so that it is not reported missing as well. */
  #reportUnknown({ option, at, path }: OptionEntry, { tag, component }: Registration): string {
    const known = Object.keys(component.options);
    const list = known.length === 0 ? `${tag} has no options` : `options of ${tag} are ${known.join(", ")}`;
    const near = nearest(option, known);
    const question = near === undefined ? ":" : `, did you mean "${near}"?`;
    this.#options.problems.add(at, path, `unknown option "${option}" of ${tag}${question} ${list}`);
    return near ?? option;
  }

  #parse({ option, path, value }: OptionEntry, { schema, parsed }: Target): boolean {
    const { problems, environment, registry } = this.#options;
    const build = (node: TreeNode, place: string): BuiltComponent => this.build(node, place);
    const read = readValue(value, { path, problems, environment, build });
    const result = parseOption(schema, { read, node: value, registry });
    for (const { steps, at, message } of result.complaints ?? []) {
      problems.add(at, steps.reduce(pathInto, path), message);
    }
    if (result.complaints !== undefined || read.failed) return false;
    parsed.set(option, result.value);
    return true;
  }

  /** An option that was left out. */
  #fill(option: string, { schema, parsed, site }: Target & { readonly site: Site }): boolean {
    const { registration, key } = site;
    const { problems } = this.#options;
    const path = pathInto(site.path, option);
    const { defaultTag } = optionMeta(schema);
    if (defaultTag !== undefined) {
      const { instance, failed } = this.#default(defaultTag, { path, at: key, key });
      if (!failed) parsed.set(option, instance);
      return !failed;
    }
    const result = schema.safeParse(undefined);
    if (result.success) {
      if (result.data !== undefined) parsed.set(option, result.data);
      return true;
    }
    if (site.body?.incomplete) return false;
    const doc =
      schema.description === undefined
        ? `, wanted ${inWords(optionSchema(schema))}`
        : `: ${schema.description}`;
    const owner = site.inlined?.owner ?? registration.tag;
    problems.add(key, path, `missing option "${option}" of ${owner}${doc}`);
    return false;
  }

  #default(tag: string, place: Omit<Site, "registration">): BuiltComponent {
    const known = this.#defaults.get(tag);
    if (known !== undefined) return known;
    const { registry, problems } = this.#options;
    const registration = registry.get(tag);
    if (registration === undefined) {
      problems.add(place.at, place.path, `the default is !${tag}, which is not registered`);
      return { failed: true };
    }
    const built = this.#construct({ ...place, registration });
    this.#defaults.set(tag, built);
    return built;
  }
}

type Shape = Readonly<Record<string, z.ZodType>>;

/** An option's schema, and where its value goes. */
interface Target {
  readonly schema: z.ZodType;
  readonly parsed: Map<string, unknown>;
}

/** What {@link Builder} needs to build an inlined component. */
interface Inlining {
  readonly inlined: Inlined;
  /** The entry of the option itself, where that is given. */
  readonly holder: OptionEntry | undefined;
  readonly settled: ReadonlySet<string>;
  readonly parsed: Map<string, unknown>;
  readonly site: Site;
}

const NO_ENTRIES: OptionEntries = { entries: [], failed: false };

/** A stand-in of the same class, so that the owner is told if the role or class is wrong and nothing else. */
function failedOf({ componentClass }: Registration): BuiltComponent {
  return { instance: Object.create(componentClass.prototype as object) as object, failed: true };
}

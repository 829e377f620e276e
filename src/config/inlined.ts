import type { z } from "zod";
import type { OptionEntry } from "./aliases.ts";
import { optionMeta } from "./option-schema.ts";
import type { Registration, Registry } from "./registry.ts";

/** A component whose options may stand among those of another one, in place of the option that holds it. */
export interface Inlined {
  /** The option that holds it. */
  readonly option: string;
  readonly registration: Registration;
}

/** What the options of a component may hold inline: see `inline` in `schema.ts`. */
export function inlinedIn({ component }: Registration, registry: Registry): Inlined | undefined {
  for (const [option, type] of Object.entries(component.options)) {
    const { inlineTag } = optionMeta(type as z.ZodType);
    const registration = inlineTag === undefined ? undefined : registry.get(inlineTag);
    if (registration !== undefined) return { option, registration };
  }
  return undefined;
}

/** The component as its user sees it: with the options that it may hold inline behind its own. */
export function withInlined(registration: Registration, inlined: Inlined | undefined): Registration {
  if (inlined === undefined) return registration;
  const { component } = registration;
  const options = { ...component.options, ...inlined.registration.component.options, ...component.options };
  return { ...registration, component: { ...component, options } };
}

/** Entries of a component's own options, of those of the component that it may hold inline, and of neither. */
export function partedEntries(
  entries: readonly OptionEntry[],
  { component }: Registration,
  inlined: Inlined | undefined,
): Readonly<Record<"own" | "inner" | "unknown", readonly OptionEntry[]>> {
  const parts = { own: [] as OptionEntry[], inner: [] as OptionEntry[], unknown: [] as OptionEntry[] };
  const innerOptions = inlined?.registration.component.options ?? {};
  for (const entry of entries) {
    if (Object.hasOwn(component.options, entry.option)) parts.own.push(entry);
    else if (Object.hasOwn(innerOptions, entry.option)) parts.inner.push(entry);
    else parts.unknown.push(entry);
  }
  return parts;
}

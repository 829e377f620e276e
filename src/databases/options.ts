import { z } from "zod";
import type { Component } from "../config/component.ts";

/** Options as a program writes them: those with a default can be left out. */
export type WrittenOptions<Class extends { readonly component: Component }> =
  Class["component"] extends Component<infer Options> ? z.input<z.ZodObject<Options>> : never;

/**
 * Options with their defaults, checked as those of a configuration file are; a class that is made by a program
 * gets them unchecked. Throws a TypeError that names all faults.
 */
export function completeOptions<Options extends z.ZodRawShape>(
  { component, name }: { readonly component: Component<Options>; readonly name: string },
  written: unknown,
): z.output<z.ZodObject<Options>> {
  const result = z.strictObject(component.options).safeParse(written);
  if (result.success) return result.data as z.output<z.ZodObject<Options>>;
  const faults = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
  throw new TypeError(`Cannot make ${name}: ${faults.join("; ")}`);
}

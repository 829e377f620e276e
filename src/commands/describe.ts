import { UsageError } from "../cli-options.ts";
import { describeComponent, describeComponents } from "../config/describe.ts";
import { describeMetric, describeMetrics } from "../config/describe-metrics.ts";
import { configSchema } from "../config/json-schema.ts";
import { nearest } from "../config/nearest.ts";
import type { Registry } from "../config/registry.ts";
import { Catalogue } from "../model/catalogue.ts";
import { type CommandOptions, registryOf } from "./load.ts";

const FORMATS = ["md", "json-schema"];

/** `wca describe`: documentation of components and metrics as Markdown, or the JSON Schema of a configuration. */
export async function describe(options: CommandOptions): Promise<number> {
  const { format = "md", positionals } = options;
  const [name] = positionals;
  if (!FORMATS.includes(format)) {
    throw new UsageError(`option --format: saw "${format}", wanted one of ${FORMATS.join(", ")}`);
  }
  // Without a log, which goes where the description goes.
  const registry = await registryOf(options);
  if (format === "md") console.log(markdown(registry, name).trimEnd());
  else console.log(JSON.stringify(schema(registry, name), undefined, 2));
  return 0;
}

function markdown(registry: Registry, name: string | undefined): string {
  const catalogue = new Catalogue();
  if (name === undefined) return `${describeComponents(registry)}\n${describeMetrics(catalogue)}`;
  const tag = name.replace(/^!/, "");
  const registration = registry.get(tag);
  if (registration !== undefined) return describeComponent(registration, registry);
  const row = catalogue.get(name);
  if (row !== undefined) return describeMetric(name, row);
  throw unknown(name, [...registry.keys(), ...[...catalogue.entries()].map(([metric]) => metric)]);
}

function schema(registry: Registry, name: string | undefined): unknown {
  if (name === undefined) return configSchema(registry);
  const tag = name.replace(/^!/, "");
  if (!registry.has(tag)) throw unknown(name, [...registry.keys()]);
  const { $schema, definitions } = configSchema(registry);
  return { $schema, $ref: `#/definitions/${tag}`, definitions };
}

function unknown(name: string, known: readonly string[]): UsageError {
  const near = nearest(name, known);
  return new UsageError(
    `nothing is called "${name}"${near === undefined ? "" : `, did you mean "${near}"?`}; wca describe lists all`,
  );
}

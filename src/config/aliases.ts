/*
 * Other spellings of options, kept for configuration files written after the original's tutorial. The only
 * place where they are known; a new one is a new row.
 */
import type { Role } from "../model/roles.ts";
import type { Component } from "./component.ts";
import type { Problems } from "./problems.ts";
import { contentOf, type Entry, type MappingNode, pathInto, type TreeNode } from "./tree.ts";

/** Another name of an option, for all components of a role that have it, or for one of them. */
export const OPTION_ALIASES: readonly {
  readonly role: Role;
  readonly tag?: string;
  readonly alias: string;
  readonly option: string;
}[] = [
  { role: "runner", alias: "metric_storage", option: "metrics_storage" },
  { role: "runner", alias: "anomalies_storages", option: "anomalies_storage" },
  { role: "runner", tag: "DetectionRunner", alias: "allocator", option: "detector" },
  { role: "storage", tag: "KafkaStorage", alias: "broker_ips", option: "brokers_ips" },
  { role: "storage", tag: "HTTPStorage", alias: "http_endpoint", option: "url" },
];

/** An option whose tagged mapping holds options as if they stood directly under the component's tag. */
export const NESTED_OPTIONS: readonly {
  readonly tag: string;
  readonly option: string;
  readonly nestedTag: string;
}[] = [
  { tag: "MeasurementRunner", option: "config", nestedTag: "MeasurementRunnerConfig" },
  { tag: "DetectionRunner", option: "config", nestedTag: "DetectionRunnerConfig" },
];

/** The component whose options are looked at. */
interface Owner {
  readonly tag: string;
  readonly role: Role;
  readonly component: Component;
}

/** What the functions here need beside the node. */
interface Surroundings {
  readonly owner: Owner;
  /** Of the node, in the document. */
  readonly path: string;
  readonly problems: Problems;
}

/** An entry of a component under the option's proper name. */
export interface OptionEntry {
  readonly option: string;
  readonly at: number;
  /** Where it is written, other spellings included. */
  readonly path: string;
  readonly value: TreeNode;
}

/** Other spellings of an option, for the documentation. */
export function spellingsOf(option: string, { role, tag }: Pick<Owner, "role" | "tag">): readonly string[] {
  const aliases = OPTION_ALIASES.filter((row) => appliesTo(row, { role, tag }) && row.option === option).map(
    ({ alias }) => alias,
  );
  return [
    ...aliases,
    ...NESTED_OPTIONS.filter((row) => row.tag === tag).map((row) => `${row.option}.${option}`),
  ];
}

/** The row by which an entry of this component only wraps further options. */
function nestedRowOf(option: string, { tag, component }: Owner): (typeof NESTED_OPTIONS)[number] | undefined {
  if (Object.hasOwn(component.options, option)) return undefined;
  return NESTED_OPTIONS.find((row) => row.tag === tag && row.option === option);
}

/** The options of a component, and whether something about their names was reported. */
export interface OptionEntries {
  readonly entries: readonly OptionEntry[];
  readonly failed: boolean;
}

/** Gives every option its proper name and lifts nested ones. The same option twice is a problem. */
export function optionEntries(node: MappingNode, surroundings: Surroundings): OptionEntries {
  const { owner, problems } = surroundings;
  const entries = new Map<string, OptionEntry>();
  let failed = false;
  for (const written of node.entries) {
    const options = lifted(written, surroundings);
    if (options === undefined) failed = true;
    for (const entry of options ?? []) {
      const { option, at, path } = entry;
      const first = entries.get(option);
      if (first === undefined) {
        entries.set(option, entry);
      } else {
        failed = true;
        const places = `here and at ${problems.place(first.at)}`;
        problems.add(at, path, `option "${option}" of ${owner.tag} stands twice: ${places}`);
      }
    }
  }
  return { entries: [...entries.values()], failed };
}

/** The options that one entry of the file gives: itself, or those nested in it. */
function lifted(
  { key, at, value }: Entry,
  { owner, path, problems }: Surroundings,
): readonly OptionEntry[] | undefined {
  const here = pathInto(path, key);
  const nested = nestedRowOf(key, owner);
  if (nested === undefined) return [{ option: properName(key, owner), at, path: here, value }];
  const content = contentOf(value);
  if (content.tag === `!${nested.nestedTag}`) {
    if (content.kind === "scalar" && content.source === "") return [];
    if (content.kind === "mapping") {
      return content.entries.map((entry) => ({
        option: properName(entry.key, owner),
        at: entry.at,
        path: pathInto(here, entry.key),
        value: entry.value,
      }));
    }
  }
  if (!content.faulty && !value.faulty) {
    problems.add(value.at, here, `wanted !${nested.nestedTag} with options of ${owner.tag} as a mapping`);
  }
  return undefined;
}

function properName(key: string, { role, tag, component }: Owner): string {
  if (Object.hasOwn(component.options, key)) return key;
  const row = OPTION_ALIASES.find((each) => appliesTo(each, { role, tag }) && each.alias === key);
  return row !== undefined && Object.hasOwn(component.options, row.option) ? row.option : key;
}

function appliesTo(
  row: (typeof OPTION_ALIASES)[number],
  { role, tag }: Pick<Owner, "role" | "tag">,
): boolean {
  return row.role === role && (row.tag === undefined || row.tag === tag);
}

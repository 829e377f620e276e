import { ROLES, type Role } from "../model/roles.ts";
import { NESTED_OPTIONS } from "./aliases.ts";
import { inlinedIn } from "./inlined.ts";
import { code, markdownTable } from "./markdown.ts";
import { type OptionRow, optionRows } from "./option-row.ts";
import type { Registration, Registry } from "./registry.ts";

const TITLES: Readonly<Record<Role, string>> = {
  runner: "Runners",
  node: "Nodes",
  collector: "Collectors",
  detector: "Detectors",
  storage: "Storages",
  labeler: "Labelers",
  ssl: "TLS",
  database: "Databases",
};

/** `docs/components.md`: every component by role. */
export function describeComponents(registry: Registry): string {
  const sections = ROLES.flatMap((role) => {
    const ofRole = [...registry.values()].filter((registration) => registration.role === role);
    if (ofRole.length === 0) return [];
    return [`## ${TITLES[role]}`, ...ofRole.map((each) => describeComponent(each, registry))];
  });
  return `${["# Components", INTRODUCTION, ...sections].join("\n\n")}\n`;
}

const INTRODUCTION =
  "What a configuration file can name with a tag. Options without a default and without the word " +
  "*required* may be left out.";

/** One component with its options. */
export function describeComponent(registration: Registration, registry: Registry): string {
  const { tag, role, component } = registration;
  const rows = optionRows(registration);
  const table = rows.length === 0 ? "It has no options." : optionTable(rows);
  const nested = NESTED_OPTIONS.filter((row) => row.tag === tag).map(
    (row) =>
      `All options are also accepted one level deeper, under ${code(`${row.option}: !${row.nestedTag}`)}.`,
  );
  const doc = component.doc === "" ? `A ${role}.` : component.doc;
  return [`### !${tag}`, doc, table, ...inlinedOptions(registration, registry), ...nested].join("\n\n");
}

function optionTable(rows: readonly OptionRow[]): string {
  return markdownTable(["Option", "Type", "Unit", "Default", "Description"], rows.map(cellsOf));
}

function inlinedOptions(registration: Registration, registry: Registry): readonly string[] {
  const inlined = inlinedIn(registration, registry);
  if (inlined === undefined) return [];
  const { option, registration: inner } = inlined;
  const words = `In place of ${code(option)} the options of !${inner.tag} are accepted beside these, all or none of them:`;
  return [words, optionTable(optionRows({ ...registration, component: inner.component }))];
}

function cellsOf({
  name,
  words,
  unit = "",
  default: standard = "",
  required,
  doc,
  spellings,
}: OptionRow): readonly string[] {
  const flat = spellings.filter((spelling) => !spelling.includes("."));
  const also = flat.length === 0 ? "" : ` Also accepted as ${flat.map(code).join(", ")}.`;
  return [code(name), words, unit, required ? "*required*" : code(standard), `${doc}${also}`.trim()];
}

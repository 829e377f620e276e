import { ROLES, type Role } from "../model/roles.ts";
import { NESTED_OPTIONS } from "./aliases.ts";
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
    return ofRole.length === 0 ? [] : [`## ${TITLES[role]}`, ...ofRole.map(describeComponent)];
  });
  return `${["# Components", INTRODUCTION, ...sections].join("\n\n")}\n`;
}

const INTRODUCTION =
  "What a configuration file can name with a tag. Options without a default and without the word " +
  "*required* may be left out.";

/** One component with its options. */
export function describeComponent(registration: Registration): string {
  const { tag, role, component } = registration;
  const rows = optionRows(registration);
  const header = ["Option", "Type", "Unit", "Default", "Description"];
  const table = rows.length === 0 ? "It has no options." : markdownTable(header, rows.map(cellsOf));
  const nested = NESTED_OPTIONS.filter((row) => row.tag === tag).map(
    (row) =>
      `All options are also accepted one level deeper, under ${code(`${row.option}: !${row.nestedTag}`)}.`,
  );
  const doc = component.doc === "" ? `A ${role}.` : component.doc;
  return [`### !${tag}`, doc, table, ...nested].join("\n\n");
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

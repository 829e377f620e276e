import type { Catalogue, MetricRow } from "../model/catalogue.ts";
import { code, markdownTable } from "./markdown.ts";

const SCOPES = [
  ["task", "Metrics of tasks"],
  ["platform", "Metrics of the platform"],
  ["internal", "Metrics of the agent itself"],
] as const satisfies readonly (readonly [MetricRow["scope"], string])[];

const HEADER = [
  "Metric",
  "Type",
  "Unit",
  "Labels",
  "Merge",
  "Source",
  "Option",
  "Classic name",
  "Differs from the original",
  "Help",
];

/** `docs/metrics.md`: the catalogue by scope. */
export function describeMetrics(catalogue: Catalogue): string {
  const rows = [...catalogue.entries()];
  const sections = SCOPES.flatMap(([scope, title]) => {
    const cells = rows.filter(([, row]) => row.scope === scope).map(([name, row]) => cellsOf(name, row));
    return cells.length === 0 ? [] : [`## ${title}`, markdownTable(HEADER, cells)];
  });
  return `${["# Metrics", INTRODUCTION, ...sections].join("\n\n")}\n`;
}

const INTRODUCTION =
  "*Merge* says how the values of several cgroups of one task become one. *Option* switches the metric on; " +
  "without one it is always on. *Classic name* is used under `metric_names: classic`. Metrics that the " +
  "original has under the same name have the same meaning unless the row says how they differ.";

/** One metric, a line for each fact. */
export function describeMetric(name: string, row: MetricRow): string {
  const facts = HEADER.slice(1, -1).map(
    (title, index) => [title, cellsOf(name, row)[index + 1] ?? ""] as const,
  );
  const lines = facts.filter(([, value]) => value !== "").map(([title, value]) => `* ${title}: ${value}`);
  return [`### ${name}`, "", row.help, "", ...lines].join("\n");
}

function cellsOf(name: string, row: MetricRow): readonly string[] {
  const { type, unit, labels, merge, source, option = "", classic = "", differs = "", help } = row;
  const words = [
    type,
    unit === "none" ? "" : unit,
    labels.map(code).join(", "),
    merge === "none" ? "" : merge,
  ];
  return [code(name), ...words, source, code(option), code(classic), differs, help];
}

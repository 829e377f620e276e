import { z } from "zod";
import { checkUncoreName, metricOfUncoreName, rowsOfUncoreNames } from "../../kernel/perf/uncore-names.ts";
import type { MetricRow } from "../../model/catalogue.ts";

/** What `uncore_event_names` holds. */
export type UncoreEventNames = readonly (string | readonly string[])[];

export const UNCORE_OPTIONS = {
  uncore_event_names: z
    .array(z.union([z.string(), z.array(z.string())]))
    .superRefine((names, issues) => {
      for (const { path, message } of faultsOf(names))
        issues.addIssue({ code: "custom", path: [...path], message });
    })
    .meta({ words: "a list of uncore events, or of lists of them" })
    .default([])
    .describe(
      "Counters of the memory controllers, links and caches of each socket: predefined metrics such as platform_cas_count_reads, or `name/<pmu>/event=..,umask=../` with hexadecimal numbers, where <pmu> is a kind of units (uncore_imc) or one of them (uncore_imc_0), or `name/<pmu>/<event>/` with an event that the kernel names. A list within the list is a group that is counted together.",
    ),
} as const;

interface Fault {
  readonly path: readonly number[];
  readonly message: string;
}

/** What is wrong with the names, and where. */
function faultsOf(names: UncoreEventNames): readonly Fault[] {
  const written = new Map<string, string>();
  const check = (name: string, ...path: readonly number[]): readonly Fault[] => {
    const wanted = checkUncoreName(name);
    if (wanted !== undefined) return [{ path, message: wanted }];
    const metric = metricOfUncoreName(name);
    const other = written.get(metric) ?? name;
    written.set(metric, other);
    return other === name ? [] : [{ path, message: `another metric name than that of "${other}"` }];
  };
  return names.flatMap((name, index) =>
    typeof name === "string" ? check(name, index) : name.flatMap((each, inner) => check(each, index, inner)),
  );
}

/** Names that stand alone are one group. A name that is there twice is counted in the first place. */
export function groupsOf(names: UncoreEventNames): readonly (readonly string[])[] {
  const lists = names.filter((name) => typeof name !== "string");
  const groups = [names.filter((name) => typeof name === "string"), ...lists];
  const seen = new Set<string>();
  return groups
    .map((group) =>
      group.filter((name) => !seen.has(metricOfUncoreName(name)) && seen.add(metricOfUncoreName(name))),
    )
    .filter((group) => group.length > 0);
}

/** Rows for metrics with names of the user's own. */
export function uncoreRows({
  uncore_event_names,
}: {
  readonly uncore_event_names: UncoreEventNames;
}): readonly (readonly [string, MetricRow])[] {
  return rowsOfUncoreNames(uncore_event_names.flat());
}

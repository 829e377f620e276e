import { z } from "zod";
import { checkEventName, PREDEFINED_EVENT_NAMES, rowsOfEvents } from "../../kernel/perf/event-names.ts";
import { PERF_ROWS } from "../../model/catalogue/perf.ts";
import type { MetricRow } from "../../model/catalogue.ts";
import { taskSelection } from "../task-selector.ts";

/** Of tasks and of uncore PMUs alike. */
export const DERIVED_OPTIONS = {
  enable_derived_metrics: z
    .boolean()
    .default(false)
    .describe(
      "Add metrics that are calculated from perf events: of tasks instructions per second and per cycle, cache hit ratio and cache misses per 1000 instructions; of the host what uncore_event_names allows. Each needs the events it is made of.",
    ),
} as const;

export const PERF_OPTIONS = {
  event_names: z
    .array(
      z
        .string()
        .superRefine((text, issues) => {
          const message = checkEventName(text);
          if (message !== undefined) issues.addIssue({ code: "custom", message });
        })
        .meta({ words: "the name of a perf event" }),
    )
    .superRefine((names, issues) => {
      for (const [index, name] of names.entries()) {
        if (names.indexOf(name) === index) continue;
        issues.addIssue({ code: "custom", path: [index], message: "each event once" });
      }
    })
    .default([])
    .describe(
      `Perf events counted for each task: predefined ones (${PREDEFINED_EVENT_NAMES.join(", ")}), raw ones as \`<name>__r<digits>\`, hexadecimal digits of event select and umask, perhaps of cmask and 10 of config1, and events that the kernel names in /sys/bus/event_source/devices, as \`<pmu>/<event or terms>/\` or \`<name>/<pmu>/<event or terms>/\`. Each takes a descriptor for every task and CPU. Default: none, and no perf events are opened.`,
    ),
  perf_aggregate_cpus: z
    .boolean()
    .default(true)
    .describe(
      "Sum perf events of a task over CPUs. false: perf metrics of tasks, derived ones too, have a label `cpu`.",
    ),
  perf_tasks: taskSelection("have their perf events counted"),
  ...DERIVED_OPTIONS,
} as const;

export type PerfOptions = z.output<z.ZodObject<typeof PERF_OPTIONS>>;

/** Rows that the options bring or change: events with names of the user's own, and the label `cpu`. */
export function perfRows({
  event_names,
  perf_aggregate_cpus,
}: Pick<PerfOptions, "event_names" | "perf_aggregate_cpus">): readonly (readonly [string, MetricRow])[] {
  const own = rowsOfEvents(event_names);
  if (perf_aggregate_cpus) return own;
  return [...Object.entries<MetricRow>(PERF_ROWS), ...own].map(([name, row]) => [
    name,
    { ...row, labels: ["cpu"] },
  ]);
}

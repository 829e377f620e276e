import { contextMaker } from "../agent.ts";
import { parseYaml } from "../config/document.ts";
import { buildConfig, type Configuration } from "../config/load.ts";
import { KernelHost } from "../kernel/host.ts";
import type { Support } from "../model/support.ts";
import { probe } from "../runners/probe.ts";
import { sandboxSupport } from "../wasm/probe.ts";
import { hostSupport } from "./host-support.ts";
import { type CommandOptions, loadWith, loggingOf, registryOf } from "./load.ts";

/** What is looked at when no configuration is given: everything that can be measured. */
const EVERYTHING = `runner: !MeasurementRunner
  node: !CgroupNode {}
  event_names: [task_cpu_clock_seconds, task_instructions]
  uncore_event_names: [platform_cas_count_reads]
  sched: true
  schedstat: true
  wss_reset_cycles: 0
`;

/** `wca doctor`: a table of what this host supports. Changes nothing. */
export async function doctor(options: CommandOptions): Promise<number> {
  const logging = loggingOf(options);
  const host = new KernelHost();
  const parts = { host, logging };
  const configuration =
    options.config === undefined
      ? buildConfig(parseYaml(EVERYTHING, "everything"), {
          registry: await registryOf(options, logging.logger("wca")),
          contextFor: contextMaker(parts),
          env: process.env,
          hostname: host.hostname,
        })
      : await loadWith(options, parts);
  const rows = [
    ...hostSupport(host),
    ...(await sandboxSupport()),
    ...(await componentSupport(configuration)),
  ];
  console.log(formatTable(rows));
  const missing = rows.filter(({ supported }) => supported === false).length;
  console.log(
    missing === 0
      ? `\nNothing that the agent can measure is missing on this host (${rows.length} features).`
      : `\n${missing} of ${rows.length} features ${missing === 1 ? "is" : "are"} missing on this host; the agent runs without.`,
  );
  return 0;
}

async function componentSupport({ components }: Configuration): Promise<readonly Support[]> {
  const rows: Support[] = [];
  for (const { instance, tag } of components) {
    rows.push(...(await probe(instance, { component: tag, tasks: [] })));
  }
  return rows;
}

const ANSWERS = { true: "yes", false: "NO", unknown: "?" } as const;

/** Columns: supported or not, who needs it, what for, where it is or why not. */
export function formatTable(rows: readonly Support[]): string {
  const head = ["", "COMPONENT", "FEATURE", "WHERE, OR WHAT IS MISSING"] as const;
  const cells = rows.map(
    ({ supported, component, feature, detail }) =>
      [ANSWERS[`${supported}`], component, feature, detail] as const,
  );
  const widths = [0, 1, 2].map((column) =>
    Math.max(...[head, ...cells].map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

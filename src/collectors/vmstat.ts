import { z } from "zod";
import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { pattern, patternToRegExp } from "../config/schema.ts";
import { Names } from "../kernel/names.ts";
import { OptionalFile } from "../kernel/optional-file.ts";
import { parseVmstat } from "../kernel/proc/vmstat.ts";
import { NodeFiles } from "../kernel/sysfs/node-files.ts";
import type { MetricName } from "../model/catalogue.ts";
import { Collector } from "../model/roles.ts";
import type { Round } from "../model/round.ts";
import type { Probing, Support } from "../model/support.ts";
import { fileSupport, nodeSupport } from "./file-support.ts";
import { missingOf, put } from "./platform-measurement.ts";

const VMSTAT = "/proc/vmstat";

/** Metrics with a name of their own, and their key; measured whatever the option says. */
const FIXED = [
  ["platform_vmstat_numa_pages_migrated", "numa_pages_migrated"],
  ["platform_vmstat_pgmigrate_success", "pgmigrate_success"],
  ["platform_vmstat_pgmigrate_fail", "pgmigrate_fail"],
  ["platform_vmstat_numa_hint_faults", "numa_hint_faults"],
  ["platform_vmstat_numa_hint_faults_local", "numa_hint_faults_local"],
  ["platform_vmstat_pgfaults", "pgfault"],
] as const satisfies readonly (readonly [MetricName, string])[];

export const VMSTAT_OPTIONS = {
  vmstat: z
    .union([z.boolean(), pattern()])
    .default(true)
    .describe(
      "Which keys of /proc/vmstat and of the NUMA nodes' vmstat are measured: true for all, false for none, or a regular expression that is matched at the start of the key.",
    ),
} as const;

/** Statistics of virtual memory, of the host and of each NUMA node. */
export class VmstatCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures virtual memory statistics of the host and of its NUMA nodes, from /proc/vmstat and /sys/devices/system/node.",
    options: VMSTAT_OPTIONS,
  });

  readonly #host: HostContext["host"];
  readonly #vmstat: OptionalFile;
  readonly #nodeVmstat: NodeFiles;
  readonly #names = new Names();
  readonly #nodeNames = new Names();
  /** Nothing: no metrics by key. */
  readonly #keys: KeyFilter | undefined;

  constructor({ vmstat }: OptionsOf<typeof VmstatCollector>, { host }: HostContext) {
    super();
    this.#host = host;
    this.#vmstat = new OptionalFile(host, VMSTAT, { pieces: true });
    this.#nodeVmstat = new NodeFiles(host, "vmstat");
    if (vmstat !== false) this.#keys = new KeyFilter(vmstat === true ? undefined : patternToRegExp(vmstat));
  }

  measure(round: Round): void {
    const values = this.#vmstat.parse((bytes, length) => parseVmstat(bytes, length, this.#names));
    if (values !== undefined) {
      for (const [metric, key] of FIXED) put(round, metric, values[key]);
      put(round, "platform_vmstat", this.#keys?.pick(values));
    }
    if (this.#keys !== undefined) this.#measureNodes(round, this.#keys);
  }

  #measureNodes(round: Round, keys: KeyFilter): void {
    const byNode: Record<string, Readonly<Record<string, number>>> = {};
    let found = false;
    for (const [node, file] of this.#nodeVmstat.current()) {
      const values = file.parse((bytes, length) => parseVmstat(bytes, length, this.#nodeNames));
      if (values === undefined) continue;
      byNode[node] = keys.pick(values);
      found = true;
    }
    if (found) put(round, "platform_node_vmstat", byNode);
  }

  missingFiles(): ReadonlyMap<string, number> {
    return new Map([...missingOf([this.#vmstat]), ...this.#nodeVmstat.missing]);
  }

  probe(): readonly Support[] {
    const component = "VmstatCollector";
    const needs = "CONFIG_VM_EVENT_COUNTERS and /proc mounted";
    const node = { component, feature: "virtual memory statistics by NUMA node", file: "vmstat" };
    return [
      fileSupport(this.#host, { component, feature: "virtual memory statistics", path: VMSTAT, needs }),
      ...(this.#keys === undefined ? [] : [nodeSupport(this.#host, node)]),
    ];
  }

  close(): void {
    this.#vmstat.close();
    this.#nodeVmstat.close();
  }
}

/** Picks the keys that the user wants; whether a key matches is found out once. */
class KeyFilter {
  readonly #pattern: RegExp | undefined;
  readonly #wanted = new Map<string, boolean>();

  constructor(pattern: RegExp | undefined) {
    this.#pattern = pattern;
  }

  pick(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const pattern = this.#pattern;
    if (pattern === undefined) return values;
    const picked: Record<string, number> = {};
    for (const key in values) {
      if (this.#wants(key, pattern)) picked[key] = values[key] as number;
    }
    return picked;
  }

  #wants(key: string, pattern: RegExp): boolean {
    const known = this.#wanted.get(key);
    if (known !== undefined) return known;
    const wanted = pattern.test(key);
    this.#wanted.set(key, wanted);
    return wanted;
  }
}

import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { NodeFiles } from "../kernel/sysfs/node-files.ts";
import { parseNodeMeminfo } from "../kernel/sysfs/numa.ts";
import type { Measurement } from "../model/metric.ts";
import type { Platform } from "../model/platform.ts";
import { Collector } from "../model/roles.ts";
import type { Round } from "../model/round.ts";
import type { Probing, Support } from "../model/support.ts";
import { nodeSupport } from "./file-support.ts";
import { put } from "./platform-measurement.ts";

/** Memory by NUMA node, and how far the nodes are from each other. */
export class NumaCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures free and used memory of each NUMA node, from /sys/devices/system/node, and tells the distances between the nodes.",
    options: {},
  });

  readonly #host: HostContext["host"];
  readonly #meminfo: NodeFiles;
  #platform: Platform | undefined;
  #distances: Measurement | undefined;

  constructor(_options: OptionsOf<typeof NumaCollector>, { host }: HostContext) {
    super();
    this.#host = host;
    this.#meminfo = new NodeFiles(host, "meminfo");
  }

  measure(round: Round): void {
    this.#measureMemory(round);
    if (round.platform !== this.#platform) {
      this.#platform = round.platform;
      this.#distances = round.platform && distancesOf(round.platform);
    }
    put(round, "platform_numa_distance", this.#distances);
  }

  #measureMemory(round: Round): void {
    const free: Record<string, number> = {};
    const used: Record<string, number> = {};
    let found = false;
    for (const [node, file] of this.#meminfo.current()) {
      const meminfo = file.parse(parseNodeMeminfo);
      if (meminfo === undefined) continue;
      free[node] = meminfo.free;
      used[node] = meminfo.used;
      found = true;
    }
    if (!found) return;
    put(round, "platform_mem_numa_free_bytes", free);
    put(round, "platform_mem_numa_used_bytes", used);
  }

  missingFiles(): ReadonlyMap<string, number> {
    return this.#meminfo.missing;
  }

  probe(): readonly Support[] {
    return [
      nodeSupport(this.#host, {
        component: "NumaCollector",
        feature: "memory by NUMA node",
        file: "meminfo",
      }),
    ];
  }

  close(): void {
    this.#meminfo.close();
  }
}

function distancesOf({ nodeDistances }: Platform): Measurement | undefined {
  if (nodeDistances.size === 0) return undefined;
  return Object.fromEntries([...nodeDistances].map(([from, to]) => [from, Object.fromEntries(to)]));
}

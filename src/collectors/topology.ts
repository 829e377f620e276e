import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { OptionalFile } from "../kernel/optional-file.ts";
import { readPlatform } from "../kernel/platform.ts";
import { NODES, ONLINE_NODES } from "../kernel/sysfs/numa.ts";
import { ONLINE_CPUS } from "../kernel/sysfs/topology.ts";
import type { Platform } from "../model/platform.ts";
import { Collector } from "../model/roles.ts";
import type { Round } from "../model/round.ts";
import type { Probing, Support } from "../model/support.ts";
import { fileSupport } from "./file-support.ts";
import { missingOf, put } from "./platform-measurement.ts";

/** What the machine consists of. The runner takes the platform of each round from here. */
export class TopologyCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Tells the numbers of sockets, cores, CPUs and NUMA nodes, from /sys/devices/system and /proc/cpuinfo.",
    options: {},
  });

  readonly #host: HostContext["host"];
  /** Lists of what is plugged: while they stay the same, so does the platform. */
  readonly #onlineCpus: OptionalFile;
  readonly #onlineNodes: OptionalFile;
  #readFor = "";
  #platform: Platform | undefined;

  constructor(_options: OptionsOf<typeof TopologyCollector>, { host }: HostContext) {
    super();
    this.#host = host;
    this.#onlineCpus = new OptionalFile(host, ONLINE_CPUS);
    this.#onlineNodes = new OptionalFile(host, ONLINE_NODES);
  }

  /** The machine as it is now; the same object as long as no CPU and no memory node comes or goes. */
  platform(): Platform {
    const online = `${this.#onlineCpus.text()}/${this.#onlineNodes.text()}`;
    if (this.#platform === undefined || online !== this.#readFor) {
      this.#platform = readPlatform(this.#host);
      this.#readFor = online;
    }
    return this.#platform;
  }

  measure(round: Round): void {
    if (round.platform === undefined) return;
    const { sockets, cores, cpus, onlineCpus, nodeCpus } = round.platform;
    put(round, "platform_topology_sockets", sockets);
    put(round, "platform_topology_cores", cores);
    put(round, "platform_topology_cpus", cpus);
    put(round, "platform_topology_online_cpus", onlineCpus.length);
    put(round, "platform_topology_numa_nodes", nodeCpus.size === 0 ? undefined : nodeCpus.size);
  }

  missingFiles(): ReadonlyMap<string, number> {
    return missingOf([this.#onlineCpus, this.#onlineNodes]);
  }

  probe(): readonly Support[] {
    const component = "TopologyCollector";
    return [
      fileSupport(this.#host, {
        component,
        feature: "online CPUs",
        path: ONLINE_CPUS,
        needs: "/sys mounted",
      }),
      fileSupport(this.#host, {
        component,
        feature: "CPU models",
        path: "/proc/cpuinfo",
        needs: "/proc mounted",
      }),
      fileSupport(this.#host, {
        component,
        feature: "NUMA nodes",
        path: ONLINE_NODES,
        needs: `CONFIG_NUMA for ${NODES}`,
      }),
    ];
  }

  close(): void {
    this.#onlineCpus.close();
    this.#onlineNodes.close();
  }
}

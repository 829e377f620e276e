import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { HUGEPAGES, HugepagePools, readHugepageSizes } from "../kernel/sysfs/hugepages.ts";
import type { MetricName } from "../model/catalogue.ts";
import type { Platform } from "../model/platform.ts";
import { Collector } from "../model/roles.ts";
import type { Round } from "../model/round.ts";
import type { Probing, Support } from "../model/support.ts";
import { put } from "./platform-measurement.ts";

/** Pools of huge pages by NUMA node and page size. */
export class HugepagesCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures the pools of huge pages of each NUMA node and page size, from /sys/devices/system/node and /sys/kernel/mm/hugepages.",
    options: {},
  });

  readonly #host: HostContext["host"];
  #platform: Platform | undefined;
  #pools: HugepagePools | undefined;
  #missing = false;

  constructor(_options: OptionsOf<typeof HugepagesCollector>, { host }: HostContext) {
    super();
    this.#host = host;
  }

  measure(round: Round): void {
    if (round.platform === undefined) return;
    if (round.platform !== this.#platform) this.#look(round.platform);
    const counts = this.#pools?.read();
    if (counts === undefined || counts.pools.length === 0) return;
    const { pools, reserved } = counts;
    const byNode = Map.groupBy(pools, ({ node }) => node);
    for (const [metric, pick] of [
      ["platform_mem_hugepages", "total"],
      ["platform_mem_hugepages_free", "free"],
      ["platform_mem_hugepages_surplus", "surplus"],
    ] as const satisfies readonly (readonly [MetricName, string])[]) {
      const measured = [...byNode].map(
        ([node, ofNode]) =>
          [node, Object.fromEntries(ofNode.map((pool) => [pool.pageSize, pool[pick]]))] as const,
      );
      put(round, metric, Object.fromEntries(measured));
    }
    put(round, "platform_mem_hugepages_reserved", reserved);
  }

  /** The platform is another object when memory or CPUs were plugged. */
  #look(platform: Platform): void {
    this.#pools?.close();
    const pageSizes = readHugepageSizes(this.#host);
    this.#missing = pageSizes === undefined;
    this.#pools = new HugepagePools(this.#host, pageSizes ?? [], [...platform.nodeCpus.keys()]);
    this.#platform = platform;
  }

  missingFiles(): ReadonlyMap<string, number> {
    return new Map(this.#missing ? [[HUGEPAGES, 1]] : []);
  }

  probe(): readonly Support[] {
    const about = { component: "HugepagesCollector", feature: "huge pages" };
    const pageSizes = readHugepageSizes(this.#host);
    if (pageSizes === undefined) {
      const detail = `${HUGEPAGES}: ENOENT, needs CONFIG_HUGETLBFS and /sys mounted`;
      return [{ ...about, supported: false, detail }];
    }
    const detail = `${HUGEPAGES}: pages of ${pageSizes.join(" and ")}`;
    return [{ ...about, supported: true, detail }];
  }

  close(): void {
    this.#pools?.close();
    this.#pools = undefined;
    this.#platform = undefined;
  }
}

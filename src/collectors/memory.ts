import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { OptionalFile } from "../kernel/optional-file.ts";
import { parseMeminfo } from "../kernel/proc/meminfo.ts";
import { Collector } from "../model/roles.ts";
import type { Round } from "../model/round.ts";
import type { Probing, Support } from "../model/support.ts";
import { fileSupport } from "./file-support.ts";
import { missingOf, put } from "./platform-measurement.ts";

const MEMINFO = "/proc/meminfo";

/** Memory in use of the host, swap and transparent huge pages. */
export class MemoryCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures the memory in use of the host, from /proc/meminfo: total less free, buffers and page cache. Reclaimable slab memory counts as used. Tells the swap space and how much memory is in transparent huge pages.",
    options: {},
  });

  readonly #host: HostContext["host"];
  readonly #meminfo: OptionalFile;

  constructor(_options: OptionsOf<typeof MemoryCollector>, { host }: HostContext) {
    super();
    this.#host = host;
    this.#meminfo = new OptionalFile(host, MEMINFO);
  }

  measure(round: Round): void {
    const meminfo = this.#meminfo.parse(parseMeminfo);
    if (meminfo === undefined) return;
    const { total, free, buffers, cached, swapTotal, swapFree, anonHugePages } = meminfo;
    put(round, "platform_mem_usage_bytes", total - free - buffers - cached);
    put(round, "platform_mem_swap_total_bytes", swapTotal);
    put(round, "platform_mem_swap_free_bytes", swapFree);
    put(round, "platform_mem_anon_thp_bytes", anonHugePages);
  }

  missingFiles(): ReadonlyMap<string, number> {
    return missingOf([this.#meminfo]);
  }

  probe(): readonly Support[] {
    const need = {
      component: "MemoryCollector",
      feature: "memory in use",
      path: MEMINFO,
      needs: "/proc mounted",
    };
    return [fileSupport(this.#host, need)];
  }

  close(): void {
    this.#meminfo.close();
  }
}

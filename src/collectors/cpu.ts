import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { OptionalFile } from "../kernel/optional-file.ts";
import { parseStat } from "../kernel/proc/stat.ts";
import { Collector } from "../model/roles.ts";
import type { Round } from "../model/round.ts";
import type { Probing, Support } from "../model/support.ts";
import { fileSupport } from "./file-support.ts";
import { missingOf, put } from "./platform-measurement.ts";

const STAT = "/proc/stat";

/** CPU time of the host by CPU. */
export class CpuCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures the time in use of each CPU of the host, from /proc/stat.",
    options: {},
  });

  readonly #host: HostContext["host"];
  readonly #stat: OptionalFile;

  constructor(_options: OptionsOf<typeof CpuCollector>, { host }: HostContext) {
    super();
    this.#host = host;
    this.#stat = new OptionalFile(host, STAT);
  }

  measure(round: Round): void {
    put(round, "platform_cpu_usage", this.#stat.parse(parseStat));
  }

  missingFiles(): ReadonlyMap<string, number> {
    return missingOf([this.#stat]);
  }

  probe(): readonly Support[] {
    const need = {
      component: "CpuCollector",
      feature: "CPU time by CPU",
      path: STAT,
      needs: "/proc mounted",
    };
    return [fileSupport(this.#host, need)];
  }

  close(): void {
    this.#stat.close();
  }
}

import { defineComponent, type HostContext, type OptionsOf } from "../config/component.ts";
import { OptionalFile } from "../kernel/optional-file.ts";
import { PRESSURE_RESOURCES, parsePressure } from "../kernel/proc/pressure.ts";
import { Collector } from "../model/roles.ts";
import type { Round } from "../model/round.ts";
import type { Probing, Support } from "../model/support.ts";
import { fileSupport } from "./file-support.ts";
import { missingOf, put } from "./platform-measurement.ts";

const PSI = "CONFIG_PSI and the boot option psi=1";
const NEEDS = {
  cpu: PSI,
  memory: PSI,
  io: PSI,
  irq: `Linux 6.1, CONFIG_IRQ_TIME_ACCOUNTING, ${PSI}`,
} as const satisfies Record<(typeof PRESSURE_RESOURCES)[number], string>;

/** Pressure stall information of the host. */
export class PressureCollector extends Collector implements Probing {
  static readonly component = defineComponent("collector", {
    doc: "Measures how long work of the host waited for cpu, memory, io and irq, from /proc/pressure.",
    options: {},
  });

  readonly #host: HostContext["host"];
  readonly #files: readonly (readonly [resource: string, file: OptionalFile])[];

  constructor(_options: OptionsOf<typeof PressureCollector>, { host }: HostContext) {
    super();
    this.#host = host;
    this.#files = PRESSURE_RESOURCES.map((resource) => [resource, new OptionalFile(host, pathOf(resource))]);
  }

  measure(round: Round): void {
    const byResource: Record<string, Readonly<Record<string, number>>> = {};
    let found = false;
    for (const [resource, file] of this.#files) {
      const pressure = file.parse(parsePressure);
      if (pressure === undefined) continue;
      byResource[resource] = { ...pressure };
      found = true;
    }
    if (found) put(round, "platform_pressure_seconds_total", byResource);
  }

  missingFiles(): ReadonlyMap<string, number> {
    return missingOf(this.#files.map(([, file]) => file));
  }

  probe(): readonly Support[] {
    return PRESSURE_RESOURCES.map((resource) =>
      fileSupport(this.#host, {
        component: "PressureCollector",
        feature: `pressure of ${resource}`,
        path: pathOf(resource),
        needs: NEEDS[resource],
      }),
    );
  }

  close(): void {
    for (const [, file] of this.#files) file.close();
  }
}

function pathOf(resource: string): string {
  return `/proc/pressure/${resource}`;
}

import type { Platform } from "../model/platform.ts";
import type { Labels } from "../model/task.ts";

/** What `wca_information` tells in labels, in the order of its catalogue row. */
export function informationLabels(platform: Platform, version: string): Labels {
  return {
    sockets: String(platform.sockets),
    cores: String(platform.cores),
    cpus: String(platform.cpus),
    cpu_model: platform.cpuModel,
    cpu_model_number: platform.cpuModelNumber === undefined ? "" : String(platform.cpuModelNumber),
    wca_version: version,
  };
}

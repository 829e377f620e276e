import type { Decision } from "../model/anomaly.ts";
import type { Measurement } from "../model/metric.ts";
import { Detector } from "../model/roles.ts";
import type { SelfMeasuring } from "../model/self-measuring.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { DetectorPlugin, type DetectorPluginOptions } from "./detector-plugin.ts";
import { trustFault } from "./module-file.ts";

/** A component that is a plugin, wherever its module and its options come from. */
export abstract class PluginDetector extends Detector implements SelfMeasuring {
  readonly #plugin: DetectorPlugin;

  /** Throws RangeError when the settings contradict each other. */
  constructor(options: DetectorPluginOptions) {
    super();
    const fault = trustFault(options.settings);
    if (fault !== undefined) throw new RangeError(fault);
    this.#plugin = new DetectorPlugin(options);
  }

  open(): Promise<void> {
    return this.#plugin.open();
  }

  override detect(snapshot: Snapshot): Promise<Decision> {
    return this.#plugin.detect(snapshot);
  }

  selfMeasurements(): Readonly<Record<string, Measurement>> {
    return this.#plugin.measurements();
  }

  close(): Promise<void> {
    return this.#plugin.close();
  }
}

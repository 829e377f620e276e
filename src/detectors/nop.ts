import { defineComponent } from "../config/component.ts";
import type { Decision } from "../model/anomaly.ts";
import { Detector } from "../model/roles.ts";

/** Finds nothing, ever. */
export class NOPAnomalyDetector extends Detector {
  static readonly component = defineComponent("detector", {
    doc: "Finds no anomalies: for measuring without detection while everything else stays as it is.",
    options: {},
  });

  detect(): Decision {
    return { anomalies: [] };
  }
}

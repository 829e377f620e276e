import type { Metric } from "../../model/metric.ts";
import { Exposition } from "../exposition/exposition.ts";
import { escapeHelp } from "../exposition/label-set.ts";
import { LONGEST_NUMBER } from "../exposition/number.ts";
import type { Draft, Format } from "./draft.ts";

/** A space, the milliseconds since the epoch, a newline. */
const TIMESTAMP_BYTES = 1 + 16 + 1;

/** Each message is a document of the Prometheus text format of its own, with the help and type of what is in it. */
export const PROMETHEUS_FORMAT: Format = {
  frameBytes: 0,
  draft: (metrics) => new PrometheusDraft(metrics),
  familyBytes({ name, help, type }) {
    const helpBytes = help === undefined ? 0 : Buffer.byteLength(`\n# HELP ${name} ${escapeHelp(help)}\n`);
    return helpBytes + (type === undefined ? 0 : `# TYPE ${name} ${type}\n`.length);
  },
  metricBytes({ name }, labelsText) {
    return name.length + Buffer.byteLength(labelsText) + 1 + LONGEST_NUMBER + TIMESTAMP_BYTES;
  },
};

class PrometheusDraft implements Draft {
  readonly metrics: readonly Metric[];
  readonly #exposition = new Exposition({ timestamps: true });

  constructor(metrics: readonly Metric[]) {
    this.metrics = metrics;
  }

  get refusals() {
    return this.#exposition.refusals;
  }

  text(timeMs: number): Uint8Array {
    return this.#exposition.render(this.metrics, timeMs);
  }
}

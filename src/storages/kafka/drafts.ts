import type { Metric } from "../../model/metric.ts";
import { Exposition, type Refusal } from "../exposition/exposition.ts";
import { sameMetrics } from "../exposition/same-metrics.ts";
import { type Family, SeriesOrder } from "../exposition/series-order.ts";
import type { Draft, Format } from "./draft.ts";

/** The drafts of a batch, and the metrics that are in none. */
export interface Plan {
  readonly drafts: readonly Draft[];
  readonly refusals: readonly Refusal[];
}

/**
 * Divides batches into messages: between metrics, so that each message can be read by itself, each metric in
 * exactly one. A message keeps room for the longest numbers, so the division holds until series come or go.
 */
export class Drafts {
  readonly #format: Format;
  /** By the array of the batch, which is the same until series come or go: several sources may take turns. */
  readonly #planned = new WeakMap<readonly Metric[], Planned>();
  #last: Planned | undefined;

  constructor(format: Format) {
    this.#format = format;
  }

  /** `limitBytes`: of the text of one message. A metric that is larger by itself gets a message of its own. */
  plan(metrics: readonly Metric[], limitBytes: number): Plan {
    const known = this.#planned.get(metrics) ?? this.#last;
    if (
      known !== undefined &&
      limitBytes === known.limitBytes &&
      sameMetrics(metrics, known.batch) &&
      !known.isUnsettled
    ) {
      return known.plan;
    }
    const plan = this.#divide(metrics, limitBytes);
    const isUnsettled = plan.refusals.some(({ metric }) => typeof metric.value !== "number");
    this.#last = { plan, batch: metrics.slice(), limitBytes, isUnsettled };
    this.#planned.set(metrics, this.#last);
    return plan;
  }

  /** Two messages in place of one that was too large; none when it is one metric already. */
  halves({ metrics }: Draft): readonly Draft[] {
    if (metrics.length < 2) return [];
    const middle = Math.ceil(metrics.length / 2);
    return [metrics.slice(0, middle), metrics.slice(middle)].map((half) => this.#format.draft(half));
  }

  #divide(metrics: readonly Metric[], limitBytes: number): Plan {
    // The exposition is the judge of what can be written, and of series that are there twice.
    const judge = new Exposition({ timestamps: false });
    judge.render(metrics, 0);
    const { refusals } = judge;
    const good = without(metrics, refusals);
    const drafts: Draft[] = [];
    let part: Metric[] = [];
    let bytes = this.#format.frameBytes;
    const finish = () => {
      if (part.length > 0) drafts.push(this.#format.draft(part));
      part = [];
      bytes = this.#format.frameBytes;
    };
    for (const family of new SeriesOrder(undefined).families(good)) {
      const headBytes = this.#format.familyBytes(describing(family));
      let headed = false;
      for (const { metric, labelsText } of family.series) {
        const own = this.#format.metricBytes(metric, labelsText);
        if (bytes + own + (headed ? 0 : headBytes) > limitBytes) {
          finish();
          headed = false;
        }
        bytes += own + (headed ? 0 : headBytes);
        headed = true;
        part.push(metric);
      }
    }
    finish();
    return { drafts, refusals };
  }
}

interface Planned {
  readonly plan: Plan;
  readonly batch: readonly Metric[];
  readonly limitBytes: number;
  /** A metric was left out because its value is no number, which the next value may be. */
  readonly isUnsettled: boolean;
}

/** The one whose help and type the family has; the longest help, as each message shows that of its own metrics. */
function describing({ series }: Family): Metric {
  return series.reduce<Metric>(
    (best, { metric }) => {
      return (metric.help?.length ?? 0) > (best.help?.length ?? 0) ? metric : best;
    },
    (series[0] as Family["series"][number]).metric,
  );
}

/** One occurrence less for each refusal: the same object may be there twice, and only once too often. */
function without(metrics: readonly Metric[], refusals: readonly Refusal[]): readonly Metric[] {
  if (refusals.length === 0) return metrics;
  const refused = new Map<Metric, number>();
  for (const { metric } of refusals) refused.set(metric, (refused.get(metric) ?? 0) + 1);
  return metrics.filter((metric) => {
    const left = refused.get(metric) ?? 0;
    if (left > 0) refused.set(metric, left - 1);
    return left === 0;
  });
}

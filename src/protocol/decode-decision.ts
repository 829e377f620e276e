import { z } from "zod";
import type { ContentionAnomaly, Decision } from "../model/anomaly.ts";
import { PluginError } from "../model/errors.ts";
import type { Metric } from "../model/metric.ts";
import { ANOMALY, METRIC } from "./decision-schema.ts";
import { decodeJson } from "./decode-json.ts";
import { faultOf } from "./fault.ts";
import { LIMITS } from "./limits.ts";

const WHAT = 'the answer of "detect"';
const NOTHING: Decision = { anomalies: [] };

/*
 * Lists are checked item by item up to the first fault: a schema of it all collects the faults of every item,
 * and a million of them take the agent seconds and its memory.
 */
const LABELS = z.unknown().refine((labels) => Object.keys(labels ?? {}).length <= LIMITS.labels, {
  error: `at most ${LIMITS.labels} labels`,
});
const LABELLED = z.object({ labels: LABELS.optional() });
const METRICS = z.array(z.unknown()).max(LIMITS.metrics).exactOptional();
const LISTS = z.object({
  anomalies: z.array(z.unknown()).max(LIMITS.anomalies).exactOptional(),
  metrics: METRICS,
});
const ANOMALY_OF_LISTS = ANOMALY.extend({ metrics: METRICS });

/** What a plugin concluded. Throws a {@link PluginError} of the kind `output`. */
export function decodeDecision(bytes: Uint8Array): Decision {
  if (bytes.length === 0) return NOTHING;
  const value = decodeJson(bytes, WHAT);
  const { anomalies = [], metrics } = checked(LISTS, value, []);
  return {
    anomalies: anomalies.map((item, index) => anomalyOf(item, ["anomalies", index])),
    ...(metrics && { metrics: metricsOf(metrics, ["metrics"]) }),
  };
}

type Path = readonly (string | number)[];

function anomalyOf(value: unknown, path: Path): ContentionAnomaly {
  const { metrics, ...anomaly } = checked(ANOMALY_OF_LISTS, value, path);
  return metrics === undefined ? anomaly : { ...anomaly, metrics: metricsOf(metrics, [...path, "metrics"]) };
}

function metricsOf(values: readonly unknown[], path: Path): readonly Metric[] {
  return values.map((value, index) => {
    const at = [...path, index];
    // Each label that is wrong is a fault of its own, as with items.
    checked(LABELLED, value, at);
    const message = checked(METRIC, value, at);
    return { ...message, labels: message.labels ?? {} };
  });
}

function checked<Output>(schema: z.ZodType<Output>, value: unknown, path: Path): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new PluginError("output", `Cannot use ${WHAT}: ${faultOf(result.error, value, path)}`);
}

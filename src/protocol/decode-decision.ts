import type { ContentionAnomaly, Decision } from "../model/anomaly.ts";
import { PluginError } from "../model/errors.ts";
import type { Metric } from "../model/metric.ts";
import { DECISION } from "./decision-schema.ts";
import { decodeJson } from "./decode-json.ts";
import { faultOf } from "./fault.ts";
import type { AnomalyMessage, MetricMessage } from "./messages.ts";

const WHAT = 'the answer of "detect"';
const NOTHING: Decision = { anomalies: [] };

/** What a plugin concluded. Throws a {@link PluginError} of the kind `output`. */
export function decodeDecision(bytes: Uint8Array): Decision {
  if (bytes.length === 0) return NOTHING;
  const value = decodeJson(bytes, WHAT);
  const result = DECISION.safeParse(value);
  if (!result.success) throw new PluginError("output", `Cannot use ${WHAT}: ${faultOf(result.error, value)}`);
  const { anomalies = [], metrics } = result.data;
  return { anomalies: anomalies.map(anomalyOf), ...(metrics && { metrics: metrics.map(metricOf) }) };
}

function anomalyOf({ metrics, ...anomaly }: AnomalyMessage): ContentionAnomaly {
  return metrics === undefined ? anomaly : { ...anomaly, metrics: metrics.map(metricOf) };
}

function metricOf(message: MetricMessage): Metric {
  return { ...message, labels: message.labels ?? {} };
}

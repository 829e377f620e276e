import type { Metric } from "../model/metric.ts";
import type { DetectionFaults } from "./detection-faults.ts";
import { shown } from "./shown.ts";

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A copy of a metric of the user's, which may be anything; nothing when it cannot be used. */
export function checkedMetric(metric: unknown, faults: DetectionFaults): Metric | undefined {
  if (typeof metric !== "object" || metric === null) {
    faults.metric("shape", () => `saw ${shown(metric)}, wanted a metric {name, value}`);
    return undefined;
  }
  const { name, value, labels = {}, type, help, unit } = metric as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !METRIC_NAME.test(name)) {
    faults.metric("name", () => `saw name ${shown(name)}, wanted letters, digits, _ and :, no digit first`);
    return undefined;
  }
  if (typeof value !== "number" || !Number.isFinite(value)) {
    faults.metric("value", () => `saw value ${shown(value)} of "${name}", wanted a finite number`);
    return undefined;
  }
  if (type !== undefined && type !== "counter" && type !== "gauge") {
    faults.metric("type", () => `saw type ${shown(type)} of "${name}", wanted counter or gauge`);
    return undefined;
  }
  const copied = labelsOf(labels);
  if (copied === undefined) {
    faults.metric("labels", () => `saw labels ${shown(labels)} of "${name}", wanted texts by label name`);
    return undefined;
  }
  return {
    name,
    value,
    labels: copied,
    ...(type === undefined ? {} : { type }),
    ...(typeof help === "string" ? { help } : {}),
    ...(typeof unit === "string" ? { unit } : {}),
  };
}

function labelsOf(labels: unknown): Record<string, string> | undefined {
  if (typeof labels !== "object" || labels === null || Array.isArray(labels)) return undefined;
  const copied: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) {
    if (!LABEL_NAME.test(name) || typeof value !== "string") return undefined;
    copied[name] = value;
  }
  return copied;
}

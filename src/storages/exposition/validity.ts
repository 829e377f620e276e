import type { Metric } from "../../model/metric.ts";
import type { Labels } from "../../model/task.ts";

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Checks the metrics of one batch: names and labels that thousands of them share are looked at once. */
export class Validity {
  readonly #names = new Set<string>();
  readonly #labels = new Set<Labels>();

  /** Why a metric cannot be written in the Prometheus text format; nothing when it can. */
  fault(metric: Metric): string | undefined {
    const { name, labels } = metric;
    const fault =
      (this.#names.has(name) ? undefined : nameInvalidity(name)) ??
      metadataInvalidity(metric) ??
      (this.#labels.has(labels) ? undefined : labelInvalidity(name, labels));
    if (fault === undefined) {
      this.#names.add(name);
      this.#labels.add(labels);
    }
    return fault;
  }
}

function nameInvalidity(name: string): string | undefined {
  if (typeof name === "string" && METRIC_NAME.test(name)) return undefined;
  return `metric name ${quote(name)} does not match ${METRIC_NAME.source}`;
}

function metadataInvalidity({ name, type, help, value }: Metric): string | undefined {
  if (type !== undefined && type !== "counter" && type !== "gauge") {
    return `type of metric "${name}" is ${quote(type)}, wanted counter or gauge`;
  }
  if (help !== undefined && typeof help !== "string") {
    return `help of metric "${name}" is ${quote(help)}, wanted text`;
  }
  if (typeof value !== "number") return `value of metric "${name}" is ${quote(value)}, wanted a number`;
  return undefined;
}

function labelInvalidity(name: string, labels: Labels): string | undefined {
  if (typeof labels !== "object" || labels === null) {
    return `labels of metric "${name}" are ${quote(labels)}, wanted names and values`;
  }
  for (const [label, value] of Object.entries(labels)) {
    if (!LABEL_NAME.test(label))
      return `label name "${label}" of metric "${name}" does not match ${LABEL_NAME.source}`;
    if (label.startsWith("__"))
      return `label name "${label}" of metric "${name}" is reserved: it starts with __`;
    if (typeof value !== "string")
      return `label "${label}" of metric "${name}" is ${quote(value)}, wanted text`;
  }
  return undefined;
}

function quote(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : `${String(value)} (${typeof value})`;
}

import { output } from "./host";
import { numeral, quoted } from "./json-writer";

/** A sample that is told beside an anomaly, or by itself. */
export class Metric {
  labels: Map<string, string> = new Map();
  /** Empty: none. */
  type: string = "gauge";

  constructor(
    public name: string,
    public value: f64,
  ) {}

  label(name: string, value: string): Metric {
    this.labels.set(name, value);
    return this;
  }

  toJson(): string {
    const labels: string[] = [];
    const names = this.labels.keys();
    for (let i = 0; i < names.length; i++) labels.push(quoted(names[i]) + ":" + quoted(this.labels.get(names[i])));
    const type = this.type == "" ? "" : ',"type":' + quoted(this.type);
    const value = quoted(this.name) + ',"value":' + numeral(this.value);
    return '{"name":' + value + ',"labels":{' + labels.join(",") + "}" + type + "}";
  }
}

/** A task that suffers from others. */
export class Anomaly {
  /** "memory bandwidth", "cache", "cpus", "thermal design power" or "unknown resource". */
  resource: string = "unknown resource";
  contendingTaskIds: string[] = [];
  metrics: Metric[] = [];
  /** 0 to 1; NaN: not said. The same goes for `confidence`. */
  severity: f64 = NaN;
  confidence: f64 = NaN;
  /** "onset", "ongoing", "clear"; empty: not said. */
  state: string = "";

  constructor(public contendedTaskId: string) {}

  toJson(): string {
    const ids: string[] = [];
    for (let i = 0; i < this.contendingTaskIds.length; i++) ids.push(quoted(this.contendingTaskIds[i]));
    let json = '{"resource":' + quoted(this.resource) + ',"contendedTaskId":' + quoted(this.contendedTaskId);
    json += ',"contendingTaskIds":[' + ids.join(",") + '],"metrics":' + metricsToJson(this.metrics);
    if (!isNaN(this.severity)) json += ',"severity":' + numeral(this.severity);
    if (!isNaN(this.confidence)) json += ',"confidence":' + numeral(this.confidence);
    if (this.state != "") json += ',"state":' + quoted(this.state);
    return json + "}";
  }
}

/** The answer of `detect`. Returns 0, for `return writeDecision(…)`. */
export function writeDecision(anomalies: Anomaly[], metrics: Metric[]): i32 {
  const list: string[] = [];
  for (let i = 0; i < anomalies.length; i++) list.push(anomalies[i].toJson());
  return output('{"anomalies":[' + list.join(",") + '],"metrics":' + metricsToJson(metrics) + "}");
}

function metricsToJson(metrics: Metric[]): string {
  const list: string[] = [];
  for (let i = 0; i < metrics.length; i++) list.push(metrics[i].toJson());
  return "[" + list.join(",") + "]";
}

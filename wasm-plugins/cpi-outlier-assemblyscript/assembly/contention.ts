import { Anomaly, Metric } from "../../pdk/assemblyscript/decision";
import { Contender } from "./contenders";
import { Signal } from "./options";

// Share of time waiting beyond the usual that counts as the worst.
const WORST_PRESSURE: f64 = 0.5;

/** A sample that is far above what is normal. */
export class Outlier {
  constructor(
    public signal: Signal,
    public value: f64,
    public mean: f64,
    public threshold: f64,
  ) {}

  get severity(): f64 {
    if (this.signal == Signal.Psi) return clip((this.value - this.mean) / WORST_PRESSURE);
    return this.mean <= 0 ? 1 : clip(this.value / this.mean - 1.0);
  }
}

/** An anomaly that lasts, as of its last outlier. */
export class Contention {
  contenders: Contender[] = [];
  confidence: f64 = 0;

  constructor(
    public resource: string,
    public outlier: Outlier,
  ) {}

  /** Contenders are named anew when some were found; otherwise the ones before stay. */
  blame(contenders: Contender[]): void {
    if (contenders.length == 0) return;
    this.contenders = contenders;
    this.confidence = clip(contenders[0].score);
  }

  toAnomaly(contendedTaskId: string, state: string): Anomaly {
    const outlier = this.outlier;
    const anomaly = new Anomaly(contendedTaskId);
    anomaly.resource = this.resource;
    anomaly.state = state;
    anomaly.severity = state == "clear" ? 0 : outlier.severity;
    anomaly.confidence = this.confidence;
    const signal = outlier.signal == Signal.Cpi ? "cpi" : "psi";
    anomaly.metrics.push(new Metric("cpi_outlier_value", outlier.value).label("signal", signal));
    anomaly.metrics.push(new Metric("cpi_outlier_mean", outlier.mean).label("signal", signal));
    anomaly.metrics.push(new Metric("cpi_outlier_threshold", outlier.threshold).label("signal", signal));
    for (let i = 0; i < this.contenders.length; i++) {
      const id = this.contenders[i].id;
      const score = new Metric("cpi_outlier_correlation", this.contenders[i].score);
      anomaly.contendingTaskIds.push(id);
      anomaly.metrics.push(score.label("contending_task_id", id));
    }
    return anomaly;
  }
}

function clip(value: f64): f64 {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

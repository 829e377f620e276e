// Reports tasks with more than `threshold` processes and threads.
import { Anomaly, writeDecision } from "./decision";
import { numberOption, output } from "./host";
import { readSnapshot } from "./snapshot";

export function describe(): i32 {
  return output(`{
    "protocol": 1,
    "role": "detector",
    "version": "0.1.0",
    "input": "columnar",
    "doc": "Reports tasks with many processes and threads.",
    "measurements": ["task_pids"],
    "platformMeasurements": [],
    "options": { "type": "object", "properties": { "threshold": {
      "type": "number", "default": 1000, "description": "Processes and threads from which a task is reported."
    } } }
  }`);
}

export function detect(): i32 {
  const snapshot = readSnapshot();
  const threshold = numberOption("threshold", 1000);
  const pids = snapshot.column("task_pids");
  const anomalies: Anomaly[] = [];
  for (let i = 0; pids != null && i < pids.length; i++) {
    if (pids[i] > threshold) anomalies.push(new Anomaly(snapshot.ids[i]));
  }
  return writeDecision(anomalies, []);
}

// The detector cpi-outlier as a plugin: ../../cpi-outlier/README.md tells what it does.
import { writeDecision } from "../../pdk/assemblyscript/decision";
import { output } from "../../pdk/assemblyscript/host";
import { readSnapshot } from "../../pdk/assemblyscript/snapshot";
import { Detector } from "./detector";
import { OPTIONS_SCHEMA } from "./options-schema";

const DESCRIPTION = `{
  "protocol": 1,
  "role": "detector",
  "version": "1.0.0",
  "input": "columnar",
  "doc": "Finds tasks that are slowed down by others, from their own history (AssemblyScript).",
  "measurements": [
    "task_cpu_usage_seconds",
    "task_cycles",
    "task_instructions",
    "task_cache_misses",
    "task_pressure_seconds_total",
    "task_cpu_throttled_seconds_total"
  ],
  "platformMeasurements": [],
  "options": `;

let detector: Detector | null = null;

export function describe(): i32 {
  return output(DESCRIPTION + OPTIONS_SCHEMA + "}");
}

export function detect(): i32 {
  let known = detector;
  if (known == null) {
    known = Detector.create();
    detector = known;
  }
  known.detect(readSnapshot());
  return writeDecision(known.anomalies, known.census());
}

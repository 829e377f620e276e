import { expect, test } from "bun:test";
import { NOPAnomalyDetector } from "../../src/detectors/nop.ts";
import { detectorConformance } from "../roles/detector.ts";

detectorConformance("NOPAnomalyDetector", () => ({ detector: new NOPAnomalyDetector() }));

test("NOPAnomalyDetector finds nothing and has no metrics", () => {
  expect(new NOPAnomalyDetector().detect()).toEqual({ anomalies: [] });
});

import { z } from "zod";
import { ANOMALY_STATES, RESOURCES } from "../model/anomaly.ts";
import { labels, longText, metricName, share, shortText } from "./kinds.ts";
import { LIMITS } from "./limits.ts";
import type { AnomalyMessage, DecisionMessage, MetricMessage } from "./messages.ts";

export const METRIC = z
  .object({
    name: metricName(),
    value: z.number(),
    labels: labels().exactOptional(),
    type: z.enum(["counter", "gauge"]).exactOptional(),
    help: longText().exactOptional(),
    unit: shortText().exactOptional(),
  })
  .describe("One sample.") satisfies z.ZodType<MetricMessage>;

export const ANOMALY = z
  .object({
    resource: z.enum(RESOURCES),
    contendedTaskId: shortText().describe("Id of the task that suffers."),
    contendingTaskIds: z
      .array(shortText())
      .max(LIMITS.contendingTasks)
      .describe("Ids of the tasks that are thought to cause it; empty when that is not known."),
    metrics: z
      .array(METRIC)
      .max(LIMITS.metrics)
      .exactOptional()
      .describe("Numbers that led to the conclusion."),
    severity: share().exactOptional().describe("How much the contended task suffers."),
    confidence: share().exactOptional().describe("How sure the detector is."),
    state: z
      .enum(ANOMALY_STATES)
      .exactOptional()
      .describe("Where the anomaly is in its life. One that is clear has just ended."),
  })
  .describe("A task suffers from others.") satisfies z.ZodType<AnomalyMessage>;

/** Output of `detect`. */
export const DECISION = z
  .object({
    anomalies: z.array(ANOMALY).max(LIMITS.anomalies).exactOptional(),
    metrics: z.array(METRIC).max(LIMITS.metrics).exactOptional().describe("Metrics of the detector's own."),
  })
  .describe(
    "Output of the export detect. No output at all: nothing was found.",
  ) satisfies z.ZodType<DecisionMessage>;

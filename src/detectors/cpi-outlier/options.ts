import { z } from "zod";
import { seconds } from "../../config/schema.ts";

/** What slows a task down: its cycles per instruction, or the share of time it waited for a CPU. */
export type Signal = "cpi" | "psi";

/** The options of CpiOutlierDetector; the Wasm plugins of the same algorithm take the same ones. */
export const CPI_OUTLIER_OPTIONS = {
  signal: z
    .enum(["auto", "cpi", "psi"])
    .default("auto")
    .describe(
      "What is watched: cycles per instruction (`cpi`), CPU pressure (`psi`), or by task the former where its instructions and cycles are counted and else the latter (`auto`).",
    ),
  sigmas: z
    .number()
    .min(0)
    .max(100)
    .default(2)
    .describe(
      "Standard deviations above the mean of the task's own history from which a sample is an outlier.",
    ),
  min_excess: z
    .number()
    .min(0)
    .max(10)
    .default(0.1)
    .describe(
      "By how much an outlier exceeds that mean at least: a share of the mean for CPI, a share of time for pressure.",
    ),
  hits: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe("Outliers within the window that make an anomaly."),
  window: seconds({ min: 1, max: 86_400 }).default(300).describe("Time in which the outliers have to be."),
  min_usage: z
    .number()
    .min(0)
    .max(1024)
    .optional()
    .describe(
      "CPUs that a task has to use for a sample to be learned, and with CPI to be judged. Left out: 0.25 for CPI and 0.02 for pressure.",
    ),
  load_step: z
    .number()
    .min(0.01)
    .max(1024)
    .default(0.5)
    .describe("Width in CPUs of the bins of load that have a history each."),
  min_samples: z
    .number()
    .int()
    .min(2)
    .max(3600)
    .default(20)
    .describe("Samples after which the history of a bin is used."),
  correlation: z
    .number()
    .min(-1)
    .max(1)
    .default(0.35)
    .describe("Score from which another task is named as a contender."),
  correlation_window: seconds({ min: 10, max: 86_400 })
    .default(600)
    .describe("How far back the score looks; at most the last 600 rounds are remembered."),
  max_contenders: z.number().int().min(1).max(10).default(3).describe("Contenders that are named at most."),
  clear_after: seconds({ min: 0, max: 3600 })
    .default(10)
    .describe("Time without an outlier after which an anomaly has ended."),
  relearn_after: seconds({ min: 1, max: 1_000_000 })
    .default(3600)
    .describe("Outliers in a row for so long are the new normal: the history is forgotten."),
  report_unattributed: z
    .boolean()
    .default(false)
    .describe("Report contention for which no contender was found, too."),
};

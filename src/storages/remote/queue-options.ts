import { z } from "zod";

/** Options of every storage that reaches over the network. */
export const QUEUE_OPTIONS = {
  max_queued_batches: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(60)
    .describe(
      "Batches that wait in memory while the receiver is slow or away, one for each round; beyond that the oldest are dropped and counted.",
    ),
};

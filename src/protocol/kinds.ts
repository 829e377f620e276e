import { z } from "zod";
import { LIMITS } from "./limits.ts";

/** An id, a name, a path. */
export function shortText(): z.ZodString {
  return z.string().max(LIMITS.shortText);
}

/** Text for people. */
export function longText(): z.ZodString {
  return z.string().max(LIMITS.longText);
}

/** Prometheus' rule for names of metrics. */
export function metricName(): z.ZodString {
  return shortText().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
}

/** Names of labels that the agent may have added itself, or that a plugin gives. */
export function labels(): z.ZodType<Readonly<Record<string, string>>> {
  return z
    .record(shortText().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), shortText())
    .refine((record) => Object.keys(record).length <= LIMITS.labels, {
      error: `at most ${LIMITS.labels} labels`,
    });
}

/** From 0 to 1. */
export function share(): z.ZodNumber {
  return z.number().min(0).max(1);
}

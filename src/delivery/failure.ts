import { FailedDeliveryError } from "../model/errors.ts";
import type { Metric } from "../model/metric.ts";

/** What a storage threw, made sure of: it may be anything. */
export interface Failure {
  readonly message: string;
  readonly stack?: string;
  readonly undelivered: readonly Metric[];
  readonly dropped: number | undefined;
  readonly retryAfterSecs: number | undefined;
}

/** Never throws. */
export function failureOf(thrown: unknown): Failure {
  const nothing = { undelivered: [], dropped: undefined, retryAfterSecs: undefined };
  try {
    if (!(thrown instanceof Error)) return { message: String(thrown), ...nothing };
    const { message, stack } = thrown;
    const said = { message: String(message), ...(typeof stack === "string" ? { stack } : {}) };
    if (!isFailedDelivery(thrown)) return { ...said, ...nothing };
    const { undelivered, dropped, retryAfterSecs } = thrown;
    return {
      ...said,
      undelivered: Array.isArray(undelivered) ? undelivered : [],
      dropped: typeof dropped === "number" && dropped >= 0 ? Math.trunc(dropped) : undefined,
      retryAfterSecs: typeof retryAfterSecs === "number" ? retryAfterSecs : undefined,
    };
  } catch {
    return { message: "something that cannot be shown", ...nothing };
  }
}

/** By its name too: a user's file may carry a second copy of the class. */
function isFailedDelivery(error: Error): error is FailedDeliveryError {
  return error instanceof FailedDeliveryError || error.name === "FailedDeliveryError";
}

import type { HttpAnswer } from "../../net/http.ts";
import type { Version } from "./protocol.ts";

const WRITTEN_HEADERS = ["samples", "histograms", "exemplars"].map(
  (kind) => `x-prometheus-remote-write-${kind}-written`,
);
/** Too many requests, and all faults of the receiver. Nothing else is tried again, 1.0 "Retries & Backoff". */
export const TRY_AGAIN: ReadonlySet<number> = new Set([
  429,
  ...Array.from({ length: 100 }, (_, index) => 500 + index),
]);

/** What an answer says of the samples of its request. */
export type Verdict =
  | { readonly kind: "written" /** The others are lost. */; readonly samples: number }
  | { readonly kind: "try again" }
  /** A receiver of 1.0 got 2.0; nothing was written. */
  | { readonly kind: "not understood" };

/** `samples`: how many were sent. */
export function judge(
  { status, headers }: HttpAnswer,
  { version, samples }: { readonly version: Version; readonly samples: number },
): Verdict {
  if (TRY_AGAIN.has(status)) return { kind: "try again" };
  const success = status >= 200 && status < 300;
  // A receiver of 1.0 says nothing about a part; Prometheus then has written nothing of the request.
  if (version === "1.0") return { kind: "written", samples: success ? samples : 0 };
  const counted = WRITTEN_HEADERS.some((name) => headers.has(name));
  // Many of 1.0 do not look at the content type, decode it to nothing and say 204; others say 400 (2.0, "Written").
  if (status === 415 || (!counted && (success || status === 400))) return { kind: "not understood" };
  // A missing count is a count of 0.
  const written = Number(headers.get(WRITTEN_HEADERS[0] ?? "") ?? 0);
  return { kind: "written", samples: Math.min(samples, Number.isNaN(written) ? 0 : written) };
}

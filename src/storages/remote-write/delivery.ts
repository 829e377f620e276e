import { FailedDeliveryError } from "../../model/errors.ts";
import type { Metric } from "../../model/metric.ts";
import type { HttpAnswer } from "../../net/http.ts";
import type { HttpSender } from "../remote/http-sender.ts";
import { type Codec, encodeTime } from "./codec.ts";
import { type Request, Requests } from "./layout.ts";
import type { Negotiation } from "./negotiation.ts";
import { PROTOCOLS, type Version } from "./protocol.ts";
import { judge, type Verdict } from "./verdict.ts";

export interface DeliveryOptions {
  readonly codec: Codec;
  readonly sender: HttpSender;
  readonly negotiation: Negotiation;
  readonly maxSamples: number;
  readonly timeMs: number;
  readonly content: "samples" | "staleMarkers";
  readonly signal: AbortSignal;
}

/** Requests on their way, one after the other, and what became of them. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #time: Uint8Array;
  /** Samples that the receiver has. */
  written = 0;
  /** Samples that it refused for good. */
  lost = 0;
  /** Why it refused the first of them. */
  reason: string | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#time = encodeTime(options.codec, options.timeMs);
  }

  /** Throws `FailedDeliveryError` with all metrics that have not been answered; those before are counted here. */
  async run(requests: Requests): Promise<void> {
    for (let index = 0; ; index++) {
      const request = requests.at(index);
      if (request === undefined) return;
      const answer = await this.#post(request, requests);
      const verdict = judge(answer, { version: requests.version, samples: request.metrics.length });
      if (verdict.kind === "try again") throw this.#failure(answer, metricsFrom(request, requests));
      const { fallback } = this.#options.negotiation;
      if (verdict.kind === "not understood" && fallback !== undefined) {
        const rest = requests.seriesFrom(request);
        return this.run(new Requests(rest, { ...this.#options, version: fallback }));
      }
      this.#count(verdict, { answer, request, version: requests.version });
    }
  }

  async #post(request: Request, requests: Requests): Promise<HttpAnswer> {
    const { codec, content, sender, signal } = this.#options;
    try {
      if (signal.aborted) throw new FailedDeliveryError("Cannot post metrics: the storage is closed");
      const body = codec.compress(request[content](this.#time));
      return await sender.ask({ body, headers: PROTOCOLS[requests.version].headers, metrics: [] });
    } catch (error) {
      if (!(error instanceof FailedDeliveryError)) throw error;
      throw withUndelivered(error, metricsFrom(request, requests));
    }
  }

  #count(verdict: Verdict, { answer, request, version }: Counted): void {
    const samples = request.metrics.length;
    const written = verdict.kind === "written" ? verdict.samples : 0;
    if (written > 0) this.#options.negotiation.worked(version);
    this.written += written;
    this.lost += samples - written;
    if (written === samples) return;
    const why = verdict.kind === "written" ? "" : ", the receiver does not understand remote write 2.0";
    this.reason ??= `${this.#failure(answer, []).message} (${written} of ${samples} samples written${why})`;
  }

  #failure(answer: HttpAnswer, metrics: readonly Metric[]): FailedDeliveryError {
    return this.#options.sender.failure(answer, metrics);
  }
}

interface Counted {
  readonly answer: HttpAnswer;
  readonly request: Request;
  readonly version: Version;
}

function metricsFrom(request: Request, requests: Requests): Metric[] {
  return requests.seriesFrom(request).map(({ metric }) => metric);
}

/** The same error about these metrics. */
export function withUndelivered(
  error: FailedDeliveryError,
  undelivered: readonly Metric[],
  dropped = 0,
): FailedDeliveryError {
  const { message, retryAfterSecs } = error;
  return new FailedDeliveryError(message, {
    cause: error.cause,
    undelivered,
    dropped,
    ...(retryAfterSecs === undefined ? {} : { retryAfterSecs }),
  });
}

import { z } from "zod";
import { path, ref, seconds } from "../../config/schema.ts";
import { FailedDeliveryError } from "../../model/errors.ts";
import type { Metric } from "../../model/metric.ts";
import type { TlsMaterial } from "../../model/roles.ts";
import { readSecret } from "../../net/files.ts";
import { exchange, type HttpAnswer, NoAnswer, retryAfterSecs } from "../../net/http.ts";
import { QUEUE_OPTIONS } from "./queue-options.ts";

/** Statuses by which a receiver asks to be tried again (RFC 9110; Prometheus remote write; OTLP/HTTP). */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 507, 509]);
const LONGEST_TIMEOUT_SECS = 60;

/** Options that all storages over HTTP share. */
export function httpOptions({ url, timeoutSecs }: { readonly url: string; readonly timeoutSecs: number }) {
  return {
    url: z
      .url({ protocol: /^https?$/, error: "an http or https URL" })
      .default(url)
      .describe("Where to post."),
    timeout: seconds({ min: 0.01, max: LONGEST_TIMEOUT_SECS })
      .default(timeoutSecs)
      .describe("How long an answer may take; then the same is tried again later."),
    headers: z
      .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: "a header name" }), z.string())
      .default({})
      .describe("Further headers of each request."),
    ssl: ref("ssl").optional().describe("TLS, for https URLs. Left out: the authorities of the system."),
    username: z.string().min(1).optional().describe("User of basic authentication."),
    password: z.string().optional().describe("Its password; better `password_file`, or `!Env`."),
    password_file: path().optional().describe("File with the password, read again for each request."),
    bearer_token_file: path().optional().describe("File with a bearer token, read again for each request."),
    ...QUEUE_OPTIONS,
  };
}

export interface HttpSenderOptions {
  readonly url: string;
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly ssl?: { material(): TlsMaterial } | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly password_file?: string | undefined;
  readonly bearer_token_file?: string | undefined;
}

/** What is to be posted, and the metrics it stands for. */
export interface HttpDelivery {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
  readonly metrics: readonly Metric[];
}

/** Posts to one URL, and tells by the error whether a delivery is worth another try. */
export class HttpSender {
  readonly #options: HttpSenderOptions;
  readonly #now: () => number;
  readonly #tryAgain: ReadonlySet<number>;

  /** `tryAgain`: statuses by which the receiver asks for another try. Throws TypeError when options contradict each other. */
  constructor(options: HttpSenderOptions, now: () => number, tryAgain: ReadonlySet<number> = TRY_AGAIN) {
    const { username, password, password_file, bearer_token_file, ssl, url } = options;
    if (username === undefined && (password !== undefined || password_file !== undefined)) {
      throw new TypeError('"password" and "password_file" need "username"');
    }
    if (password !== undefined && password_file !== undefined) {
      throw new TypeError('"password" and "password_file" exclude each other');
    }
    if (username !== undefined && bearer_token_file !== undefined) {
      throw new TypeError('"username" and "bearer_token_file" exclude each other');
    }
    if (ssl !== undefined && !url.startsWith("https:")) {
      throw new TypeError(`"ssl" needs an https URL, saw "${url}"`);
    }
    this.#options = options;
    this.#now = now;
    this.#tryAgain = tryAgain;
  }

  /** The answer, of any 2xx status. Throws `FailedDeliveryError`, with all metrics `undelivered` if a retry may help. */
  async post(delivery: HttpDelivery): Promise<HttpAnswer> {
    const answer = await this.ask(delivery);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw this.failure(answer, delivery.metrics);
  }

  /** What an answer of another status than 2xx means for the metrics: its error has them as `undelivered` if a retry may help. */
  failure({ status, headers, text }: HttpAnswer, metrics: readonly Metric[]): FailedDeliveryError {
    const reason = text.trim().split("\n", 1)[0] ?? "";
    const message = `Cannot post metrics to ${withoutSecrets(this.#options.url)}: status ${status}${reason === "" ? "" : `, ${reason}`}`;
    if (!this.#tryAgain.has(status)) return new FailedDeliveryError(message);
    const after = retryAfterSecs(headers, this.#now());
    return new FailedDeliveryError(message, {
      undelivered: metrics,
      ...(after === undefined ? {} : { retryAfterSecs: after }),
    });
  }

  /** The answer, of any status. Throws `FailedDeliveryError` with all metrics `undelivered` when there is none. */
  async ask({ body, headers, metrics }: HttpDelivery): Promise<HttpAnswer> {
    const { url, timeout, ssl } = this.#options;
    try {
      return await exchange({
        url,
        body,
        headers: { ...headers, ...this.#options.headers, ...this.#authorization() },
        timeoutSecs: timeout,
        ...(ssl === undefined ? {} : { tls: ssl.material() }),
      });
    } catch (cause) {
      // A token or certificate that cannot be read now may be there again at the next try.
      const reason = cause instanceof NoAnswer ? cause.message : String((cause as Error).message);
      throw new FailedDeliveryError(`Cannot post metrics to ${withoutSecrets(url)}: ${reason}`, {
        cause,
        undelivered: metrics,
      });
    }
  }

  #authorization(): Readonly<Record<string, string>> {
    const { username, password, password_file, bearer_token_file } = this.#options;
    if (bearer_token_file !== undefined) {
      return { Authorization: `Bearer ${readSecret("bearer_token_file", bearer_token_file)}` };
    }
    if (username === undefined) return {};
    const secret =
      password_file === undefined ? (password ?? "") : readSecret("password_file", password_file);
    return { Authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}` };
  }
}

/** A password in a URL is not for the log, nor a key in its query. */
function withoutSecrets(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.hash = "";
  return shown.search === "" ? shown.href : shown.href.replace(shown.search, "?…");
}

import type { TlsMaterial } from "../model/roles.ts";

/** Longest part of an answer that is kept: enough for the reason of a refusal. */
const LONGEST_ANSWER = 4096;

export interface HttpRequest {
  readonly url: string;
  /** Default: POST. */
  readonly method?: "GET" | "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** For the whole exchange. */
  readonly timeoutSecs: number;
  readonly tls?: TlsMaterial;
  /** Bytes of the answer that are kept. Default: 4096. */
  readonly maxAnswerBytes?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** No answer came: not connected, cut off, no trust, or late. The receiver may have got the request all the same. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** One exchange; redirects are not followed, since a body sent once more elsewhere is hardly meant. Throws {@link NoAnswer}. */
export async function exchange(request: HttpRequest): Promise<HttpAnswer> {
  const { url, method = "POST", headers = {}, body, timeoutSecs, tls, maxAnswerBytes } = request;
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutSecs * 1000),
      ...(tls === undefined ? {} : { tls: ofFetch(tls) }),
    });
    const text = await readAnswer(response, maxAnswerBytes ?? LONGEST_ANSWER);
    return { status: response.status, headers: response.headers, text };
  } catch (cause) {
    const error = cause as Error & { readonly code?: unknown };
    if (error.name === "TimeoutError") throw new NoAnswer(`no answer within ${timeoutSecs} s`, { cause });
    throw new NoAnswer(reasonOf(error), { cause });
  }
}

/** What Bun says, with its code once, and without the question that it asks of a person. */
function reasonOf({ message, code }: { readonly message: string; readonly code?: unknown }): string {
  const text = message.replace(/\.? Is the computer able to access the url\?$/, "");
  return typeof code !== "string" || text.startsWith(code) ? text : `${code}, ${text}`;
}

/** Seconds until the receiver wants to be asked again, by its header Retry-After (RFC 9110, 10.2.3); nothing without. */
export function retryAfterSecs(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - nowMs) / 1000);
}

/** Bun's fetch takes the lowest version as the number of the protocol (RFC 5246, 6.2.1). */
function ofFetch({ minVersion: _, ...tls }: TlsMaterial): BunFetchRequestInitTLS {
  return { ...tls, minVersion: 0x0303 } as BunFetchRequestInitTLS;
}

/** The rest of a long answer is not waited for. */
async function readAnswer({ body }: Response, maxBytes: number): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    text += decoder.decode(chunk.subarray(0, chunk.length - Math.max(0, bytes - maxBytes)), { stream: true });
    if (bytes >= maxBytes) break;
  }
  return text;
}

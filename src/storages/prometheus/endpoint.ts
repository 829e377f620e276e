import type { Server } from "bun";
import type { Access } from "./access.ts";
import { formatListenAddress, type ListenAddress } from "./listen-address.ts";
import { acceptsGzip, type FormatName, negotiate } from "./negotiation.ts";
import type { ServerTls } from "./server-tls.ts";

/** Also for a request that does not end: it is the time that its headers may take. */
const IDLE_SECS = 10;
/** Nothing that is asked for here has a body. */
const LONGEST_BODY = 1024;
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const COMMON_HEADERS = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };
const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this host has no such address",
  EACCES: "not permitted, ports below 1024 need root or CAP_NET_BIND_SERVICE",
};
const LANDING = `Metrics of this host: /metrics
Whether the agent runs: /healthz
Whether there are fresh metrics: /readyz
`;

/** What there is to be served. */
export interface Content {
  plain(format: FormatName): Blob;
  gzip(format: FormatName): Promise<Blob>;
  /** Why there is nothing; nothing when there is. */
  fault(): string | undefined;
}

export interface EndpointOptions {
  readonly address: ListenAddress;
  readonly access: Access;
  readonly content: Content;
  /** Answers with metrics under way at a time. */
  readonly maxScrapes: number;
  /** A request could not be answered because of a fault on our side; without a message: one was let in. */
  readonly onFault: (message?: string) => void;
}

/** The HTTP server: who asks for what, and who may. */
export class Endpoint {
  readonly #options: EndpointOptions;
  #server: Server<undefined> | undefined;
  /** The port that was taken when any free one was wanted: the same when it listens again. */
  #port: number;
  /** Servers that listen no more and still send answers. */
  readonly #ending = new Set<Server<undefined>>();

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#port = options.address.port;
  }

  /** Listens; on an endpoint that listens already connections made from now on get the new certificate. */
  listen(tls: ServerTls | undefined): void {
    const { host } = this.#options.address;
    this.#retire();
    try {
      this.#server = Bun.serve({
        hostname: host,
        port: this.#port,
        // Outside development Bun's default is to share the port with any other program of the same user.
        reusePort: false,
        idleTimeout: IDLE_SECS,
        maxRequestBodySize: LONGEST_BODY,
        development: false,
        ...(tls === undefined ? {} : { tls }),
        fetch: (request, server) => this.#answer(request, server.pendingRequests),
        error: (error) => {
          this.#options.onFault(error.message);
          return text(500, "internal error");
        },
      });
    } catch (cause) {
      throw listenError({ host, port: this.#port }, cause as { code?: string; message: string });
    }
    this.#port = this.#server.port ?? this.#port;
  }

  /** Where metrics are; nothing while it does not listen. */
  get url(): string | undefined {
    return this.#server === undefined ? undefined : new URL("/metrics", this.#server.url).href;
  }

  async close(): Promise<void> {
    this.#retire();
    this.#port = this.#options.address.port;
    await Promise.all([...this.#ending].map((server) => server.stop(true)));
    this.#ending.clear();
  }

  /** Stops listening; answers under way are sent to their end. */
  #retire(): void {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#ending.add(server);
    void server.stop().then(() => this.#ending.delete(server));
  }

  #answer(request: Request, pending: number): Response | Promise<Response> {
    const pathname = pathOf(request.url);
    if (!METHODS.has(request.method)) {
      return text(405, `method ${request.method} is not allowed`, { Allow: [...METHODS].join(", ") });
    }
    // Probes of a service manager have no credentials, and learn nothing here.
    if (pathname === "/healthz") return text(200, "ok");
    if (pathname === "/readyz") return this.#ready();
    const refusal = this.#refuse(request);
    if (refusal !== undefined) return refusal;
    if (pathname === "/") return text(200, LANDING);
    if (pathname !== "/metrics") return text(404, "not found, see /metrics");
    if (pending > this.#options.maxScrapes) {
      return text(503, `${this.#options.maxScrapes} scrapes are under way already`, { "Retry-After": "1" });
    }
    return this.#metrics(request);
  }

  #ready(): Response {
    const fault = this.#options.content.fault();
    return fault === undefined ? text(200, "ok") : text(503, fault);
  }

  #refuse({ headers }: Request): Response | undefined {
    const { access, onFault } = this.#options;
    try {
      if (access.allows(headers.get("authorization"))) {
        onFault();
        return undefined;
      }
    } catch (error) {
      onFault((error as Error).message);
      return text(503, "credentials cannot be checked now");
    }
    return text(401, "credentials are wanted", { "WWW-Authenticate": access.challenge });
  }

  async #metrics({ headers }: Request): Promise<Response> {
    const { content } = this.#options;
    const fault = content.fault();
    if (fault !== undefined) return text(503, fault);
    const { format, contentType } = negotiate(headers.get("accept"));
    const isGzip = acceptsGzip(headers.get("accept-encoding"));
    const body = isGzip ? await content.gzip(format) : content.plain(format);
    return new Response(body, {
      headers: {
        ...COMMON_HEADERS,
        "Content-Type": contentType,
        Vary: "Accept, Accept-Encoding",
        ...(isGzip ? { "Content-Encoding": "gzip" } : {}),
      },
    });
  }
}

/** The header Host is part of the URL as it came, or absent: what the client wrote there need not be a URL. */
function pathOf(url: string): string {
  return /^(?:https?:\/\/[^/?#]*)?([^?#]*)/.exec(url)?.[1] ?? "";
}

function listenError(address: ListenAddress, cause: { code?: string; message: string }): Error {
  const { code, message } = cause;
  const reason = code === undefined ? message : `${code}, ${WHY[code] ?? message}`;
  const help = code === "EADDRINUSE" ? `; "ss -ltnp sport = :${address.port}" tells which` : "";
  return new Error(`Cannot listen on ${formatListenAddress(address)}: ${reason}${help}`, { cause });
}

function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(body.endsWith("\n") ? body : `${body}\n`, {
    status,
    headers: { ...COMMON_HEADERS, "Content-Type": "text/plain; charset=utf-8", ...headers },
  });
}

/* Real Prometheus servers as receivers, and a front before them that can be told to misbehave. */
import {
  type PrometheusServer,
  prepareCurrentPrometheus,
  preparePrometheusServer,
  startPrometheus,
} from "../../support/prometheus-server.ts";
import { requirement } from "../../support/requirement.ts";

/** Nothing is scraped. */
const CONFIG = "global: {}\n";
const RECEIVER = "--web.enable-remote-write-receiver";
const WRITE_PATH = "/api/v1/write";

export interface Receiver {
  /** What the server is called in names of tests. */
  readonly name: string;
  /** The version that it ends up with when both are possible. */
  readonly speaks: "1.0" | "2.0";
  readonly program: readonly string[];
  readonly flags: readonly string[];
}

/** Debian's 2.x, which does not look at the content type; 3.x; and 3.x that says 415 to 2.0. Those that can run here. */
export async function receivers(): Promise<readonly Receiver[]> {
  const found: Receiver[] = [];
  await requirement("Prometheus 2 of Debian", async () => {
    found.push({
      name: "Prometheus 2",
      speaks: "1.0",
      program: await preparePrometheusServer(),
      flags: [RECEIVER],
    });
  });
  await requirement("Prometheus 3, built with Go", async () => {
    const program = await prepareCurrentPrometheus();
    found.push({
      name: "Prometheus 3",
      speaks: "2.0",
      program,
      flags: [RECEIVER],
    });
    const only1 = "--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest";
    found.push({ name: "Prometheus 3 with 1.0 only", speaks: "1.0", program, flags: [RECEIVER, only1] });
  });
  return found;
}

export function startReceiver(
  { program, flags }: Receiver,
  more: readonly string[] = [],
): Promise<PrometheusServer> {
  return startPrometheus({ config: CONFIG, program, flags: [...flags, ...more] });
}

export function writeUrl({ url }: { readonly url: string }): string {
  return `${url}${WRITE_PATH}`;
}

/** Series of an instant, written as in the text format: `up{task_id="a"}` → 1. */
export async function seriesAt(
  server: PrometheusServer,
  timeMs: number,
): Promise<Readonly<Record<string, number>>> {
  const samples = await server.query('{__name__=~".+"}', timeMs / 1000);
  return Object.fromEntries(
    samples.map(({ labels: { __name__, ...labels }, value }) => {
      const pairs = Object.entries(labels).map(([name, text]) => `${name}=${JSON.stringify(text)}`);
      return [pairs.length === 0 ? __name__ : `${__name__}{${pairs.join()}}`, value];
    }),
  );
}

/** `name{labels}@time` → value of everything the server has of the last hour; staleness markers are not in it. */
export async function allSamples(
  server: PrometheusServer,
  selector = '{__name__=~".+"}',
): Promise<ReadonlyMap<string, string>> {
  const { result } = (await server.api("query", { query: `${selector}[1h]` })) as {
    result: { metric: Record<string, string>; values: [number, string][] }[];
  };
  return new Map(
    result.flatMap(({ metric, values }) =>
      values.map(([seconds, value]) => [`${JSON.stringify(metric)}@${Math.round(seconds * 1000)}`, value]),
    ),
  );
}

export interface FrontRequest {
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly status: number;
}

/** What the front does with a request instead of passing it on; nothing: it passes it on. */
export type Misbehaviour = (request: Request, count: number) => Response | undefined | Promise<Response>;

export interface Front extends Disposable {
  readonly url: string;
  readonly requests: readonly FrontRequest[];
  misbehave: Misbehaviour | undefined;
  /** After it was passed on: the answer is lost. */
  loseAnswers: boolean;
}

/** Passes requests on to the server at `target`. */
export function startFront(target: string): Front {
  const requests: FrontRequest[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const body = new Uint8Array(await request.arrayBuffer());
      const answer = await respond(request, body);
      requests.push({ headers: request.headers, body, status: answer.status });
      return answer;
    },
  });
  const front: Front = {
    url: server.url.href.replace(/\/$/, ""),
    requests,
    misbehave: undefined,
    loseAnswers: false,
    [Symbol.dispose]: () => void server.stop(true),
  };
  async function respond(request: Request, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    const instead = await front.misbehave?.(request, requests.length);
    if (instead !== undefined) return instead;
    const headers = new Headers(request.headers);
    headers.delete("host");
    const answer = await fetch(`${target}${new URL(request.url).pathname}`, {
      method: request.method,
      headers,
      body,
    });
    const text = await answer.text();
    if (front.loseAnswers) return new Response("lost", { status: 502 });
    return new Response(text === "" ? null : text, { status: answer.status, headers: answer.headers });
  }
  return front;
}

import { startPrometheus } from "../../test/support/prometheus-server.ts";
import { sampleKey } from "./account.ts";
import { freePort } from "./http-receiver.ts";
import type { Receiver } from "./receiver.ts";

/** A real Prometheus behind a door of ours, which can refuse. It knows a sample that comes twice. */
export async function prometheusReceiver(): Promise<Receiver> {
  const config = "global: {scrape_interval: 1h}\n";
  const port = await freePort();
  const server = await startPrometheus({ config, port, flags: ["--web.enable-remote-write-receiver"] });
  await server.kill();
  let rejecting = false;
  const door = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const body = await request.arrayBuffer();
      if (rejecting) return new Response("refused", { status: 400 });
      const headers = new Headers(request.headers);
      headers.delete("host");
      try {
        const answer = await fetch(`${server.url}/api/v1/write`, { method: "POST", headers, body });
        return new Response(await answer.text(), { status: answer.status, headers: answer.headers });
      } catch {
        return new Response("the server is away", { status: 502 });
      }
    },
  });
  return {
    storage: `!RemoteWriteStorage {url: "http://127.0.0.1:${door.port}/api/v1/write", timeout: 2, protocol: "1.0"}`,
    start: () => server.restart(),
    kill: () => server.kill(),
    pause: () => server.signal("SIGSTOP"),
    resume: () => server.signal("SIGCONT"),
    reject: async () => {
      rejecting = true;
    },
    accept: async () => {
      rejecting = false;
    },
    arrivals: async () => {
      const data = (await server.api("query", { query: '{__name__=~".+"}[1h]' })) as Matrix;
      const counts = new Map<string, number>();
      for (const { metric, values } of data.result) {
        const { __name__: name = "", ...labels } = metric;
        for (const [seconds] of values) counts.set(sampleKey(name, labels, Math.round(seconds * 1000)), 1);
      }
      return counts;
    },
    [Symbol.asyncDispose]: async () => {
      await door.stop(true);
      await server[Symbol.asyncDispose]();
    },
  };
}

interface Matrix {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly values: readonly (readonly [number, string])[];
  }[];
}

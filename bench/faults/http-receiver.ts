import { sampleKey } from "./account.ts";
import type { Receiver } from "./receiver.ts";

/** A web server in this process. A body that was answered is what arrived; the same key is the same body. */
export async function httpReceiver(): Promise<Receiver> {
  const counts = new Map<string, number>();
  const keys = new Set<string>();
  let paused = Promise.withResolvers<void>();
  paused.resolve();
  let rejecting = false;
  let server: Bun.Server<unknown> | undefined;
  const port = await freePort();

  async function fetch(request: Request): Promise<Response> {
    const text = await request.text();
    await paused.promise;
    if (rejecting) return new Response("no", { status: 400 });
    const key = request.headers.get("idempotency-key") ?? "";
    if (!keys.has(key)) {
      for (const line of text.split("\n").filter((each) => each !== "")) {
        const { name, labels, timestamp } = JSON.parse(line);
        const sample = sampleKey(name, labels, timestamp);
        counts.set(sample, (counts.get(sample) ?? 0) + 1);
      }
    }
    keys.add(key);
    return new Response("");
  }

  return {
    storage: `!HTTPStorage {url: "http://127.0.0.1:${port}/", format: ndjson}`,
    start: async () => {
      server = Bun.serve({ hostname: "127.0.0.1", port, fetch });
    },
    kill: async () => {
      await server?.stop(true);
    },
    pause: () => {
      paused = Promise.withResolvers<void>();
    },
    resume: () => paused.resolve(),
    reject: async () => {
      rejecting = true;
    },
    accept: async () => {
      rejecting = false;
    },
    arrivals: async () => counts,
    [Symbol.asyncDispose]: async () => {
      await server?.stop(true);
    },
  };
}

/** A port that nobody has now. */
export async function freePort(): Promise<number> {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") });
  const { port = 0 } = server;
  await server.stop(true);
  return port;
}

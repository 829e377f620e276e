import { describe, expect, test } from "bun:test";
import { preparePrometheusServer, startPrometheus } from "./prometheus-server.ts";
import { requirement } from "./requirement.ts";

const available = await requirement("a Prometheus server", preparePrometheusServer);

describe.skipIf(!available)("startPrometheus()", () => {
  test("gives a server that answers queries, before and after restart()", async () => {
    await using server = await startPrometheus({ config: "global: {scrape_interval: 1s}\n" });
    const { url } = server;
    expect(await server.query("vector(1/0)", 7)).toEqual([
      { labels: {}, value: Number.POSITIVE_INFINITY, timeSecs: 7 },
    ]);
    await server.restart();
    expect(server.url).toBe(url);
    expect(await server.query("1 + 1", 7)).toEqual([{ labels: {}, value: 2, timeSecs: 7 }]);
    await expect(server.query("1 +")).rejects.toThrow("status 400");
    await server.stop();
    await expect(fetch(`${url}/-/ready`)).rejects.toThrow();
  }, 120_000);

  test("tells why the server does not start", async () => {
    await expect(startPrometheus({ config: "no_such_field: 1\n" })).rejects.toThrow("no_such_field");
  }, 120_000);
});

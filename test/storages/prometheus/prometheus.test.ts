import { describe, expect, test } from "bun:test";
import type { PrometheusStorage } from "../../../src/storages/prometheus/prometheus.ts";
import { storageConformance } from "../../roles/storage.ts";
import { tempTree } from "../../support/tree.ts";
import { configFiles, wca } from "../../support/wca.ts";
import { metric, parse } from "../exposition/samples.ts";
import { OPENMETRICS, storageOf, urlOf } from "./storage-of.ts";

async function scrape(storage: PrometheusStorage, accept: string): Promise<string> {
  return (await fetch(urlOf(storage), { headers: { Accept: accept } })).text();
}

for (const accept of ["text/plain", OPENMETRICS]) {
  storageConformance(
    `PrometheusStorage as ${accept}`,
    () => {
      const storage = storageOf();
      return {
        storage,
        received: async () =>
          Object.fromEntries(
            parse(await scrape(storage, accept)).map(({ name, labels, value }) => {
              const text = Object.entries(labels).map(([key, level]) => `${key}="${level}"`);
              return [text.length === 0 ? name : `${name}{${text.join(",")}}`, value];
            }),
          ),
        [Symbol.asyncDispose]: () => storage.close(),
      };
    },
    { cannotFail: "it delivers to nobody, it is asked" },
  );
}

describe("PrometheusStorage", () => {
  test("answers OpenMetrics with the types that the specification allows for each name", async () => {
    const storage = storageOf();
    await storage.open();
    try {
      storage.store([
        metric("a_bytes_total", 1, { type: "counter", unit: "bytes", help: 'A "b".' }),
        metric("task_cycles", 2, { type: "counter" }),
        metric("x", 3, { type: "gauge" }),
        metric("x_total", 4, { type: "counter" }),
        metric("y_total", -1, { type: "counter" }),
      ]);
      expect(await scrape(storage, OPENMETRICS)).toBe(`# TYPE a_bytes counter
# UNIT a_bytes bytes
# HELP a_bytes A \\"b\\".
a_bytes_total 1
# TYPE task_cycles unknown
task_cycles 2
# TYPE x gauge
x 3
# TYPE x_total unknown
x_total 4
# TYPE y_total unknown
y_total -1
# EOF
`);
    } finally {
      await storage.close();
    }
  });

  test("wants credentials for metrics but not for health, and compares what is in the file now", async () => {
    using tree = tempTree({ token: "secret\n" });
    const storage = storageOf({ bearer_token_file: `${tree.root}/token` });
    await storage.open();
    try {
      storage.store([metric("m", 1)]);
      const status = async (path: string, token?: string) =>
        (
          await fetch(new URL(path, urlOf(storage)), {
            headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
          })
        ).status;
      expect([
        await status("/metrics"),
        await status("/metrics", "other"),
        await status("/metrics", "secret"),
      ]).toEqual([401, 401, 200]);
      tree.write("token", "renewed");
      expect([await status("/metrics", "secret"), await status("/metrics", "renewed")]).toEqual([401, 200]);
      expect([await status("/healthz"), await status("/readyz"), await status("/x", "renewed")]).toEqual([
        200, 200, 404,
      ]);
    } finally {
      await storage.close();
    }
  });

  test("answers 503 before the first batch and when the last one is too old", async () => {
    let now = 1_000_000;
    const storage = storageOf({ max_age: 10 }, () => now);
    await storage.open();
    try {
      const statuses = async () => {
        const answers = await Promise.all(
          ["/metrics", "/readyz"].map((path) => fetch(new URL(path, urlOf(storage)))),
        );
        return answers.map(({ status }) => status);
      };
      expect(await statuses()).toEqual([503, 503]);
      storage.store([metric("m", 1)]);
      expect(await statuses()).toEqual([200, 200]);
      now += 10_001;
      expect(await statuses()).toEqual([503, 503]);
    } finally {
      await storage.close();
    }
  });

  test("serves batches of one time together, and the round before until they are all there", async () => {
    const storage = storageOf();
    await storage.open();
    try {
      const now = Date.now();
      const [one, other] = [[metric("a", 1)], [metric("b", 1)]];
      storage.store(one, { timeMs: now, attempt: 1 });
      storage.store(other, { timeMs: now, attempt: 1 });
      expect(await scrape(storage, "text/plain")).toBe("a 1\nb 1\n");
      for (const { 0: changed } of [one, other]) if (changed !== undefined) changed.value = 2;
      storage.store(one, { timeMs: now + 1, attempt: 1 });
      expect(await scrape(storage, "text/plain")).toBe("a 1\nb 1\n");
      storage.store(other, { timeMs: now + 1, attempt: 1 });
      expect(await scrape(storage, "text/plain")).toBe("a 2\nb 2\n");
    } finally {
      await storage.close();
    }
  });
});

describe("the agent", () => {
  test("ends with one error when the address is taken", async () => {
    const taken = storageOf();
    await taken.open();
    try {
      const { host, port } = new URL(urlOf(taken));
      using tree = tempTree({});
      configFiles(tree.root, {
        "config.yaml": `runner: !MeasurementRunner
  node: !StaticNode { tasks: [] }
  metrics_storage: !PrometheusStorage { listen: "${host}" }
`,
      });
      const { exitCode, stdout } = await wca(["-c", `${tree.root}/config.yaml`, "--root", "-n", "1"]);
      expect(exitCode).toBe(1);
      expect(stdout.split("\n").filter((line) => line.includes("EADDRINUSE"))).toEqual([
        expect.stringContaining(
          `Cannot open runner.metrics_storage: Cannot listen on ${host}: EADDRINUSE, another program listens there; \\"ss -ltnp sport = :${port}\\" tells which`,
        ),
      ]);
    } finally {
      await taken.close();
    }
  }, 60_000);
});

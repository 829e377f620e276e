/* Real Prometheus servers scrape the storage, as docs/prometheus.md tells them to. */
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificates, needOpenssl } from "../../support/certificates.ts";
import { checkConfig, preparePrometheus } from "../../support/prometheus.ts";
import {
  type PrometheusServer,
  prepareCurrentPrometheus,
  preparePrometheusServer,
  startPrometheus,
} from "../../support/prometheus-server.ts";
import { requirement } from "../../support/requirement.ts";
import { type Tree, tempTree } from "../../support/tree.ts";
import { configFiles, wca } from "../../support/wca.ts";
import { metric } from "../exposition/samples.ts";
import { openStorage } from "./storage-of.ts";

const DOC = await Bun.file(join(import.meta.dir, "../../../docs/prometheus.md")).text();
const BLOCKS = [...DOC.matchAll(/^```yaml\n(.*?)^```$/gms)].map((block) => block[1] ?? "");
const SCRAPES = BLOCKS.filter((block) => block.startsWith("scrape_configs:"));
const AGENTS = BLOCKS.filter((block) => block.startsWith("runner:"));
const SECRETS = { "wca-password": "p:w ü\n", "wca-token": "token\n" };

/** The files that the examples name, in a directory that stands for /etc/prometheus. */
async function withFiles(tree: Tree) {
  const made = await makeCertificates(tree.root);
  for (const [name, text] of Object.entries(SECRETS)) tree.write(name, text);
  for (const [name, from] of [
    ["wca-ca.pem", made.ca],
    ["client.pem", made.clientCert],
    ["client.key", made.clientKey],
  ] as const) {
    tree.write(name, await readFile(from));
  }
  return made;
}

function inTree(text: string, { root }: Tree): string {
  return text.replaceAll("/etc/prometheus/", `${root}/`);
}

const tools = await requirement("promtool", preparePrometheus);
const openssl = await requirement("openssl", needOpenssl);

describe.skipIf(!(tools && openssl))("docs/prometheus.md", () => {
  test("has an example of each kind", () => {
    expect([SCRAPES.length, AGENTS.length, BLOCKS.length]).toEqual([3, 1, 4]);
  });

  test.each(SCRAPES)("has what promtool takes: %#", async (example) => {
    using tree = tempTree({});
    await withFiles(tree);
    expect(await checkConfig(inTree(example, tree))).toEqual({ ok: true, output: expect.any(String) });
    const wrong = example.replace("static_configs", "static_config");
    expect(await checkConfig(inTree(wrong, tree))).toEqual({
      ok: false,
      output: expect.stringContaining("static_config"),
    });
  });

  test.each(AGENTS)("has what the agent takes: %#", async (example) => {
    using tree = tempTree({});
    configFiles(tree.root, { "config.yaml": example });
    const { exitCode, stdout } = await wca(["check", "-c", `${tree.root}/config.yaml`]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("PrometheusStorage")]);
  });
});

interface Scraper {
  readonly name: string;
  readonly program: readonly string[];
  /** Text of `scrape_configs` entries that make it ask for the text format; absent: it cannot be made to. */
  readonly textFormat?: Readonly<Record<string, unknown>>;
}

const scrapers: Scraper[] = [];
await requirement("Prometheus 2 of Debian", async () => {
  scrapers.push({ name: "Prometheus 2", program: await preparePrometheusServer() });
});
await requirement("Prometheus 3, built with Go", async () => {
  scrapers.push({
    name: "Prometheus 3",
    program: await prepareCurrentPrometheus(),
    textFormat: { scrape_protocols: ["PrometheusText0.0.4"] },
  });
});

const METRICS = [
  metric("wca_test_total", 7, { type: "counter", help: "A test.", labels: { t: 'a"\\\nü' } }),
  metric("task_cycles", 8, { type: "counter", help: "Cycles." }),
  metric("odd", Number.NaN, { type: "gauge", help: "No number." }),
  metric("large_bytes", 2 ** 63, { type: "gauge", help: "Large.", unit: "bytes" }),
];
const READ = [
  ["large_bytes", undefined, 2 ** 63],
  ["odd", undefined, Number.NaN],
  ["task_cycles", undefined, 8],
  ["wca_test_total", 'a"\\\nü', 7],
];

/** Waits for all series, then tells them and the types that the server knows: they differ by format. */
async function scraped(server: PrometheusServer) {
  const query = '{job="wca",__name__=~"wca_test_total|task_cycles|odd|large_bytes"}';
  let found = await server.query(query);
  const until = Date.now() + 60_000;
  while (found.length < METRICS.length && Date.now() < until) {
    await Bun.sleep(100);
    found = await server.query(query);
  }
  const metadata = (await server.api("targets/metadata")) as { metric: string; type: string }[];
  const types = new Map(metadata.map(({ metric: name, type }) => [name, type]));
  return {
    series: found.map(({ labels, value }) => [labels["__name__"], labels["t"], value]).sort(),
    cycles: types.get("task_cycles"),
  };
}

function jobOf(job: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    global: { scrape_interval: "1s" },
    scrape_configs: [{ job_name: "wca", ...job }],
  });
}

describe.each(scrapers)("$name scrapes PrometheusStorage", ({ program, textFormat }) => {
  const formats = [
    { format: "application/openmetrics-text; version=1.0.0", cycles: "unknown", job: {} },
    ...(textFormat === undefined
      ? []
      : [{ format: "text/plain; version=0.0.4", cycles: "counter", job: textFormat }]),
  ];

  test.each(formats)(
    "as $format, compressed",
    async ({ format, cycles, job }) => {
      await using open = await openStorage();
      open.storage.store(METRICS);
      const seen = new Set<string>();
      // Passes everything on, and notes what was agreed.
      await using front = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        async fetch({ headers }) {
          headers.delete("host");
          const response = await fetch(open.url(), { headers, decompress: false });
          const type = response.headers.get("content-type")?.replace(/; charset=utf-8.*/, "");
          seen.add(`${type} ${response.headers.get("content-encoding")}`);
          return new Response(await response.arrayBuffer(), { headers: response.headers });
        },
      });
      await using server = await startPrometheus({
        program,
        config: jobOf({ static_configs: [{ targets: [front.url.host] }], ...job }),
      });
      expect(await scraped(server)).toEqual({ series: READ, cycles });
      expect([...seen]).toEqual([`${format} gzip`]);
    },
    120_000,
  );

  test.skipIf(!openssl).each([
    [1, { username: "prometheus", password: SECRETS["wca-password"].trim() }],
    [2, { bearer_token_file: "wca-token", client_ca_path: "ca.pem" }],
  ] as const)(
    "over TLS with the credentials of example %d",
    async (number, options) => {
      using tree = tempTree({});
      const made = await withFiles(tree);
      const paths = Object.entries(options).map(([name, value]) => [
        name,
        /_(file|path)$/.test(name) ? `${tree.root}/${value}` : value,
      ]);
      await using open = await openStorage({
        cert_path: made.serverCert,
        key_path: made.serverKey,
        ...Object.fromEntries(paths),
      });
      open.storage.store(METRICS);
      const example = inTree(SCRAPES[number] ?? "", tree)
        .replace("node1.example.com:17922", open.url().host)
        .replace("job_name: wca", "job_name: wca\n    scrape_interval: 1s");
      await using server = await startPrometheus({ program, config: example });
      expect(await scraped(server)).toEqual({ series: READ, cycles: "unknown" });
      const wrong = await fetch(open.url("/healthz"), {
        tls: { ca: await readFile(made.ca, "utf8") },
      }).then(
        ({ status }) => status,
        () => "no connection",
      );
      expect(wrong).toBe("client_ca_path" in options ? "no connection" : 200);
    },
    120_000,
  );

  test("ends series at once when they are gone, and all when rounds stop", async () => {
    let now = Date.now();
    await using open = await openStorage({ max_age: 60 }, () => now);
    open.storage.store([metric("gone", 1), metric("stays", 1)]);
    await using server = await startPrometheus({
      program,
      config: jobOf({ static_configs: [{ targets: [open.url().host] }] }),
    });
    const names = async () =>
      (await server.query('{__name__=~"gone|stays|up"}'))
        .map(({ labels, value }) => `${labels["__name__"]} ${value}`)
        .sort()
        .join();
    const become = async (wanted: string) => {
      const until = Date.now() + 60_000;
      while ((await names()) !== wanted && Date.now() < until) await Bun.sleep(100);
      expect(await names()).toBe(wanted);
    };
    await become("gone 1,stays 1,up 1");
    open.storage.store([metric("stays", 2)]);
    await become("stays 2,up 1");
    now += 61_000;
    await become("up 0");
  }, 200_000);
});

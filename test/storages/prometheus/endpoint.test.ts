import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { gunzipSync } from "node:zlib";
import { until } from "../../support/wca.ts";
import { metric } from "../exposition/samples.ts";
import { OPENMETRICS, type OpenStorage, openStorage, storageOf, urlOf } from "./storage-of.ts";

const GZIP = { "Accept-Encoding": "gzip" };
/** In all more than the kernel keeps for a client that does not read. */
const LARGE = { series: 3000, labelLength: 20_000 };
const LAST_LINE = `t="${LARGE.series - 1}"} ${LARGE.series - 1}\n`;

/** A client that says exactly this, and reads only when told to. */
function rawClient(storage: OpenStorage, request: string) {
  const { hostname, port } = storage.url();
  const socket: Socket = connect({ port: Number(port), host: hostname.replaceAll(/[[\]]/g, "") });
  let received = "";
  const ended = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
    socket.on("error", () => resolve());
  });
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
  });
  socket.write(request);
  return { socket, received: () => received, ended, [Symbol.dispose]: () => void socket.destroy() };
}

/** A client whose answer has begun, and that reads no further until it is resumed. */
async function slowClient(open: OpenStorage) {
  const client = rawClient(open, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise<void>((resolve) => {
    client.socket.once("data", () => {
      client.socket.pause();
      resolve();
    });
  });
  expect(client.received()).toStartWith("HTTP/1.1 200 ");
  return client;
}

/** The whole answer to one request. */
async function raw(storage: OpenStorage, request: string): Promise<string> {
  using client = rawClient(storage, request.replace("\r\n", "\r\nConnection: close\r\n"));
  await client.ended;
  return client.received();
}

/** Asks until the status is this one. */
async function answered(open: OpenStorage, status: number): Promise<Response> {
  for (;;) {
    const response = await open.get();
    await response.body?.cancel();
    if (response.status === status) return response;
    await Bun.sleep(5);
  }
}

function many(count: number, label = "") {
  return Array.from({ length: count }, (_, index) =>
    metric("many", index, { labels: { l: label, t: String(index) } }),
  );
}

function large() {
  return many(LARGE.series, "x".repeat(LARGE.labelLength));
}

describe("PrometheusStorage", () => {
  test.each([
    ["text/plain", "text/plain; version=0.0.4; charset=utf-8", "ü 1\n"],
    [
      OPENMETRICS,
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
      '# TYPE m unknown\nm{l="ü"} 1\n# EOF\n',
    ],
  ])("compresses %s when asked to", async (accept, contentType, text) => {
    await using open = await openStorage();
    open.storage.store([metric("m", 1, { labels: { l: "ü" } })]);
    const expected = text.replace("ü 1", 'm{l="ü"} 1');
    for (const encoding of ["gzip", "gzip;q=0", "identity", ""]) {
      const response = await fetch(open.url(), {
        headers: { Accept: accept, "Accept-Encoding": encoding },
        decompress: false,
      });
      const isGzip = encoding === "gzip";
      const body = Buffer.from(await response.arrayBuffer());
      expect({
        body: (isGzip ? gunzipSync(body) : body).toString(),
        type: response.headers.get("content-type"),
        encoding: response.headers.get("content-encoding"),
        vary: response.headers.get("vary"),
        length: response.headers.get("content-length"),
      }).toEqual({
        body: expected,
        type: contentType,
        encoding: isGzip ? "gzip" : null,
        vary: "Accept, Accept-Encoding",
        length: String(body.length),
      });
    }
  });

  test("answers each client with one whole round while rounds go on", async () => {
    await using open = await openStorage();
    const metrics = many(2000);
    let isOver = false;
    const rounds = (async () => {
      for (let round = 0; !isOver; round++) {
        for (const one of metrics) one.value = 10 ** (round % 9);
        open.storage.store(metrics, { timeMs: Date.now() + round, attempt: 1 });
        await Bun.sleep(0);
      }
    })();
    const accepts = ["text/plain", OPENMETRICS];
    for (let i = 0; i < 40; i++) {
      const text = await (
        await open.get("/metrics", { Accept: accepts[i % 2] ?? "", ...(i % 4 < 2 ? GZIP : {}) })
      ).text();
      const values = text
        .split("\n")
        .filter((line) => line.startsWith("many"))
        .map((line) => line.split(" ")[1]);
      expect([values.length, new Set(values).size]).toEqual([2000, 1]);
    }
    isOver = true;
    await rounds;
  });

  test("answers HEAD with the headers of GET and no body", async () => {
    await using open = await openStorage();
    open.storage.store([metric("m", 1)]);
    for (const headers of [{}, GZIP]) {
      const get = await fetch(open.url(), { headers, decompress: false });
      const head = await fetch(open.url(), { method: "HEAD", headers, decompress: false });
      const pick = ({ status, headers: given }: Response) => [
        status,
        ...["content-type", "content-encoding", "content-length", "cache-control"].map((name) =>
          given.get(name),
        ),
      ];
      expect(pick(head)).toEqual(pick(get));
      expect(await head.text()).toBe("");
    }
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])("refuses %s with 405", async (method) => {
    await using open = await openStorage();
    for (const path of ["/metrics", "/healthz", "/other"]) {
      const answer = await raw(open, `${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect(answer).toStartWith("HTTP/1.1 405 ");
      expect(answer).toMatch(/^allow: GET, HEAD\r$/im);
    }
  });

  test.each([
    ["a header Host that is no host", "GET /metrics HTTP/1.1\r\nHost: a b[\r\n\r\n"],
    ["a header Host with a path", "GET /metrics HTTP/1.1\r\nHost: a/healthz\r\n\r\n"],
    ["HTTP/1.0 without Host", "GET /metrics HTTP/1.0\r\n\r\n"],
    ["the whole URL", "GET http://other/metrics HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a query", "GET /metrics?name[]=/healthz HTTP/1.1\r\nHost: a\r\n\r\n"],
  ])("answers a request with %s, and logs nothing", async (_, request) => {
    await using open = await openStorage();
    open.storage.store([metric("m", 1)]);
    const answer = await raw(open, request);
    expect(answer).toStartWith("HTTP/1.1 200 ");
    expect(answer).toEndWith("m 1\n");
    expect(open.logged.filter(([level]) => level !== "info")).toEqual([]);
  });

  test("refuses a long body, and goes on", async () => {
    await using open = await openStorage();
    const answer = await raw(open, `POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 (405|413) /);
    expect((await open.get("/healthz")).status).toBe(200);
  });

  test("gives # EOF alone for a first batch that is empty", async () => {
    await using open = await openStorage();
    open.storage.store([]);
    expect(await (await open.get("/metrics", { Accept: OPENMETRICS })).text()).toBe("# EOF\n");
    expect(await (await open.get("/metrics", { Accept: "text/plain" })).text()).toBe("");
  });

  test("writes the time of the round when told to", async () => {
    await using open = await openStorage({ include_timestamp: true }, () => 1_531_729_600_000);
    const metrics = [metric("m", 1)];
    for (const timeMs of [1_531_729_598_001.75, 1_531_729_599_020]) {
      open.storage.store(metrics, { timeMs, attempt: 1 });
      const texts = ["text/plain", OPENMETRICS].map(async (accept) =>
        (await open.get("/metrics", { Accept: accept })).text(),
      );
      const ms = String(Math.trunc(timeMs));
      expect(await Promise.all(texts)).toEqual([
        `m 1 ${ms}\n`,
        `# TYPE m unknown\nm 1 ${ms.slice(0, -3)}.${ms.slice(-3)}\n# EOF\n`,
      ]);
    }
  });

  test("answers 503 to more scrapes than max_scrapes, and again when one has ended", async () => {
    await using open = await openStorage({ max_scrapes: 2 });
    open.storage.store(large());
    using first = await slowClient(open);
    using second = await slowClient(open);
    const refused = await answered(open, 503);
    expect(refused.headers.get("retry-after")).toBe("1");
    first.socket.destroy();
    expect((await answered(open, 200)).status).toBe(200);
    second.socket.resume();
    await until(() => second.received().endsWith(LAST_LINE));
  }, 60_000);

  test("close() ends answers under way", async () => {
    await using open = await openStorage();
    open.storage.store(large());
    using slow = await slowClient(open);
    await open.storage.close();
    slow.socket.resume();
    await slow.ended;
    expect(slow.received().endsWith(LAST_LINE)).toBe(false);
  }, 60_000);

  test.each(["[::1]:0", "localhost:0", "127.0.0.2:0"])("listens on %s", async (listen) => {
    await using open = await openStorage({ listen });
    open.storage.store([metric("m", 1)]);
    expect(open.url().host).toStartWith(listen.slice(0, -1));
    expect(await (await open.get("/metrics", { Accept: "text/plain" })).text()).toBe("m 1\n");
    expect(open.logged).toEqual([["info", `Serving metrics at ${open.url()}`]]);
  });

  test("listens on IPv4 and IPv6 with [::]", async () => {
    await using open = await openStorage({ listen: "[::]:0" });
    open.storage.store([metric("m", 1)]);
    for (const host of ["127.0.0.1", "[::1]"]) {
      expect((await fetch(`http://${host}:${open.url().port}/metrics`)).status).toBe(200);
    }
  });

  test.each(["127.0.0.1", "0.0.0.0", "[::]"])("open() tells that the port of %s is taken", async (host) => {
    await using first = await openStorage({ listen: `${host}:0` });
    const { port } = first.url();
    const second = storageOf({ listen: `${host}:${port}` });
    expect(() => second.open()).toThrow(
      `Cannot listen on ${host}:${port}: EADDRINUSE, another program listens there; "ss -ltnp sport = :${port}" tells which`,
    );
    await second.close();
    expect((await first.get("/healthz")).status).toBe(200);
  });

  test("open() tells that the host has no such address", () => {
    const storage = storageOf({ listen: "192.0.2.1:0" });
    expect(() => storage.open()).toThrow(
      "Cannot listen on 192.0.2.1:0: EADDRNOTAVAIL, this host has no such address",
    );
  });

  test("takes the same port again right after close()", async () => {
    const first = await openStorage();
    first.storage.store([metric("m", 1)]);
    const { port } = first.url();
    expect(await (await first.get("/metrics")).text()).toBe("m 1\n");
    await first.storage.close();
    const second = storageOf({ listen: `127.0.0.1:${port}` });
    second.open();
    expect(new URL(urlOf(second)).port).toBe(port);
    await second.close();
  });
});

const external = Object.values(networkInterfaces())
  .flat()
  .find((address) => address !== undefined && !address.internal && address.family === "IPv4")?.address;

describe("open()", () => {
  test.each(["0.0.0.0", "[::]", ...(external === undefined ? [] : [external])])(
    "warns when anybody can read metrics at %s",
    async (host) => {
      await using open = await openStorage({ listen: `${host}:0` });
      expect(open.logged.filter(([level]) => level === "warning")).toEqual([
        ["warning", `Anybody who reaches ${host}:0 can read the metrics: no credentials are set`],
      ]);
    },
  );

  test("warns when credentials travel in clear text", async () => {
    await using open = await openStorage({ listen: "0.0.0.0:0", username: "u", password: "p" });
    expect(open.logged.filter(([level]) => level === "warning")).toEqual([
      ["warning", 'Credentials for 0.0.0.0:0 travel in clear text: no "cert_path" is set'],
    ]);
  });
});

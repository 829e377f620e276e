import { describe, expect, test } from "bun:test";
import * as path from "node:path";
import { z } from "zod";
import type { OptionsOf } from "../../../src/config/component.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { FailedDeliveryError } from "../../../src/model/errors.ts";
import type { Metric } from "../../../src/model/metric.ts";
import { SSL } from "../../../src/net/ssl.ts";
import { HTTPStorage } from "../../../src/storages/http/http.ts";
import { storageConformance } from "../../roles/storage.ts";
import { makeCertificates, needOpenssl } from "../../support/certificates.ts";
import { testContext } from "../../support/context.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";

const TIME = 1531729598000;

interface Posted {
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly text: string;
}

/** A server that keeps what was posted and answers as the test says. */
function receiver(tls?: Bun.TLSOptions) {
  const posts: Posted[] = [];
  const answer = { now: (): Response | Promise<Response> => new Response("") };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls === undefined ? {} : { tls }),
    async fetch(request) {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const plain = request.headers.get("content-encoding") === "gzip" ? Bun.gunzipSync(bytes) : bytes;
      posts.push({ headers: request.headers, bytes, text: new TextDecoder().decode(plain) });
      return answer.now();
    },
  });
  return {
    posts,
    answer,
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}/`,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

function storageOf(options: Partial<OptionsOf<typeof HTTPStorage>>) {
  const parsed = z.object(HTTPStorage.component.options).parse({ timeout: 5, ...options });
  const context = testContext(new KernelHost({ now: () => TIME, hostname: "test-host" }));
  return { storage: new HTTPStorage(parsed, context), logged: context.logged };
}

function metric(name: string, value: number, labels: Record<string, string> = {}): Metric {
  return { name, value, labels };
}

async function failureOf(storing: Promise<void>): Promise<FailedDeliveryError> {
  const error = await storing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof FailedDeliveryError)) throw new Error(`Cannot see a failed delivery: ${error}`);
  return error;
}

storageConformance("HTTPStorage", () => {
  const server = receiver();
  const { storage } = storageOf({ url: server.url, format: "prometheus" });
  const received: Record<string, number> = {};
  return {
    storage,
    received: () => {
      for (const { text } of server.posts.splice(0)) {
        for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
          const [, series = "", value] = /^(.*?) (\S+) \d+$/.exec(line) ?? [];
          received[series] = Number(value);
        }
      }
      return received;
    },
    impede: () => {
      server.answer.now = () => new Response("not now", { status: 503 });
      server.posts.length = 0;
    },
    repair: () => {
      server.answer.now = () => new Response("");
    },
    [Symbol.asyncDispose]: async () => server[Symbol.dispose](),
  };
});

const METRICS = [metric("b", 1.5, { x: "1" }), metric("10", 2), metric("a", 3), metric("b", 4, { x: "2" })];

describe("HTTPStorage store()", () => {
  test("posts {name: value} in the order of the metrics, of the same name the last value", async () => {
    using server = receiver();
    const { storage, logged } = storageOf({ url: server.url });
    await storage.store(METRICS);
    expect(server.posts[0]?.text).toBe('{"b":4,"a":3}');
    expect(server.posts[0]?.headers.get("content-type")).toBe("application/json");
    expect(storage.droppedMetrics).toBe(1);
    expect(logged).toEqual([
      [
        "warning",
        'Dropped a metric that cannot be written: metric name "10" does not match ^[a-zA-Z_:][a-zA-Z0-9_:]*$',
      ],
    ]);
  });

  test("posts a line for each series with format ndjson", async () => {
    using server = receiver();
    const { storage } = storageOf({ url: server.url, format: "ndjson" });
    await storage.store([...METRICS, metric("c", Number.NaN), metric("d", Number.POSITIVE_INFINITY)], {
      timeMs: 1234.5,
      attempt: 1,
    });
    expect(server.posts[0]?.text).toBe(
      `${[
        '{"name":"b","value":1.5,"timestamp":1234,"labels":{"x":"1"}}',
        '{"name":"a","value":3,"timestamp":1234,"labels":{}}',
        '{"name":"b","value":4,"timestamp":1234,"labels":{"x":"2"}}',
        '{"name":"c","value":"NaN","timestamp":1234,"labels":{}}',
        '{"name":"d","value":"Infinity","timestamp":1234,"labels":{}}',
      ].join("\n")}\n`,
    );
  });

  test("compresses, and sends the user's headers", async () => {
    using server = receiver();
    const { storage } = storageOf({
      url: server.url,
      format: "prometheus",
      compression: "gzip",
      headers: { "X-Env": "prod" },
    });
    await storage.store([metric("a", 1)]);
    const [post] = server.posts;
    expect(post?.headers.get("x-env")).toBe("prod");
    expect([...(post?.bytes.subarray(0, 2) ?? [])]).toEqual([0x1f, 0x8b]);
    expect(post?.text).toBe(`a 1 ${TIME}\n`);
  });

  test("posts the same again under the same key, and the next batch under another", async () => {
    using server = receiver();
    const { storage } = storageOf({ url: server.url });
    const sample = { ...metric("a", 1) };
    const metrics = [sample];
    server.answer.now = () => new Response("", { status: 503, headers: { "Retry-After": "7" } });
    const error = await failureOf(storage.store(metrics, { timeMs: 1000, attempt: 1 }));
    expect({ again: error.undelivered === metrics, after: error.retryAfterSecs }).toEqual({
      again: true,
      after: 7,
    });
    server.answer.now = () => new Response("");
    await storage.store(metrics, { timeMs: 1000, attempt: 2 });
    sample.value = 2;
    await storage.store(metrics, { timeMs: 2000, attempt: 1 });
    const keys = server.posts.map(({ headers }) => headers.get("idempotency-key"));
    expect(server.posts.map(({ text }) => text)).toEqual(['{"a":1}', '{"a":1}', '{"a":2}']);
    expect({ same: keys[0] === keys[1], other: keys[1] !== keys[2] }).toEqual({ same: true, other: true });
  });

  for (const [status, again] of [
    [200, undefined],
    [204, undefined],
    [400, false],
    [401, false],
    [301, false],
    [413, false],
    [408, true],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
    [504, true],
  ] as const) {
    const what = again === undefined ? "is content with" : again ? "tries again after" : "drops after";
    test(`${what} status ${status}`, async () => {
      using server = receiver();
      const { storage } = storageOf({ url: server.url });
      const body = [204, 301].includes(status) ? null : "the reason\nmore";
      server.answer.now = () => new Response(body, { status, headers: { Location: server.url } });
      const metrics = [metric("a", 1)];
      if (again === undefined) {
        await storage.store(metrics);
      } else {
        const error = await failureOf(storage.store(metrics));
        expect(error.undelivered).toEqual(again ? metrics : undefined);
        const reason = body === null ? "" : ", the reason";
        expect(error.message).toBe(`Cannot post metrics to ${server.url}: status ${status}${reason}`);
      }
      expect(server.posts.length).toBe(1);
    });
  }

  test("tries again when nobody listens, and when no answer comes in time", async () => {
    const gone = receiver();
    gone[Symbol.dispose]();
    const metrics = [metric("a", 1)];
    const refused = await failureOf(storageOf({ url: gone.url }).storage.store(metrics));
    expect(refused.undelivered).toBe(metrics);
    // Bun has two names for it.
    expect(refused.message).toMatch(
      new RegExp(
        `^Cannot post metrics to ${gone.url}: (ECONNREFUSED|ConnectionRefused)[,:] Unable to connect$`,
      ),
    );
    using server = receiver();
    const { promise, resolve } = Promise.withResolvers<Response>();
    server.answer.now = () => promise;
    const late = await failureOf(storageOf({ url: server.url, timeout: 0.05 }).storage.store(metrics));
    resolve(new Response(""));
    expect(late.undelivered).toBe(metrics);
    expect(late.message).toBe(`Cannot post metrics to ${server.url}: no answer within 0.05 s`);
  });

  test("shows who it is by password or token, whose files it reads anew, and tells neither", async () => {
    using server = receiver();
    using tree = tempTree({ password: "hunter2\n", token: "abc\n" });
    const file = (name: string) => path.join(tree.root, name);
    const authorizations = async (options: Partial<OptionsOf<typeof HTTPStorage>>) => {
      await storageOf({ url: server.url, ...options }).storage.store([]);
      return server.posts.at(-1)?.headers.get("authorization");
    };
    const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
    expect(await authorizations({ username: "wca", password: "p:w" })).toBe(basic("wca:p:w"));
    expect(await authorizations({ username: "wca", password_file: file("password") })).toBe(
      basic("wca:hunter2"),
    );
    const { storage } = storageOf({ url: server.url, bearer_token_file: file("token") });
    await storage.store([]);
    tree.write("token", "def");
    await storage.store([]);
    expect(server.posts.slice(-2).map(({ headers }) => headers.get("authorization"))).toEqual([
      "Bearer abc",
      "Bearer def",
    ]);
    tree.remove("token");
    const error = await failureOf(storage.store(METRICS));
    expect(error.undelivered).toBe(METRICS);
    expect(error.message).toContain("ENOENT");
    const secret = server.url.replace("://", "://wca:hunter2@");
    server.answer.now = () => new Response("", { status: 400 });
    const { message } = await failureOf(storageOf({ url: `${secret}in?key=hunter2&x#y` }).storage.store([]));
    expect(message).toBe(`Cannot post metrics to ${server.url}in?…: status 400`);
  });

  const contradictions: readonly (readonly [Partial<OptionsOf<typeof HTTPStorage>>, RegExp])[] = [
    [{ password: "x" }, /need "username"/],
    [{ username: "a", password: "x", password_file: "y" }, /exclude each other/],
    [{ username: "a", bearer_token_file: "y" }, /exclude each other/],
    [{ ssl: new SSL({ server_verify: false }) }, /"ssl" needs an https URL, saw "http:/],
  ];
  for (const [options, message] of contradictions) {
    test(`cannot be built with ${Object.keys(options).join(", ")}`, () => {
      expect(() => storageOf(options)).toThrow(message);
    });
  }
});

describe.skipIf(!(await requirement("openssl", needOpenssl)))("HTTPStorage store() over TLS", async () => {
  const tree = tempTree({});
  const certificates = await makeCertificates(tree.root);
  const server = {
    cert: await Bun.file(certificates.serverCert).text(),
    key: await Bun.file(certificates.serverKey).text(),
  };

  test("trusts the authority it is told, and no other", async () => {
    using receiving = receiver(server);
    const trusting = new SSL({ server_verify: certificates.ca });
    await storageOf({ url: receiving.url, ssl: trusting }).storage.store([metric("a", 1)]);
    expect(receiving.posts.map(({ text }) => text)).toEqual(['{"a":1}']);
    for (const ssl of [undefined, new SSL({ server_verify: true })]) {
      const { storage } = storageOf({ url: receiving.url, ...(ssl === undefined ? {} : { ssl }) });
      const error = await failureOf(storage.store(METRICS));
      expect(error.undelivered).toBe(METRICS);
      expect(error.message).toMatch(/certificate/i);
    }
    await storageOf({ url: receiving.url, ssl: new SSL({ server_verify: false }) }).storage.store([]);
    expect(receiving.posts.length).toBe(2);
  });

  test("shows its certificate to a server that asks for one", async () => {
    const ca = await Bun.file(certificates.ca).text();
    using receiving = receiver({ ...server, ca, requestCert: true, rejectUnauthorized: true });
    const { ca: server_verify, clientCert: client_cert_path, clientKey: client_key_path } = certificates;
    const known = new SSL({ server_verify, client_cert_path, client_key_path });
    await storageOf({ url: receiving.url, ssl: known }).storage.store([metric("a", 1)]);
    expect(receiving.posts.length).toBe(1);
    const unknown = storageOf({ url: receiving.url, ssl: new SSL({ server_verify }) });
    expect((await failureOf(unknown.storage.store(METRICS))).undelivered).toBe(METRICS);
    expect(receiving.posts.length).toBe(1);
  });
});

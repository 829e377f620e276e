/* What the storage makes of each answer, from a receiver that says what the test wants. */
import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { FailedDeliveryError } from "../../../src/model/errors.ts";
import { readExportResponse } from "../../../src/storages/otlp/export-response.ts";
import { metric } from "../exposition/samples.ts";
import { makeStorage } from "./make-storage.ts";

interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly requests: { readonly headers: Headers; readonly body: Uint8Array }[];
}

/** Gives the answers in turn, the last one for ever; `"cut"` ends the connection without one. */
function receiver(...answers: (() => Response)[]): Receiver {
  const requests: { headers: Headers; body: Uint8Array }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      requests.push({ headers: request.headers, body: await request.bytes() });
      const answer = answers[Math.min(requests.length, answers.length) - 1];
      return answer?.() ?? new Response("no answer", { status: 500 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/v1/metrics`,
    requests,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const OK = () => Response.json({ partialSuccess: {} });
const answer =
  (status: number, headers: Record<string, string> = {}) =>
  () =>
    Response.json({ code: 1, message: "because" }, { status, headers });

const METRICS = ["a", "b", "c", "d", "e"].map((name, i) => metric(name, i));

/** What became of the five metrics, each pair of them a request. */
async function outcome(...answers: (() => Response)[]) {
  await using server = receiver(...answers);
  const { storage, context } = makeStorage({ url: server.url, max_data_points_per_request: 2 });
  const error = await storage.store(METRICS, { timeMs: 1000, attempt: 1 }).catch((error: unknown) => error);
  const requests = server.requests.length;
  if (error === undefined) return { requests, logged: context.logged };
  if (!(error instanceof FailedDeliveryError)) throw error;
  const { undelivered, dropped, retryAfterSecs } = error;
  const message = error.message.replaceAll(/127\.0\.0\.1:\d+/g, "HOST");
  return { requests, message, dropped, retryAfterSecs, undelivered: undelivered?.map(({ name }) => name) };
}

for (const status of [429, 502, 503, 504]) {
  test(`store() has everything tried again after status ${status}`, async () => {
    expect(await outcome(answer(status, { "Retry-After": "7" }))).toEqual({
      requests: 1,
      message: `Cannot post metrics to http://HOST/v1/metrics: status ${status}, {"code":1,"message":"because"}`,
      dropped: 0,
      retryAfterSecs: 7,
      undelivered: ["a", "b", "c", "d", "e"],
    });
  });
}

for (const status of [301, 400, 401, 404, 408, 413, 500, 501]) {
  test(`store() drops each request that is answered with status ${status}`, async () => {
    expect(await outcome(answer(status), OK, answer(status))).toEqual({
      requests: 3,
      message: `Cannot post metrics to http://HOST/v1/metrics: status ${status}, {"code":1,"message":"because"}`,
      dropped: 3,
      retryAfterSecs: undefined,
      undelivered: undefined,
    });
  });
}

test("store() has only those tried again that were not acknowledged, in the order of the batch", async () => {
  expect(await outcome(OK, answer(503))).toMatchObject({
    requests: 2,
    dropped: 0,
    undelivered: ["c", "d", "e"],
  });
});

test("store() gives the batch itself back when nothing arrived, and metrics in the batch's order", async () => {
  await using server = receiver(answer(503), OK, answer(503));
  const { storage } = makeStorage({ url: server.url, max_data_points_per_request: 2 });
  const mixed = [0, 1, 2, 3].map((i) => metric(`m${i % 2}`, i, { labels: { i: String(i) } }));
  const failed = () =>
    storage.store(mixed).then(
      () => undefined,
      ({ undelivered }) => undelivered,
    );
  expect(await failed()).toBe(mixed);
  expect(await failed()).toEqual([mixed[1], mixed[3]]);
});

test("store() tells both what is dropped and what is to be tried again", async () => {
  expect(await outcome(answer(400), OK, answer(503))).toMatchObject({
    requests: 3,
    dropped: 2,
    undelivered: ["e"],
  });
});

test("store() does not hand back what it left out itself", async () => {
  await using server = receiver(answer(503));
  const { storage } = makeStorage({ url: server.url });
  const error = await storage.store([metric("not a name", 1), ...METRICS]).catch((error: unknown) => error);
  expect((error as FailedDeliveryError).undelivered).toEqual(METRICS);
  expect(storage.droppedMetrics).toBe(1);
});

test("store() counts the data points that a receiver rejects, and goes on", async () => {
  const rejected = () =>
    Response.json({ partialSuccess: { rejectedDataPoints: "1", errorMessage: "too old" } });
  expect(await outcome(OK, rejected)).toEqual({
    requests: 3,
    message: "Cannot deliver 1 of 2 data points: rejected, too old",
    dropped: 2,
    retryAfterSecs: undefined,
    undelivered: undefined,
  });
});

test("store() never counts more as rejected than it sent", async () => {
  const rejected = () => Response.json({ partialSuccess: { rejectedDataPoints: 99 } });
  expect(await outcome(rejected, OK)).toMatchObject({ dropped: 2 });
});

test("store() says what a receiver has to say that took everything, once", async () => {
  const advice = () => Response.json({ partialSuccess: { errorMessage: "use gRPC" } });
  expect(await outcome(advice, OK, advice)).toEqual({
    requests: 3,
    logged: [["warning", "The receiver took the metrics, but says: use gRPC"]],
  });
});

test("store() has everything tried again when nobody listens, nobody answers, or the answer is cut off", async () => {
  const closed = receiver(OK);
  await closed[Symbol.asyncDispose]();
  const { promise: never, resolve: stop } = Promise.withResolvers<Response>();
  const silent = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => never });
  const cutting = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{");
      },
    },
  });
  try {
    for (const url of [closed.url, `http://127.0.0.1:${silent.port}/`, `http://127.0.0.1:${cutting.port}/`]) {
      const { storage } = makeStorage({ url, timeout: 0.2 });
      const error = await storage.store(METRICS).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(FailedDeliveryError);
      expect((error as FailedDeliveryError).undelivered).toBe(METRICS);
      expect((error as FailedDeliveryError).message).toStartWith(`Cannot post metrics to ${url}: `);
    }
  } finally {
    stop(new Response());
    cutting.stop(true);
    await silent.stop(true);
  }
});

test("store() posts JSON with the user's headers, compressed unless told otherwise", async () => {
  await using server = receiver(OK);
  for (const compression of ["gzip", "none"] as const) {
    const headers = { "X-Scope-OrgID": "us" };
    await makeStorage({ url: server.url, compression, headers }).storage.store(METRICS);
  }
  const [zipped, plain] = server.requests;
  const seen = (request: typeof zipped) =>
    ["content-type", "content-encoding", "x-scope-orgid"].map((name) => request?.headers.get(name));
  expect(seen(zipped)).toEqual(["application/json", "gzip", "us"]);
  expect(seen(plain)).toEqual(["application/json", null, "us"]);
  const names = (body: Uint8Array) =>
    JSON.parse(new TextDecoder().decode(body)).resourceMetrics[0].scopeMetrics[0].metrics.map(
      ({ name }: { name: string }) => name,
    );
  expect(names(gunzipSync(zipped?.body ?? new Uint8Array()))).toEqual(["a", "b", "c", "d", "e"]);
  expect(names(plain?.body ?? new Uint8Array())).toEqual(["a", "b", "c", "d", "e"]);
});

test("store() writes JSON with the names and number formats of the specification", async () => {
  await using server = receiver(OK);
  const { storage } = makeStorage({ url: server.url, compression: "none" });
  const labels = { task_id: "a", host: "h" };
  const metrics = [
    metric("c_total", 1.5, { labels, type: "counter", help: "Counts.", unit: "seconds" }),
    metric("g", Number.NEGATIVE_INFINITY),
  ];
  await storage.store(metrics, { timeMs: 1_531_729_598_001, attempt: 1 });
  expect(JSON.parse(new TextDecoder().decode(server.requests[0]?.body))).toEqual({
    resourceMetrics: [
      {
        resource: {
          attributes: [
            { key: "host.name", value: { stringValue: "test-host" } },
            { key: "service.name", value: { stringValue: "wca" } },
            { key: "service.version", value: { stringValue: "0.0.0-test" } },
          ],
        },
        scopeMetrics: [
          {
            scope: { name: "wca", version: "0.0.0-test" },
            metrics: [
              {
                name: "c_total",
                description: "Counts.",
                unit: "s",
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [
                    {
                      attributes: [
                        { key: "host", value: { stringValue: "h" } },
                        { key: "task_id", value: { stringValue: "a" } },
                      ],
                      startTimeUnixNano: "1531729598001000000",
                      timeUnixNano: "1531729598001000000",
                      asDouble: 1.5,
                    },
                  ],
                },
              },
              {
                name: "g",
                gauge: {
                  dataPoints: [
                    { attributes: [], timeUnixNano: "1531729598001000000", asDouble: "-Infinity" },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  });
});

const RESPONSES: readonly (readonly [string, string, number, string])[] = [
  ["an empty one", "{}", 0, ""],
  ["no partial success", '{"partialSuccess":{}}', 0, ""],
  ["numbers", '{"partialSuccess":{"rejectedDataPoints":3,"errorMessage":"why"}}', 3, "why"],
  ["digits in quotes", '{"partialSuccess":{"rejectedDataPoints":"12"}}', 12, ""],
  ["the names of the schema", '{"partial_success":{"rejected_data_points":"1","error_message":"x"}}', 1, "x"],
  ["escapes", '{ "partialSuccess" : { "errorMessage" : "a \\"b\\" \\\\" } }', 0, 'a "b" \\'],
  ["one that is cut off", '{"partialSuccess":{"rejectedDataPoints":"5","errorMessage":"a lo', 5, "a lo"],
  ["no JSON", "<html>rejected", 0, ""],
  ["nothing", "", 0, ""],
];

for (const [what, text, rejectedDataPoints, errorMessage] of RESPONSES) {
  test(`readExportResponse() reads ${what}`, () => {
    expect(readExportResponse(text)).toEqual({ rejectedDataPoints, errorMessage });
  });
}

import { describe, expect, test } from "bun:test";
import { FailedDeliveryError } from "../../../src/model/errors.ts";
import { type StorageCase, storageConformance } from "../../roles/storage.ts";
import { allSamples, receivers, seriesAt, startFront, startReceiver, writeUrl } from "./receivers.ts";
import { metric, type Sample, storageOf, UniqueClock } from "./storage-of.ts";

const SLOW_MS = 120_000;
const RECEIVERS = await receivers();

async function failure(promise: Promise<void>): Promise<FailedDeliveryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof FailedDeliveryError) return error;
  throw new Error(`Wanted a FailedDeliveryError, saw ${error}`);
}

function many(count: number, value = 1): Sample[] {
  return Array.from({ length: count }, (_, index) => metric("many", value, { labels: { n: `${index}` } }));
}

for (const receiver of RECEIVERS) {
  storageConformance(`RemoteWriteStorage to ${receiver.name}`, async (): Promise<StorageCase> => {
    const server = await startReceiver(receiver);
    const clock = new UniqueClock();
    const { storage } = storageOf({ url: writeUrl(server) }, clock.next);
    return {
      storage,
      received: () => seriesAt(server, clock.next()),
      impede: () => server.kill(),
      repair: () => server.restart(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  });
}

describe.each([...RECEIVERS])("RemoteWriteStorage to $name", (receiver) => {
  test(
    "carries every value and label as it is",
    async () => {
      await using server = await startReceiver(receiver);
      await using made = storageOf({ url: writeUrl(server) });
      const values = [0, -0, 1, -1.5, 2 ** 63, 5e-324, Number.MAX_VALUE, 1 / 3, Infinity, -Infinity, NaN];
      const text = 'a"b\\c\n\t\u0000é€😀\u{10ffff}';
      const timeMs = Date.now();
      await made.storage.store(
        [
          ...values.map((value, index) => metric("value", value, { labels: { n: `${index}` } })),
          metric("labels", 1, { labels: { b: text, Upper: "u", _x: "x", empty: "", z: "\ud800half" } }),
        ],
        { timeMs, attempt: 1 },
      );
      const seen = await server.query("value", timeMs / 1000);
      expect(
        seen.toSorted((a, b) => Number(a.labels["n"]) - Number(b.labels["n"])).map(({ value }) => value),
      ).toEqual(values);
      expect((await server.query("labels", timeMs / 1000)).map(({ labels }) => labels)).toEqual([
        { __name__: "labels", b: text, Upper: "u", _x: "x", z: "\ufffdhalf" },
      ]);
      expect(made.logged).toEqual(
        receiver.speaks === "2.0"
          ? []
          : [["info", "The receiver does not understand remote write 2.0: sending 1.0"]],
      );
    },
    SLOW_MS,
  );

  test(
    "sends a large batch as several requests, and new values of it by the version found",
    async () => {
      await using server = await startReceiver(receiver);
      using front = startFront(server.url);
      await using made = storageOf({ url: writeUrl(front), max_samples_per_send: 400, metadata: false });
      const metrics = many(1000);
      const firstMs = Date.now() - 10_000;
      for (const round of [0, 1, 2]) {
        metrics.forEach((one, index) => {
          one.value = round * 1000 + index;
        });
        await made.storage.store(metrics, { timeMs: firstMs + round * 1000, attempt: 1 });
      }
      const all = await allSamples(server, "many");
      expect(all.size).toBe(3000);
      for (const [key, value] of all) {
        const [, n, time] = /"n":"(\d+)".*@(\d+)$/.exec(key) ?? [];
        expect(Number(value)).toBe(Number(time) - firstMs + Number(n));
      }
      // By auto-detection a receiver of 1.0 costs one request more.
      expect(front.requests.length).toBe(receiver.speaks === "1.0" ? 10 : 9);
      const versions = front.requests.map(({ headers }) => headers.get("x-prometheus-remote-write-version"));
      expect(versions.slice(1)).toEqual(
        versions.slice(1).map(() => (receiver.speaks === "1.0" ? "0.1.0" : "2.0.0")),
      );
    },
    SLOW_MS,
  );

  test(
    "ends series that are in a batch no more, of their source only, and all at the end",
    async () => {
      await using server = await startReceiver(receiver);
      const { storage } = storageOf({ url: writeUrl(server) });
      const [up, gone, nan] = [metric("up", 1), metric("gone", 1), metric("nan", NaN)] as const;
      const anomaly = metric("anomaly", 1);
      const firstMs = Date.now() - 60_000;
      await storage.store([up, gone, nan], { timeMs: firstMs, attempt: 1 });
      await storage.store([anomaly], { timeMs: firstMs + 500, attempt: 1 });
      expect(Object.keys(await seriesAt(server, firstMs + 900)).sort()).toEqual([
        "anomaly",
        "gone",
        "nan",
        "up",
      ]);
      await storage.store([up, nan], { timeMs: firstMs + 1000, attempt: 1 });
      expect(await seriesAt(server, firstMs + 1000)).toEqual({ up: 1, nan: NaN, anomaly: 1 });
      await storage.store([], { timeMs: firstMs + 1500, attempt: 1 });
      await storage.store([up, nan, metric("gone", 2)], { timeMs: firstMs + 2000, attempt: 1 });
      expect(await seriesAt(server, firstMs + 2000)).toEqual({ up: 1, nan: NaN, anomaly: 1, gone: 2 });
      await storage.close();
      expect(await seriesAt(server, Date.now() + 1)).toEqual({});
      // Markers are not samples: nothing else was stored.
      expect((await allSamples(server)).size).toBe(3 + 1 + 2 + 3);
    },
    SLOW_MS,
  );

  test(
    "does not end series with stale_markers: false",
    async () => {
      await using server = await startReceiver(receiver);
      const { storage } = storageOf({ url: writeUrl(server), stale_markers: false });
      const timeMs = Date.now() - 10_000;
      await storage.store([metric("up", 1), metric("gone", 1)], { timeMs, attempt: 1 });
      await storage.store([metric("up", 2)], { timeMs: timeMs + 1000, attempt: 1 });
      await storage.close();
      expect(await seriesAt(server, timeMs + 5000)).toEqual({ up: 2, gone: 1 });
    },
    SLOW_MS,
  );

  test(
    "counts what the receiver refuses, with its reason",
    async () => {
      await using server = await startReceiver(receiver);
      await using made = storageOf({ url: writeUrl(server), max_samples_per_send: 3 });
      const timeMs = Date.now() - 10_000;
      const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map((name) => metric(name, 1));
      if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined) return;
      await made.storage.store([b], { timeMs: timeMs + 5000, attempt: 1 });
      const error = await failure(made.storage.store([a, b, c, d, e], { timeMs, attempt: 1 }));
      // 1.0 is refused as a whole request; the next request goes on.
      const dropped = receiver.speaks === "1.0" ? 3 : 1;
      expect(error.undelivered).toEqual([]);
      expect(error.dropped).toBe(dropped);
      expect(error.message).toMatch(/status 400, out of order sample.* of 3 samples written\)$/);
      expect((await allSamples(server)).size).toBe(1 + 5 - dropped);
    },
    SLOW_MS,
  );

  test.each([
    [503, "7", 7],
    [429, "2", 2],
    [500, undefined, undefined],
    [599, undefined, undefined],
  ] as const)(
    "gives back after status %p and Retry-After %p what was not answered, and has it there once after all",
    async (status, after, retryAfterSecs) => {
      await using server = await startReceiver(receiver);
      using front = startFront(server.url);
      await using made = storageOf({ url: writeUrl(front), max_samples_per_send: 10, metadata: false });
      const metrics = many(35);
      const timeMs = Date.now() - 5000;
      await made.storage.store(metrics, { timeMs: timeMs - 1000, attempt: 1 });
      const from = front.requests.length;
      front.misbehave = (_, count) =>
        count < from + 2
          ? undefined
          : new Response("busy", { status, headers: after === undefined ? {} : { "retry-after": after } });
      const error = await failure(made.storage.store(metrics, { timeMs, attempt: 1 }));
      expect(error.undelivered).toEqual(metrics.slice(20));
      expect(error.undelivered?.every((one, index) => one === metrics[20 + index])).toBe(true);
      expect(error.dropped).toBe(0);
      expect(error.retryAfterSecs).toBe(retryAfterSecs);
      expect(error.message).toContain(`status ${status}, busy`);
      front.misbehave = undefined;
      await made.storage.store(error.undelivered ?? [], { timeMs, attempt: 2 });
      await made.storage.store(metrics, { timeMs: timeMs + 1000, attempt: 1 });
      expect((await allSamples(server)).size).toBe(3 * 35);
      expect(Object.keys(await seriesAt(server, timeMs + 1000)).length).toBe(35);
    },
    SLOW_MS,
  );

  test(
    "has once what was written although the answer was lost",
    async () => {
      await using server = await startReceiver(receiver);
      using front = startFront(server.url);
      await using made = storageOf({ url: writeUrl(front), max_samples_per_send: 10 });
      const metrics = [...many(25), metric("nan", NaN)];
      const firstMs = Date.now() - 5000;
      await made.storage.store(metrics, { timeMs: firstMs, attempt: 1 });
      front.loseAnswers = true;
      const error = await failure(made.storage.store(metrics, { timeMs: firstMs + 1000, attempt: 1 }));
      // The very array, for which the layout is known.
      expect(error.undelivered).toBe(metrics);
      front.loseAnswers = false;
      await made.storage.store(metrics, { timeMs: firstMs + 1000, attempt: 2 });
      expect((await allSamples(server)).size).toBe(2 * 26);
    },
    SLOW_MS,
  );

  test(
    "ends series with the next try when the receiver was away, and at the end waits for none",
    async () => {
      await using server = await startReceiver(receiver);
      const { storage, logged } = storageOf({ url: writeUrl(server) });
      const [up, gone] = [metric("up", 1), metric("gone", 1)];
      if (up === undefined || gone === undefined) return;
      const timeMs = Date.now() - 5000;
      await storage.store([up, gone], { timeMs, attempt: 1 });
      await server.kill();
      const rest = [up];
      const error = await failure(storage.store(rest, { timeMs: timeMs + 1000, attempt: 1 }));
      expect(error.undelivered).toBe(rest);
      await server.restart();
      await storage.store(rest, { timeMs: timeMs + 1000, attempt: 2 });
      expect(await seriesAt(server, timeMs + 1000)).toEqual({ up: 1 });
      await server.kill();
      await storage.close();
      expect(logged.at(-1)?.[1]).toMatch(/^Cannot end series at the receiver: Cannot post metrics to http/);
    },
    SLOW_MS,
  );

  test(
    "gives back everything when there is no answer in time",
    async () => {
      await using server = await startReceiver(receiver);
      using front = startFront(server.url);
      const answer = Promise.withResolvers<Response>();
      front.misbehave = () => answer.promise;
      await using made = storageOf({ url: writeUrl(front), timeout: 0.2, stale_markers: false });
      const metrics = many(3);
      const timeMs = Date.now();
      const error = await failure(made.storage.store(metrics, { timeMs, attempt: 1 }));
      expect(error.undelivered).toBe(metrics);
      expect(error.message).toContain("no answer within 0.2 s");
      front.misbehave = undefined;
      answer.resolve(new Response());
      await made.storage.store(metrics, { timeMs, attempt: 2 });
      expect((await allSamples(server)).size).toBe(3);
    },
    SLOW_MS,
  );
});

describe.each(RECEIVERS.filter(({ speaks }) => speaks === "2.0"))(
  "RemoteWriteStorage by 2.0 to $name",
  (receiver) => {
    test(
      "tells types and units with the samples",
      async () => {
        await using server = await startReceiver(receiver, ["--enable-feature=type-and-unit-labels"]);
        await using made = storageOf({ url: writeUrl(server), protocol: "2.0" });
        await made.storage.store([
          metric("used_total", 1, { type: "counter", help: "Used.", unit: "seconds" }),
          metric("free", 1, { type: "gauge", unit: "none" }),
          metric("odd", 1),
        ]);
        const seen = await server.query('{__name__=~".+"}', Date.now() / 1000 + 1);
        expect(
          seen
            .map(({ labels }) => labels)
            .sort((a, b) => ((a["__name__"] ?? "") < (b["__name__"] ?? "") ? -1 : 1)),
        ).toEqual([
          { __name__: "free", __type__: "gauge" },
          { __name__: "odd" },
          { __name__: "used_total", __type__: "counter", __unit__: "seconds" },
        ]);
      },
      SLOW_MS,
    );
  },
);

describe.each(RECEIVERS.filter(({ speaks }) => speaks === "1.0"))(
  "RemoteWriteStorage by 2.0 to $name",
  (receiver) => {
    test(
      "drops and says why when protocol: 2.0 is not understood",
      async () => {
        await using server = await startReceiver(receiver);
        await using made = storageOf({ url: writeUrl(server), protocol: 2 });
        const error = await failure(made.storage.store(many(3)));
        expect(error.dropped).toBe(3);
        expect(error.undelivered).toEqual([]);
        expect(error.message).toEndWith(
          "(0 of 3 samples written, the receiver does not understand remote write 2.0)",
        );
      },
      SLOW_MS,
    );
  },
);

test.each(["User-Agent", "content-type", "Content-Encoding", "X-Prometheus-Remote-Write-Version"])(
  "RemoteWriteStorage does not take the header %s from the user",
  (name) => {
    expect(() => storageOf({ headers: { [name]: "x" } })).toThrow(
      new TypeError(`"headers" has "${name}", which the protocol sets itself`),
    );
  },
);

test("RemoteWriteStorage goes on with 2.0 when the receiver refuses 1.0 as well", async () => {
  using front = startFront("");
  front.misbehave = () => new Response("bad", { status: 400 });
  await using made = storageOf({ url: front.url, max_samples_per_send: 2 });
  for (const _ of [0, 1]) {
    const error = await failure(made.storage.store(many(3)));
    expect([error.dropped, error.undelivered]).toEqual([3, []]);
    expect(error.message).toEndWith("status 400, bad (0 of 2 samples written)");
  }
  const versions = front.requests.map(({ headers }) => headers.get("x-prometheus-remote-write-version"));
  expect(versions).toEqual(["2.0.0", "0.1.0", "0.1.0", "2.0.0", "0.1.0", "0.1.0"]);
  expect(made.logged).toEqual([]);
});

test("RemoteWriteStorage does not end series that were refused when the rest of the batch comes again", async () => {
  using front = startFront("");
  const statuses = [204, 204, 204, 400, 503, 204];
  front.misbehave = (_, count) => new Response(null, { status: statuses[count] ?? 204 });
  await using made = storageOf({
    url: front.url,
    protocol: "1.0",
    max_samples_per_send: 1,
    metadata: false,
  });
  const metrics = many(3);
  await made.storage.store(metrics, { timeMs: 1000, attempt: 1 });
  // The first is refused for good, the second has to be tried again.
  const error = await failure(made.storage.store(metrics, { timeMs: 2000, attempt: 1 }));
  expect([error.dropped, error.undelivered]).toEqual([1, metrics.slice(1)]);
  await made.storage.store(error.undelivered ?? [], { timeMs: 2000, attempt: 2 });
  // Three, two, and the two that were left: no request with an end of the first.
  expect(front.requests.length).toBe(7);
});

test("RemoteWriteStorage sends the headers of the protocol and of the user", async () => {
  using front = startFront("");
  front.misbehave = () => new Response(null, { status: 204 });
  await using made = storageOf({
    url: front.url,
    headers: { "X-Scope-OrgID": "team" },
    username: "u",
    password: "p",
    metadata: false,
  });
  await made.storage.store(many(1));
  const names = ["content-type", "content-encoding", "user-agent", "x-prometheus-remote-write-version"];
  expect(front.requests.map(({ headers }) => names.map((name) => headers.get(name)))).toEqual([
    ["application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", "wca", "2.0.0"],
    ["application/x-protobuf", "snappy", "wca", "0.1.0"],
  ]);
  for (const { headers } of front.requests) {
    expect([headers.get("x-scope-orgid"), headers.get("authorization")]).toEqual(["team", "Basic dTpw"]);
  }
});

test("RemoteWriteStorage begins no further request once it is closed", async () => {
  using front = startFront("");
  const first = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  front.misbehave = async () => {
    first.resolve();
    await go.promise;
    return new Response(null, { status: 204 });
  };
  const { storage } = storageOf({
    url: front.url,
    protocol: "1.0",
    max_samples_per_send: 2,
    metadata: false,
  });
  await storage.open();
  const metrics = many(6);
  const stored = failure(storage.store(metrics));
  await first.promise;
  await storage.close();
  go.resolve();
  expect((await stored).undelivered).toEqual(metrics.slice(2));
  expect(front.requests.length).toBe(1);
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import * as snappy from "snappyjs";
import { loadCodec } from "../../../src/storages/remote-write/codec.ts";
import type { Version } from "../../../src/storages/remote-write/protocol.ts";
import { allSamples, receivers, startFront, startReceiver, writeUrl } from "./receivers.ts";
import { metric, type Sample, storageOf } from "./storage-of.ts";

/** Declared without it, as the program has no use for it. */
const { uncompress } = snappy as unknown as { uncompress(bytes: Uint8Array): Uint8Array };

/** Transcribed from the specifications: prompb/types.proto, prompb/remote.proto, io/prometheus/write/v2/types.proto. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Sample { double value = 1; int64 timestamp = 2; }
  message WriteRequest {
    repeated TimeSeries timeseries = 1;
    repeated MetricMetadata metadata = 3;
    message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
    message Label { string name = 1; string value = 2; }
    message MetricMetadata {
      int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5;
    }
  }
  message Request {
    repeated string symbols = 4;
    repeated TimeSeries timeseries = 5;
    message TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; Metadata metadata = 5; }
    message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
  }
`,
  { keepCase: true },
);

interface DecodedSample {
  readonly value: number;
  readonly timestamp: { toString(): string };
}

interface DecodedSeries {
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
  readonly timeMs: number;
  readonly metadata?: readonly [number, string, string];
}

function decode(version: Version, body: Uint8Array): DecodedSeries[] {
  const bytes = uncompress(body);
  if (version === "1.0") {
    const { timeseries } = root.lookupType("WriteRequest").decode(bytes) as unknown as {
      timeseries: { labels: { name: string; value: string }[]; samples: DecodedSample[] }[];
    };
    return timeseries.map(({ labels, samples }) => ({
      labels: labels.map(({ name, value }) => [name, value] as const),
      ...only(samples),
    }));
  }
  const { symbols, timeseries } = root.lookupType("Request").decode(bytes) as unknown as {
    symbols: string[];
    timeseries: {
      labels_refs: number[];
      samples: DecodedSample[];
      metadata: { type: number; help_ref: number; unit_ref: number };
    }[];
  };
  expect(symbols[0]).toBe("");
  expect(new Set(symbols).size).toBe(symbols.length);
  const text = (ref: number | undefined): string => symbols[ref ?? -1] ?? `no symbol ${ref}`;
  return timeseries.map(({ labels_refs: refs, samples, metadata: { type, help_ref, unit_ref } }) => ({
    labels: refs.flatMap((ref, index) =>
      index % 2 === 0 ? [[text(ref), text(refs[index + 1])] as const] : [],
    ),
    metadata: [type, text(help_ref), text(unit_ref)] as const,
    ...only(samples),
  }));
}

function only(samples: readonly DecodedSample[]): { value: number; timeMs: number } {
  expect(samples.length).toBe(1);
  return { value: samples[0]?.value ?? NaN, timeMs: Number(samples[0]?.timestamp) };
}

/** What the receiver has to see of a metric. */
function wanted({ name, labels }: Sample): (readonly [string, string])[] {
  return [["__name__", name] as const, ...Object.entries(labels)]
    .filter(([, value]) => value !== "")
    .map(([key, value]) => [key, value.toWellFormed()] as const)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,9}$/);
const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,9}$/).filter((key) => !key.startsWith("__"));
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", "\ud800", "x".repeat(300)),
);
const sample: fc.Arbitrary<Sample> = fc.record({
  name,
  value: fc.oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, -0, Infinity, -Infinity)),
  labels: fc.dictionary(label, text, { maxKeys: 6, noNullPrototype: true }),
  type: fc.constantFrom("counter" as const, "gauge" as const),
  help: text,
  unit: fc.constantFrom("none", "seconds", "bytes"),
});
const batch = fc.uniqueArray(sample, { selector: (one) => JSON.stringify(wanted(one)), maxLength: 40 });
const timeMs = fc.oneof(
  fc.integer({ min: 1, max: 5e12 }),
  fc.constantFrom(1, 127, 128, 2 ** 42 - 1, 2 ** 42),
);

/** Storage and a receiver that takes everything. */
function recorder(version: Version) {
  const front = startFront("");
  front.misbehave = () =>
    new Response(null, {
      status: 204,
      headers: version === "2.0" ? { "x-prometheus-remote-write-samples-written": "1000000" } : {},
    });
  const options = { url: front.url, protocol: version, metadata: false, stale_markers: false };
  return { front, make: (more: object = {}) => storageOf({ ...options, ...more }) };
}

describe.each(["1.0", "2.0"] as const)("an encoder of %s", (version) => {
  test("writes what a decoder of another make reads, for new batches and new values of old ones", async () => {
    const { front, make } = recorder(version);
    using _ = front;
    await fc.assert(
      fc.asyncProperty(
        batch,
        timeMs,
        timeMs,
        fc.integer({ min: 1, max: 50 }),
        async (metrics, first, second, most) => {
          await using made = make({ max_samples_per_send: most });
          for (const [round, time] of [first, second].entries()) {
            for (const one of metrics) one.value += round;
            const from = front.requests.length;
            await made.storage.store(metrics, { timeMs: time, attempt: 1 });
            const requests = front.requests.slice(from).map(({ body }) => decode(version, body));
            expect(requests.every(({ length }) => length > 0 && length <= most)).toBe(true);
            const seen = requests.flat();
            expect(seen.map(({ labels }) => labels)).toEqual(metrics.map(wanted));
            expect(seen.map(({ value }) => value)).toEqual(metrics.map(({ value }) => value));
            expect(seen.every((one) => one.timeMs === time)).toBe(true);
            if (version === "1.0") continue;
            expect(seen.map(({ metadata }) => metadata)).toEqual(
              metrics.map(({ type, help = "", unit = "" }) => [
                type === "counter" ? 1 : 2,
                help.toWellFormed(),
                unit === "none" ? "" : unit,
              ]),
            );
          }
          expect(made.storage.droppedMetrics).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("writes NaN and the marker of an ended series with the very bits of Prometheus", async () => {
    const { front, make } = recorder(version);
    using _ = front;
    await using made = make({ stale_markers: true });
    const nan = metric("nan", NaN);
    // Another NaN than the engine's own, with the bits of the marker.
    const odd = metric(
      "odd",
      new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer)[0] as number,
    );
    await made.storage.store([nan, odd], { timeMs: 1000, attempt: 1 });
    await made.storage.store([nan], { timeMs: 2000, attempt: 1 });
    const bits = front.requests.map(({ body }) => {
      const bytes = Buffer.from(uncompress(body));
      const found: string[] = [];
      // Tag of a sample's value, its bytes, tag of its time.
      for (let at = 0; at + 9 < bytes.length; at++) {
        if (bytes[at] === 0x09 && bytes[at + 9] === 0x10)
          found.push(bytes.readBigUInt64LE(at + 1).toString(16));
      }
      return found;
    });
    const normal = "7ff8000000000001";
    expect(bits).toEqual([[normal, normal], ["7ff0000000000002"], [normal]]);
  });

  test("begins another request when one grows beyond a megabyte", async () => {
    const { front, make } = recorder(version);
    using _ = front;
    await using made = make();
    const metrics = Array.from({ length: 70 }, (_, index) =>
      metric("big", index, { labels: { text: `${index}`.padEnd(50_000, "abc") } }),
    );
    await made.storage.store(metrics, { timeMs: 1000, attempt: 1 });
    const sizes = front.requests.map(({ body }) => uncompress(body).length);
    expect(sizes.length).toBe(4);
    expect(Math.max(...sizes)).toBeLessThan(1024 * 1024 + 51_000);
    expect(front.requests.flatMap(({ body }) => decode(version, body)).map(({ value }) => value)).toEqual(
      metrics.map(({ value }) => value),
    );
  });

  test("leaves out what comes twice, counts it, and takes it when it is a number again", async () => {
    const { front, make } = recorder(version);
    using _ = front;
    await using made = make();
    const [a, b] = [metric("a", 1, { labels: { x: "1", y: "" } }), metric("a", 2, { labels: { x: "1" } })];
    const c = metric("c", "no" as unknown as number);
    const metrics = [a, b, c];
    await made.storage.store(metrics, { timeMs: 1000, attempt: 1 });
    expect(made.storage.droppedMetrics).toBe(2);
    c.value = 3;
    await made.storage.store(metrics, { timeMs: 2000, attempt: 1 });
    expect(made.storage.droppedMetrics).toBe(3);
    expect(front.requests.map(({ body }) => decode(version, body).map(({ value }) => value))).toEqual([
      [1],
      [1, 3],
    ]);
    expect(made.logged).toEqual([
      [
        "warning",
        'Dropped a metric that cannot be written: metric "a" with the same labels came before (and 1 more)',
      ],
    ]);
  });
});

test("RemoteWriteStorage by 1.0 sends types, helps and units once a minute, and of new names at once", async () => {
  using front = startFront("");
  front.misbehave = () => new Response(null, { status: 204 });
  let now = 1_000_000;
  await using made = storageOf({ url: front.url, protocol: 1, stale_markers: false }, () => now);
  const first = [
    metric("a_total", 1, { type: "counter", help: "A.", unit: "seconds", labels: { x: "1" } }),
    metric("a_total", 1, { type: "counter", help: "A.", unit: "seconds", labels: { x: "2" } }),
    metric("b", 1, { type: "gauge", help: "B.", unit: "none" }),
    metric("odd", 1),
  ];
  const second = [...first, metric("c", 1, { type: "gauge" })];
  for (const [metrics, ms] of [
    [first, 0],
    [first, 59_000],
    [second, 59_500],
    [first, 60_000],
    [second, 60_500],
  ] as const) {
    now = 1_000_000 + ms;
    await made.storage.store(metrics, { timeMs: now, attempt: 1 });
  }
  const seen = front.requests.map(({ body }) => {
    const { metadata } = root.lookupType("WriteRequest").decode(uncompress(body)) as unknown as {
      metadata: { type: number; metric_family_name: string; help: string; unit: string }[];
    };
    return metadata.map((row) => [row.type, row.metric_family_name, row.help, row.unit].join());
  });
  const [a, b] = ["1,a_total,A.,seconds", "2,b,B.,"];
  expect(seen).toEqual([[], [a, b], [], [], ["2,c,,"], [], [a, b], []]);
});

describe("compress()", () => {
  test("is undone by another implementation, that of the real receiver", async () => {
    for (const receiver of (await receivers()).slice(0, 2)) {
      await using server = await startReceiver(receiver);
      await using made = storageOf({ url: writeUrl(server), max_samples_per_send: 100 });
      const timeMs = Date.now() - 5000;
      // Repetitions near and far, and none: copies of all kinds, literals of all lengths.
      const texts = fc.sample(
        fc.oneof(
          fc.string({ unit: "binary", maxLength: 5000, size: "max" }),
          fc
            .tuple(fc.string({ maxLength: 8 }), fc.integer({ min: 1, max: 400 }))
            .map(([part, times]) => part.repeat(times)),
        ),
        { numRuns: 400, seed: 7 },
      );
      const metrics = texts.map((value, index) =>
        metric("text", index, { labels: { value: `.${value}`, n: `${index}` } }),
      );
      await made.storage.store(metrics, { timeMs, attempt: 1 });
      const seen = await server.query("text", timeMs / 1000);
      expect(seen.length).toBe(400);
      for (const { labels, value } of seen) expect(labels["value"]).toBe(`.${texts[value]?.toWellFormed()}`);
      expect((await allSamples(server)).size).toBe(400);
    }
  }, 120_000);

  test("is undone by its counterpart for any bytes", async () => {
    const { compress } = await loadCodec();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000, size: "max" }), (bytes) => {
        expect(Buffer.compare(uncompress(compress(bytes)), bytes)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

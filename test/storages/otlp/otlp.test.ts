/* What a real collector makes of our requests. */
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ROWS } from "../../../src/model/catalogue/rows.ts";
import type { Metric } from "../../../src/model/metric.ts";
import { SSL } from "../../../src/net/ssl.ts";
import { storageConformance } from "../../roles/storage.ts";
import { makeCertificates, needOpenssl } from "../../support/certificates.ts";
import { OtelCollector, prepareOtelCollector, type ReceivedPoint } from "../../support/otel-collector.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";
import { anyLabelValue, anyValue, metric, unchecked } from "../exposition/samples.ts";
import { type MadeStorage, makeStorage } from "./make-storage.ts";

const met = await requirement("an OpenTelemetry collector", prepareOtelCollector);
const collector = met ? await OtelCollector.start() : undefined;
afterAll(() => collector?.[Symbol.asyncDispose]());

function running(): OtelCollector {
  if (collector === undefined) throw new Error("no collector");
  return collector;
}

function make(options: Omit<Parameters<typeof makeStorage>[0], "url"> = {}): MadeStorage {
  return makeStorage({ url: running().url, ...options });
}

const at = (timeMs: number) => ({ timeMs, attempt: 1 });

function seriesText({ name, attributes }: ReceivedPoint): string {
  const labels = Object.entries(attributes).map(([label, value]) => `${label}="${value}"`);
  return labels.length === 0 ? name : `${name}{${labels.join(",")}}`;
}

describe.skipIf(!met)("with a collector", () => {
  beforeEach(() => {
    running().accept();
    running().clear();
  });

  storageConformance("OtlpStorage", () => {
    running().accept();
    running().clear();
    const { storage } = make();
    return {
      storage,
      received: () =>
        Object.fromEntries(
          running()
            .points()
            .map((point) => [seriesText(point), point.value]),
        ),
      impede: () => running().refuse("temporary"),
      repair: () => running().accept(),
      async [Symbol.asyncDispose]() {},
    };
  });

  test("store() posts gauges and counters with all that is known of them", async () => {
    const { storage } = make({ resource_attributes: { "service.name": "mine", "cloud.region": "eu" } });
    const labels = { host: "h", task_id: "a" };
    await storage.store(
      [
        metric("used_bytes", 2 ** 63 - 4096, { labels, type: "gauge", help: 'Say "used".', unit: "bytes" }),
        metric("cpu_seconds_total", 1.5, { labels, type: "counter", help: "CPU time.", unit: "seconds" }),
        metric("used_bytes", 7, { labels: {}, type: "gauge", help: 'Say "used".', unit: "bytes" }),
        metric("plain", -1),
      ],
      at(1_531_729_598_001),
    );
    const time = "1531729598001000000";
    expect(running().requests()).toEqual([
      {
        resource: {
          "host.name": "test-host",
          "service.name": "mine",
          "service.version": "0.0.0-test",
          "cloud.region": "eu",
        },
        scope: { name: "wca", version: "0.0.0-test" },
        points: [
          ...[
            { attributes: labels, value: 2 ** 63 - 4096 },
            { attributes: {}, value: 7 },
          ].map((rest) => ({
            name: "used_bytes",
            kind: "gauge" as const,
            description: 'Say "used".',
            unit: "By",
            time,
            start: "",
            ...rest,
          })),
          {
            name: "cpu_seconds_total",
            kind: "sum",
            description: "CPU time.",
            unit: "s",
            isMonotonic: true,
            aggregationTemporality: 2,
            attributes: labels,
            time,
            start: time,
            value: 1.5,
          },
          {
            name: "plain",
            kind: "gauge",
            description: "",
            unit: "",
            attributes: {},
            time,
            start: "",
            value: -1,
          },
        ],
      },
    ]);
  });

  test("store() gives each metric of the catalogue a unit of UCUM or none", async () => {
    const rows = Object.entries(ROWS);
    await make().storage.store(
      rows.map(([name, { type, help, unit }]) => metric(name, 1, { type, help, unit })),
    );
    const received = running().points();
    const ucum: Record<string, string> = {
      bytes: "By",
      bytes_per_second: "By/s",
      seconds: "s",
      timestamp: "s",
      watts: "W",
      pages: "{page}",
      ticks: "{tick}",
      none: "",
    };
    expect(received.map(({ name, kind, description, unit }) => ({ name, kind, description, unit }))).toEqual(
      rows.map(([name, { type, help, unit }]) => ({
        name,
        kind: type === "counter" ? "sum" : "gauge",
        description: help,
        unit: ucum[unit] as string,
      })),
    );
  });

  test("store() delivers any value and any label as they are", async () => {
    const anyName = fc.constantFrom("a", "b:c", "_d", "e_total");
    const anyLabels = fc.dictionary(fc.constantFrom("x", "y_1", "host", "Z"), anyLabelValue(), {
      maxKeys: 3,
    });
    const anyMetric = fc.record({
      name: anyName,
      value: anyValue(),
      labels: anyLabels,
      type: fc.constantFrom("counter", "gauge", undefined),
      help: fc.constantFrom("Help.", 'q " \\ \n é', undefined),
      unit: fc.constantFrom("bytes", "none", undefined),
    });
    const key = (name: string, labels: Readonly<Record<string, string>>) =>
      JSON.stringify([name, Object.entries(labels).sort()]);
    await fc.assert(
      fc.asyncProperty(fc.array(anyMetric, { maxLength: 20 }), async (drawn) => {
        // One type per name, and each series once: what the runner hands over.
        const seen = new Map<string, Metric>();
        for (const { type, help, unit, ...rest } of drawn) {
          const labels = Object.fromEntries(
            Object.entries(rest.labels).map(([label, value]) => [label, value.toWellFormed()]),
          );
          seen.set(key(rest.name, labels), {
            ...rest,
            ...(type === undefined ? {} : { type: type as "counter" | "gauge" }),
            ...(help === undefined ? {} : { help }),
            ...(unit === undefined ? {} : { unit }),
          });
        }
        running().clear();
        await make({ max_data_points_per_request: 7 }).storage.store([...seen.values()], at(1000));
        const received = running().points();
        expect(received.length).toBe(seen.size);
        for (const point of received) {
          const sent = seen.get(key(point.name, point.attributes));
          // JSON has a negative zero; adding zero makes it the plain one.
          expect(point.value + 0).toBe((sent?.value ?? 0) + 0);
          expect(point.kind).toBe(sent?.type === "counter" ? "sum" : "gauge");
          expect(point.description).toBe(sent?.help ?? "");
          expect(point.unit).toBe(sent?.unit === "bytes" ? "By" : "");
          expect(point.time).toBe("1000000000");
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test("store() gives a counter the same start until it falls", async () => {
    const { storage } = make();
    const counter = metric("c_total", 5, { type: "counter" });
    const counters = [counter];
    const expected: [number, string, string][] = [];
    const rounds = [
      { timeMs: 1000, value: 5, startMs: 1000 },
      { timeMs: 2000, value: 5, startMs: 1000 },
      { timeMs: 3000, value: 9, startMs: 1000 },
      { timeMs: 4000, value: 2, startMs: 3000 },
      { timeMs: 4000, value: 2, startMs: 3000 },
      { timeMs: 5000, value: Number.NaN, startMs: 3000 },
      { timeMs: 6000, value: 3, startMs: 3000 },
      { timeMs: 7000, value: 0, startMs: 6000 },
      { timeMs: 8000, value: 4, startMs: 6000 },
      { timeMs: 8500, value: Number.NaN, startMs: 6000 },
      { timeMs: 9000, value: 3, startMs: 8500 },
      // The clock was set back.
      { timeMs: 500, value: 1, startMs: 500 },
    ];
    for (const { timeMs, value, startMs } of rounds) {
      counter.value = value;
      await storage.store(counters, at(timeMs));
      expected.push([value, `${timeMs}000000`, `${startMs}000000`]);
    }
    expect(
      running()
        .points()
        .map(({ value, time, start }) => [value, time, start]),
    ).toEqual(expected);
  });

  test("store() remembers the start of a counter that was away for ten minutes, under another object too", async () => {
    const { storage } = make();
    const other = metric("other", 1);
    const counter = () => metric("c_total", 1, { type: "counter", labels: { a: "b" } });
    const minutes = (count: number) => 1000 + count * 60_000;
    await storage.store([counter(), other], at(minutes(0)));
    await storage.store([other], at(minutes(1)));
    await storage.store([other, metric("more", 1)], at(minutes(10.9)));
    await storage.store([other, counter()], at(minutes(11)));
    await storage.store([other], at(minutes(12)));
    await storage.store([other, metric("more", 1)], at(minutes(22.5)));
    await storage.store([counter()], at(minutes(23)));
    const starts = running()
      .points()
      .filter(({ name }) => name === "c_total")
      .map(({ start }) => start);
    expect(starts).toEqual([minutes(0), minutes(0), minutes(23)].map((timeMs) => `${timeMs}000000`));
  });

  test("store() has forgotten a counter after ten minutes, though its object comes back", async () => {
    const { storage } = make();
    const [other, more] = [metric("other", 1), metric("more", 1)];
    const counter = metric("c_total", 1, { type: "counter" });
    for (const [metrics, timeMs] of [
      [[other, counter], 1000],
      [[other], 2000],
      [[other, more], 700_000],
      [[other, counter], 701_000],
      [[other, counter], 702_000],
    ] as const) {
      await storage.store(metrics, at(timeMs));
    }
    const counters = running()
      .points()
      .filter(({ name }) => name === "c_total");
    expect(counters.map(({ start }) => start)).toEqual(["1000000000", "701000000000", "701000000000"]);
  });

  test("store() passes on the unit of a component of the user's, and leaves out what is no text", async () => {
    const odd = [undefined, null, 5, "", "constructor", "kg"].map((unit, i) =>
      unchecked({ name: `m${i}`, unit }),
    );
    await make().storage.store(odd);
    expect(
      running()
        .points()
        .map(({ unit }) => unit),
    ).toEqual(["", "", "", "", "constructor", "kg"]);
  });

  test("store() cuts a batch into requests of so many data points, none lost or doubled", async () => {
    const metrics = Array.from({ length: 25 }, (_, i) =>
      metric(`m${i % 3}`, i, { labels: { i: String(i) }, type: i % 3 === 0 ? "counter" : "gauge" }),
    );
    for (const [max, sizes] of [
      [10, [10, 10, 5]],
      [25, [25]],
      [1, Array(25).fill(1)],
      [24, [24, 1]],
    ] as const) {
      running().clear();
      await make({ max_data_points_per_request: max }).storage.store(metrics);
      expect(
        running()
          .requests()
          .map(({ points }) => points.length),
      ).toEqual([...sizes]);
      const values = running()
        .points()
        .map(({ value }) => value);
      expect(values.sort((a, b) => a - b)).toEqual(metrics.map(({ value }) => value));
    }
  });

  test("store() works without compression", async () => {
    await make({ compression: "none" }).storage.store([metric("m", 1, { labels: { a: "ü 数" } })]);
    expect(
      running()
        .points()
        .map(({ attributes }) => attributes),
    ).toEqual([{ a: "ü 数" }]);
  });

  test("store() takes texts that UTF-8 makes the same for the same", async () => {
    const { storage } = make();
    await storage.store(
      ["\ud800", "\udfff", "\ufffd"].map((a, value) => metric("m", value, { labels: { a } })),
    );
    expect(
      running()
        .points()
        .map(({ attributes, value }) => [attributes, value]),
    ).toEqual([[{ a: "\ufffd" }, 0]]);
    expect(storage.droppedMetrics).toBe(2);
  });

  test("store() leaves out what cannot be written and series that are there already, counted and said once", async () => {
    const { storage, context } = make();
    const odd = unchecked({ name: "m", value: "1" });
    const metrics = [
      metric("m", 1, { labels: { a: "1", b: "2" } }),
      metric("m", 2, { labels: { b: "2", a: "1" } }),
      metric("not a name", 3),
      odd,
    ];
    await storage.store(metrics);
    await storage.store(metrics);
    expect(storage.droppedMetrics).toBe(6);
    const said =
      'Dropped a metric that cannot be written: series m{b="2",a="1"} is there already (and 2 more)';
    expect(context.logged).toEqual([["warning", said]]);
    odd.value = 4;
    await storage.store(metrics);
    expect(
      running()
        .points()
        .map(({ value }) => value),
    ).toEqual([1, 1, 1, 4]);
    expect(storage.droppedMetrics).toBe(8);
  });
});

const certain = await requirement("openssl", needOpenssl);

test.skipIf(!met || !certain)("store() delivers over TLS to a collector that knows its clients", async () => {
  using tree = tempTree({});
  const certificates = await makeCertificates(tree.root);
  await using secured = await OtelCollector.start({ certificates });
  const { ca, clientCert, clientKey } = certificates;
  const credentials = { client_cert_path: clientCert, client_key_path: clientKey };
  const deliver = (ssl: ConstructorParameters<typeof SSL>[0]) =>
    makeStorage({ url: secured.url, ssl: new SSL(ssl) })
      .storage.store([metric("m", 1)])
      .then(
        () => "delivered",
        ({ undelivered }) => (undelivered?.length === 1 ? "to be tried again" : "dropped"),
      );
  expect(await deliver({ server_verify: true, ...credentials })).toBe("to be tried again");
  expect(await deliver({ server_verify: ca })).toBe("to be tried again");
  expect(secured.points()).toEqual([]);
  expect(await deliver({ server_verify: ca, ...credentials })).toBe("delivered");
  expect(secured.points().map(({ value }) => value)).toEqual([1]);
});

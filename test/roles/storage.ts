import { expect, test } from "bun:test";
import { FailedDeliveryError } from "../../src/model/errors.ts";
import type { Metric } from "../../src/model/metric.ts";
import type { Lifecycle, Storage } from "../../src/model/roles.ts";

/** A storage, not opened yet, and the place that it delivers to. */
export interface StorageCase extends AsyncDisposable {
  readonly storage: Storage & Lifecycle;
  /** What arrived, the latest value by series: `up{task_id="a"}` → 1. */
  received(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  /** Makes deliveries fail until {@link repair}; without it those tests are left out. */
  readonly impede?: () => void | Promise<void>;
  readonly repair?: () => void | Promise<void>;
}

export interface StorageConformance {
  /** Why deliveries cannot be made to fail here; given when `start` has no `impede`. */
  readonly cannotFail?: string;
}

type Sample = { -readonly [Key in keyof Metric]: Metric[Key] };

function samples(): Sample[] {
  return [
    { name: "up", value: 1, labels: { task_id: "b" }, type: "gauge", help: "Up." },
    { name: "up", value: 0.5, labels: { task_id: "10" }, type: "gauge", help: "Up." },
    { name: "used_total", value: 2 ** 63 - 4096, labels: {}, type: "counter", help: "Used." },
  ];
}

const RECEIVED = { 'up{task_id="b"}': 1, 'up{task_id="10"}': 0.5, used_total: 2 ** 63 - 4096 };

/** The contract of every storage; `start` makes a fresh one with a fresh destination for each test. */
export function storageConformance(
  name: string,
  start: () => StorageCase | Promise<StorageCase>,
  { cannotFail }: StorageConformance = {},
): void {
  test(`${name} store() delivers every series with its value`, async () => {
    await using given = await start();
    await given.storage.open?.();
    await given.storage.store(samples());
    expect(await given.received()).toEqual(RECEIVED);
    await given.storage.close?.();
  });

  test(`${name} store() delivers new values of the same metric objects`, async () => {
    await using given = await start();
    await given.storage.open?.();
    const metrics = samples();
    for (const value of [9, 10, 123456.75, 0]) {
      for (const metric of metrics) metric.value = value;
      await given.storage.store(metrics);
      expect(await given.received()).toEqual({
        'up{task_id="b"}': value,
        'up{task_id="10"}': value,
        used_total: value,
      });
    }
    await given.storage.close?.();
  });

  test(`${name} store() leaves metrics, labels and the batch as they were`, async () => {
    await using given = await start();
    await given.storage.open?.();
    const metrics = samples();
    const before = structuredClone(metrics);
    await given.storage.store(
      Object.freeze(
        metrics.map((metric) => Object.freeze({ ...metric, labels: Object.freeze(metric.labels) })),
      ),
    );
    await given.storage.store(metrics);
    expect(metrics).toEqual(before);
    await given.storage.close?.();
  });

  test(`${name} store() takes an empty batch`, async () => {
    await using given = await start();
    await given.storage.open?.();
    await given.storage.store([]);
    expect(await given.received()).toEqual({});
    await given.storage.store(samples());
    expect(await given.received()).toEqual(RECEIVED);
    await given.storage.close?.();
  });

  test(`${name} store() leaves out a metric that has no text and delivers the others`, async () => {
    await using given = await start();
    await given.storage.open?.();
    const bad = [
      { name: "no-name", value: 1, labels: {} },
      { name: "up", value: true as unknown as number, labels: {} },
      { name: "up", value: 2, labels: { __reserved: "x" } },
    ];
    await given.storage.store([...bad, ...samples()]);
    expect(await given.received()).toEqual(RECEIVED);
    await given.storage.close?.();
  });

  test.skipIf(cannotFail !== undefined)(
    `${name} store() throws FailedDeliveryError and delivers the next batch whole${cannotFail === undefined ? "" : ` (left out: ${cannotFail})`}`,
    async () => {
      await using given = await start();
      await given.storage.open?.();
      await given.storage.store(samples());
      await given.impede?.();
      const failed = await Promise.resolve()
        .then(() => given.storage.store(samples()))
        .catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(FailedDeliveryError);
      await given.repair?.();
      const metrics = samples();
      for (const metric of metrics) metric.value = 7;
      await given.storage.store(metrics);
      expect(await given.received()).toEqual({ 'up{task_id="b"}': 7, 'up{task_id="10"}': 7, used_total: 7 });
      await given.storage.close?.();
    },
  );

  test(`${name} close() can be called unopened, twice, and before another open()`, async () => {
    await using given = await start();
    await given.storage.close?.();
    await given.storage.open?.();
    await given.storage.close?.();
    await given.storage.close?.();
    await given.storage.open?.();
    await given.storage.store(samples());
    expect(await given.received()).toEqual(RECEIVED);
    await given.storage.close?.();
  });
}

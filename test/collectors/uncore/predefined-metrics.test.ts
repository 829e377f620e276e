import { expect, test } from "bun:test";
import { UncoreCollector } from "../../../src/collectors/uncore/uncore.ts";
import type { Measurement } from "../../../src/model/metric.ts";
import { CASCADE_LAKE } from "../../kernel/perf/uncore-machines.ts";
import { testContext } from "../../support/context.ts";
import { FakePerf } from "../../support/fake-perf.ts";
import { tempTree } from "../../support/tree.ts";

/** Config of every predefined event of the original, and how often it happens in the first channel or link. */
const MEMORY = {
  platform_pmm_bandwidth_reads: [0xe3, 100],
  platform_pmm_bandwidth_writes: [0xe7, 300],
  platform_cas_count_reads: [0x304, 1000],
  platform_cas_count_writes: [0xc04, 200],
  platform_rpq_occupancy: [0x80, 60_000],
  platform_rpq_inserts: [0x10, 1000],
  platform_imc_clockticks: [0x00, 2_400_000_000],
} as const;
const LINKS = {
  platform_upi_rxl_flits: [0xf03, 900],
  platform_upi_txl_flits: [0xf02, 90],
} as const;
const [CHANNEL, LINK] = ["18", "24"];
const SECONDS = 2;

test("UncoreCollector (fake system calls) gives every predefined event of Cascade Lake and what derives from them", () => {
  using tree = tempTree(CASCADE_LAKE.files, {
    perf: new FakePerf({ onlineCpus: CASCADE_LAKE.platform.onlineCpus, events: true }),
  });
  const perf = tree.host.perf as FakePerf;
  const context = testContext(tree.host);
  const names = [...Object.keys(MEMORY), ...Object.keys(LINKS)];
  let nowMs = 0;
  const collector = new UncoreCollector(
    { uncore_event_names: names, enable_derived_metrics: true },
    context,
    {
      monotonicMs: () => nowMs,
    },
  );
  const measure = (timeMs: number) => {
    nowMs = timeMs;
    const platformMeasurements: Record<string, Measurement> = {};
    collector.measure({
      ...{ timeMs, platform: CASCADE_LAKE.platform, platformMeasurements },
      ...{ tasks: [], drop: () => {} },
    });
    return platformMeasurements;
  };
  expect(Object.keys(measure(1000)).toSorted()).toEqual(
    [...names, "platform_scaling_uncore_factor"].toSorted(),
  );
  const happened = [
    ...Object.values(MEMORY).map(([config, count]) => [`${CHANNEL}:${config}`, BigInt(count)] as const),
    ...Object.values(LINKS).map(([config, count]) => [`${LINK}:${config}`, BigInt(count)] as const),
  ];
  // In the first socket alone.
  const ns = BigInt(SECONDS) * 1_000_000_000n;
  perf.run({ cpu: 0, ns, counts: Object.fromEntries(happened) });
  perf.run({ cpu: 28, ns });
  const measured = measure(1000 + SECONDS * 1000);
  collector.close();

  const derived = {
    platform_rpq_read_latency_seconds: { "0": expect.closeTo(60 / 1.2e9, 18) },
    platform_pmm_reads_bytes_per_second: inFirst(CHANNEL, 3200),
    platform_pmm_writes_bytes_per_second: inFirst(CHANNEL, 9600),
    platform_pmm_total_bytes_per_second: inFirst(CHANNEL, 12_800),
    platform_dram_reads_bytes_per_second: inFirst(CHANNEL, 32_000),
    platform_dram_writes_bytes_per_second: inFirst(CHANNEL, 6400),
    platform_dram_total_bytes_per_second: inFirst(CHANNEL, 38_400),
    platform_dram_hit_ratio: { "0": { [CHANNEL]: 0.75 } },
    platform_upi_bandwidth_bytes_per_second: inFirst(LINK, 3520),
  };
  expect(measured).toMatchObject({
    ...Object.fromEntries(Object.entries(MEMORY).map(([name, [, count]]) => [name, inFirst(CHANNEL, count)])),
    ...Object.fromEntries(Object.entries(LINKS).map(([name, [, count]]) => [name, inFirst(LINK, count)])),
    ...derived,
    platform_scaling_uncore_factor: { "0": { [CHANNEL]: 1 }, "1": { [LINK]: 1 } },
  });
  expect(Object.keys(measured).toSorted()).toEqual(
    [...names, ...Object.keys(derived), "platform_scaling_uncore_factor"].toSorted(),
  );
  expect(context.logged).toEqual([]);
});

/** The value in the unit of the first socket, nothing in that of the second. */
function inFirst(unit: string, value: number) {
  return { "0": { [unit]: value }, "1": { [unit]: 0 } };
}

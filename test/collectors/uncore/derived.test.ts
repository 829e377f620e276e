import { describe, expect, test } from "bun:test";
import { deriveUncore, type UncoreCounters } from "../../../src/collectors/uncore/derived.ts";

/** Increases in two seconds on one unit of socket 0. */
function derived(increases: Readonly<Record<string, number>>, seconds = 2) {
  const byUnit = Object.entries(increases).map(
    ([metric, value]) => [metric, { "0": { "17": value } }] as const,
  );
  return deriveUncore({ increases: Object.fromEntries(byUnit), seconds, instances: { "0": { "17": 1 } } });
}

const at17 = (value: number) => ({ "0": { "17": value } });
const CAS = { platform_cas_count_reads: 1000, platform_cas_count_writes: 500 };
const PMM = { platform_pmm_bandwidth_reads: 100, platform_pmm_bandwidth_writes: 400 };
const DRAM_RATES = {
  platform_dram_reads_bytes_per_second: at17(32_000),
  platform_dram_writes_bytes_per_second: at17(16_000),
  platform_dram_total_bytes_per_second: at17(48_000),
};
const PMM_RATES = {
  platform_pmm_reads_bytes_per_second: at17(3200),
  platform_pmm_writes_bytes_per_second: at17(12_800),
  platform_pmm_total_bytes_per_second: at17(16_000),
};

describe("deriveUncore()", () => {
  test("gives bandwidths of 64 bytes for each count, of DRAM and persistent memory alone or together", () => {
    expect(derived(CAS)).toEqual(DRAM_RATES);
    expect(derived(PMM)).toEqual(PMM_RATES);
    expect(derived({ ...CAS, ...PMM })).toEqual({
      ...DRAM_RATES,
      ...PMM_RATES,
      platform_dram_hit_ratio: at17(0.75),
    });
  });

  test("needs of a formula only its own inputs", () => {
    expect(derived({ platform_cas_count_reads: 1000 })).toEqual({
      platform_dram_reads_bytes_per_second: at17(32_000),
    });
    expect(derived({ ...PMM, platform_cas_count_writes: 500 })).toEqual({
      ...PMM_RATES,
      platform_dram_writes_bytes_per_second: at17(16_000),
    });
    expect(derived({ platform_upi_rxl_flits: 900 })).toEqual({});
    expect(derived({})).toEqual({});
  });

  test("gives 64 bytes for nine flits of UPI, sent and received", () => {
    expect(derived({ platform_upi_rxl_flits: 900, platform_upi_txl_flits: 1800 })).toEqual({
      platform_upi_bandwidth_bytes_per_second: at17(9600),
    });
  });

  test("takes the total from requests only where reads and writes are not told apart", () => {
    expect(derived({ platform_dram_requests: 1500 })).toEqual({
      platform_dram_total_bytes_per_second: at17(48_000),
    });
    expect(derived({ ...CAS, platform_dram_requests: 9999 })).toEqual(DRAM_RATES);
  });

  test("leaves an idle channel out of the hit ratio, not out of the bandwidths", () => {
    const metrics = [...Object.keys(CAS), ...Object.keys(PMM)];
    const increases: UncoreCounters = Object.fromEntries(
      metrics.map((metric, index) => [metric, { "0": { "17": index, "18": 0 }, "1": { "17": 0 } }]),
    );
    expect(deriveUncore({ increases, seconds: 64, instances: {} })).toEqual({
      platform_dram_reads_bytes_per_second: { "0": { "17": 0, "18": 0 }, "1": { "17": 0 } },
      platform_dram_writes_bytes_per_second: { "0": { "17": 1, "18": 0 }, "1": { "17": 0 } },
      platform_dram_total_bytes_per_second: { "0": { "17": 1, "18": 0 }, "1": { "17": 0 } },
      platform_pmm_reads_bytes_per_second: { "0": { "17": 2, "18": 0 }, "1": { "17": 0 } },
      platform_pmm_writes_bytes_per_second: { "0": { "17": 3, "18": 0 }, "1": { "17": 0 } },
      platform_pmm_total_bytes_per_second: { "0": { "17": 5, "18": 0 }, "1": { "17": 0 } },
      platform_dram_hit_ratio: { "0": { "17": 1 / 6 } },
    });
  });

  test("gives nothing without time", () => {
    expect(derived(CAS, 0)).toEqual({});
    expect(derived(CAS, -1)).toEqual({});
    expect(derived(CAS, Number.NaN)).toEqual({});
  });
});

describe("deriveUncore() gives the read latency of a socket in seconds", () => {
  const LATENCY = "platform_rpq_read_latency_seconds";

  /** 1.2 GHz for two seconds on each channel; a request waits 60 cycles in the mean: 50 ns. */
  const TICKS = 2_400_000_000;

  test("from what was counted since the round before, on channels of one clock", () => {
    const increases = {
      platform_rpq_occupancy: { "0": { "17": 100_000, "18": 20_000 }, "1": { "17": 500 } },
      platform_rpq_inserts: { "0": { "17": 1500, "18": 500 }, "1": { "17": 5 } },
      platform_imc_clockticks: { "0": { "17": TICKS, "18": TICKS }, "1": { "17": TICKS } },
    };
    const instances = { "0": { "17": 1, "18": 1 }, "1": { "17": 1 } };
    expect(deriveUncore({ increases, seconds: 2, instances })).toEqual({
      [LATENCY]: { "0": expect.closeTo(50e-9, 20), "1": expect.closeTo(100 / 1.2e9, 20) },
    });
  });

  test("with the clocks of both dies where a socket has two", () => {
    const increases = {
      platform_rpq_occupancy: { "0": { "17": 120_000 } },
      platform_rpq_inserts: { "0": { "17": 2000 } },
      platform_imc_clockticks: { "0": { "17": 2 * TICKS } },
    };
    expect(deriveUncore({ increases, seconds: 2, instances: { "0": { "17": 2 } } })).toEqual({
      [LATENCY]: { "0": expect.closeTo(50e-9, 20) },
    });
  });

  test("leaving out channels whose clock stands still", () => {
    const increases = {
      platform_rpq_occupancy: { "0": { "17": 60_000, "18": 0 } },
      platform_rpq_inserts: { "0": { "17": 1000, "18": 0 } },
      platform_imc_clockticks: { "0": { "17": TICKS, "18": 0 } },
    };
    expect(deriveUncore({ increases, seconds: 2, instances: {} })).toEqual({
      [LATENCY]: { "0": expect.closeTo(50e-9, 20) },
    });
  });

  test.each([
    ["no read came", { platform_rpq_occupancy: 0, platform_rpq_inserts: 0, platform_imc_clockticks: TICKS }],
    [
      "the clock stood still",
      { platform_rpq_occupancy: 1, platform_rpq_inserts: 1, platform_imc_clockticks: 0 },
    ],
    ["the clock is not counted", { platform_rpq_occupancy: 1, platform_rpq_inserts: 1 }],
    ["inserts are not counted", { platform_rpq_occupancy: 1, platform_imc_clockticks: TICKS }],
  ])("and none when %s", (_name, increases) => expect(derived(increases)).toEqual({}));
});

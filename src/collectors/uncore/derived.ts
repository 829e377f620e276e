import type { MetricName } from "../../model/catalogue.ts";
import type { Measurement } from "../../model/metric.ts";

/** socket → PMU type → value. */
export type ByUnit = Readonly<Record<string, Readonly<Record<string, number>>>>;
/** Counters by metric. */
export type UncoreCounters = Readonly<Record<string, ByUnit>>;

const LINE_BYTES = 64;
/** A cache line crosses UPI in so many flits with data. */
const FLITS_OF_LINE = 9;

/** Metrics of one unit from how much its counters grew. */
interface UnitFormula {
  readonly metric: MetricName;
  readonly needs: readonly MetricName[];
  /** `increases` in the order of `needs`. NaN or infinite: left out. */
  compute(increases: readonly number[], seconds: number): number;
  /** Only where the metric has not been computed already. */
  readonly otherwise?: true;
}

const PMM = ["platform_pmm_bandwidth_reads", "platform_pmm_bandwidth_writes"] as const;
const CAS = ["platform_cas_count_reads", "platform_cas_count_writes"] as const;
const UPI = ["platform_upi_rxl_flits", "platform_upi_txl_flits"] as const;

/** Every formula needs its own inputs and no others. */
const UNIT_FORMULAS: readonly UnitFormula[] = [
  { metric: "platform_pmm_reads_bytes_per_second", needs: [PMM[0]], compute: bytesPerSecond },
  { metric: "platform_pmm_writes_bytes_per_second", needs: [PMM[1]], compute: bytesPerSecond },
  { metric: "platform_pmm_total_bytes_per_second", needs: PMM, compute: bytesPerSecond },
  { metric: "platform_dram_reads_bytes_per_second", needs: [CAS[0]], compute: bytesPerSecond },
  { metric: "platform_dram_writes_bytes_per_second", needs: [CAS[1]], compute: bytesPerSecond },
  { metric: "platform_dram_total_bytes_per_second", needs: CAS, compute: bytesPerSecond },
  {
    metric: "platform_dram_total_bytes_per_second",
    needs: ["platform_dram_requests"],
    compute: bytesPerSecond,
    otherwise: true,
  },
  {
    metric: "platform_dram_hit_ratio",
    needs: [...CAS, ...PMM],
    compute: ([reads = 0, writes = 0, ...pmm]) => (reads + writes) / (reads + writes + sum(pmm)),
  },
  {
    metric: "platform_upi_bandwidth_bytes_per_second",
    needs: UPI,
    compute: (flits, seconds) => (sum(flits) / seconds / FLITS_OF_LINE) * LINE_BYTES,
  },
];

function bytesPerSecond(lines: readonly number[], seconds: number): number {
  return (sum(lines) * LINE_BYTES) / seconds;
}

/** What was counted since the round before. */
export interface UncoreIncreases {
  /** Of each counter that was counting in all of its parts. */
  readonly increases: UncoreCounters;
  readonly seconds: number;
  /** How often a unit of that number is in the socket: once, or on each of its dies. */
  readonly instances: ByUnit;
}

/** Rates and ratios of uncore counters. What lacks an input or has a divisor of 0 is left out. */
export function deriveUncore(counted: UncoreIncreases): Readonly<Record<string, Measurement>> {
  const { increases, seconds } = counted;
  if (!(seconds > 0)) return {};
  const derived: Record<string, Measurement> = {};
  for (const formula of UNIT_FORMULAS) {
    if (formula.otherwise && derived[formula.metric] !== undefined) continue;
    const values = applied(formula, increases, seconds);
    if (values !== undefined) derived[formula.metric] = values;
  }
  const latency = readLatencies(counted);
  if (latency !== undefined) derived["platform_rpq_read_latency_seconds"] = latency;
  return derived;
}

function applied(
  { needs, compute }: UnitFormula,
  increases: UncoreCounters,
  seconds: number,
): ByUnit | undefined {
  const [first = ""] = needs;
  const values: Record<string, Record<string, number>> = {};
  for (const [socket, units] of Object.entries(increases[first] ?? {})) {
    for (const unit of Object.keys(units)) {
      const inputs = needs.map((metric) => increases[metric]?.[socket]?.[unit]);
      const value = inputs.includes(undefined) ? Number.NaN : compute(inputs as readonly number[], seconds);
      if (!Number.isFinite(value)) continue;
      values[socket] ??= {};
      values[socket][unit] = value;
    }
  }
  return Object.keys(values).length === 0 ? undefined : values;
}

/** By socket: how many cycles a read waited, divided by the cycles of one channel in a second. */
function readLatencies({
  increases,
  seconds,
  instances,
}: UncoreIncreases): Readonly<Record<string, number>> | undefined {
  const { platform_rpq_occupancy: occupancies = {}, platform_rpq_inserts: inserts = {} } = increases;
  const { platform_imc_clockticks: clockticks = {} } = increases;
  const latencies: Record<string, number> = {};
  for (const [socket, occupancy] of Object.entries(occupancies)) {
    const { [socket]: entered = {} } = inserts;
    const { [socket]: ticks = {} } = clockticks;
    // The clock of a channel without memory stands still.
    const channels = Object.keys(occupancy).filter(
      (unit) => entered[unit] !== undefined && (ticks[unit] ?? 0) > 0,
    );
    const total = (of: Readonly<Record<string, number>>) => sum(channels.map((unit) => of[unit] ?? 0));
    const clocks = sum(channels.map((unit) => instances[socket]?.[unit] ?? 1));
    const latency = total(occupancy) / total(entered) / (total(ticks) / clocks / seconds);
    if (Number.isFinite(latency)) latencies[socket] = latency;
  }
  return Object.keys(latencies).length === 0 ? undefined : latencies;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

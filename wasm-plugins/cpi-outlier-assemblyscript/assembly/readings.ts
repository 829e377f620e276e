import { Snapshot } from "../../pdk/assemblyscript/snapshot";

const PRESSURE = "task_pressure_seconds_total/cpu/some";

/** What has been counted of a task so far. NaN: not known, which makes every comparison false. */
export class Readings {
  usage: f64 = NaN;
  cycles: f64 = NaN;
  instructions: f64 = NaN;
  cacheMisses: f64 = NaN;
  pressure: f64 = NaN;
  throttled: f64 = NaN;
}

/** What happened between two rounds; NaN: not known. */
export class Rates {
  usage: f64 = NaN;
  cpi: f64 = NaN;
  mpki: f64 = NaN;
  pressure: f64 = NaN;
  throttled: f64 = 0;

  static between(before: Readings, now: Readings, secs: f64): Rates {
    const rates = new Rates();
    const instructions = now.instructions - before.instructions;
    const counted = instructions > 0;
    if (now.usage >= before.usage) rates.usage = (now.usage - before.usage) / secs;
    if (counted && now.cycles >= before.cycles) rates.cpi = (now.cycles - before.cycles) / instructions;
    if (counted && now.cacheMisses >= before.cacheMisses) {
      rates.mpki = (1000.0 * (now.cacheMisses - before.cacheMisses)) / instructions;
    }
    if (now.pressure >= before.pressure) rates.pressure = (now.pressure - before.pressure) / secs;
    if (now.throttled >= before.throttled) rates.throttled = (now.throttled - before.throttled) / secs;
    return rates;
  }
}

/** The columns of one measurement. Counters by CPU are as good as their sum. */
class Columns {
  private found: f64[][] = [];

  constructor(snapshot: Snapshot, name: string) {
    for (let i = 0; i < snapshot.columns.length; i++) {
      const path = snapshot.columns[i];
      if (path == name || path.startsWith(name + "/")) this.found.push(snapshot.values[i]);
    }
  }

  sum(row: i32): f64 {
    let sum: f64 = NaN;
    for (let i = 0; i < this.found.length; i++) {
      const value = this.found[i][row];
      if (!isNaN(value)) sum = isNaN(sum) ? value : sum + value;
    }
    return sum;
  }
}

/** The readings of every task of a snapshot. */
export class ReadingsOf {
  private usage: Columns;
  private cycles: Columns;
  private instructions: Columns;
  private cacheMisses: Columns;
  private throttled: Columns;
  private pressure: f64[] | null;

  constructor(snapshot: Snapshot) {
    this.usage = new Columns(snapshot, "task_cpu_usage_seconds");
    this.cycles = new Columns(snapshot, "task_cycles");
    this.instructions = new Columns(snapshot, "task_instructions");
    this.cacheMisses = new Columns(snapshot, "task_cache_misses");
    this.throttled = new Columns(snapshot, "task_cpu_throttled_seconds_total");
    this.pressure = snapshot.column(PRESSURE);
  }

  at(row: i32): Readings {
    const readings = new Readings();
    readings.usage = this.usage.sum(row);
    readings.cycles = this.cycles.sum(row);
    readings.instructions = this.instructions.sum(row);
    readings.cacheMisses = this.cacheMisses.sum(row);
    readings.throttled = this.throttled.sum(row);
    const pressure = this.pressure;
    if (pressure != null) readings.pressure = pressure[row];
    return readings;
  }
}

// The tests of the plugin; README.md has the command.
import { answers, check, near, same, setInput, setOption } from "../../pdk/assemblyscript/test/check";
import { LoadHistory } from "../assembly/load-history";
import { Moments } from "../assembly/moments";
import { Options, Signal } from "../assembly/options";
import { detect } from "../assembly/plugin";
import { Rates, Readings } from "../assembly/readings";
import { Began, Rounds } from "../assembly/rounds";

export function testMeanAndVariance(): void {
  const moments = new Moments();
  moments.add(1);
  moments.add(3);
  same("mean", moments.mean, 2);
  same("variance", moments.variance, 1);
  // a = 1/3, d = 4.
  moments.add(6);
  same("count", moments.count, 3);
  near("mean of three", moments.mean, 10.0 / 3.0);
  near("variance of three", moments.variance, 38.0 / 9.0);
  near("deviation of three", moments.deviation, Math.sqrt(38.0 / 9.0));
  moments.count = 3600;
  moments.mean = 0;
  moments.add(3600);
  same("most samples", moments.count, 3600);
  near("the last one's weight", moments.mean, 1);
}

function meanAt(history: LoadHistory, usage: f64): f64 {
  const baseline = history.baseline(usage);
  return baseline == null ? NaN : baseline.mean;
}

export function testBaselineOfTheNearestLoad(): void {
  const options = new Options();
  options.minSamples = 2;
  const history = new LoadHistory(options);
  history.learn(0.1, 1);
  same("too few", meanAt(history, 0.1), NaN);
  // Up to 0.5 is the same bin.
  history.learn(0.49, 1);
  history.learn(2.2, 5);
  history.learn(2.2, 5);
  history.learn(1.2, 9);
  same("nearer to 0.1", meanAt(history, 0.6), 1);
  same("as far from one as from the other", meanAt(history, 1.2), 5);
  same("very busy", meanAt(history, 1e9), 5);
  history.forget();
  same("forgotten", meanAt(history, 0.1), NaN);
}

function readings(usage: f64, cycles: f64, instructions: f64, cacheMisses: f64, pressure: f64): Readings {
  const all = new Readings();
  all.usage = usage;
  all.cycles = cycles;
  all.instructions = instructions;
  all.cacheMisses = cacheMisses;
  all.pressure = pressure;
  return all;
}

export function testRatesOfARound(): void {
  const before = readings(10, 300, 100, 7, 1);
  const now = readings(14, 600, 200, 6, 2);
  const rates = Rates.between(before, now, 4);
  same("usage", rates.usage, 1);
  same("cpi", rates.cpi, 3);
  same("mpki", rates.mpki, NaN);
  same("pressure", rates.pressure, 0.25);
  same("throttled", rates.throttled, 0);
  const fallen = Rates.between(now, readings(13, 700, 200, 8, 2), 4);
  same("usage that fell", fallen.usage, NaN);
  same("cpi of nothing", fallen.cpi, NaN);
  same("no pressure", fallen.pressure, 0);
}

export function testRounds(): void {
  const rounds = new Rounds();
  same("before the first", rounds.time, NaN);
  for (let secs = 0; secs < 602; secs++) same("begins", <i32>rounds.begin(secs), <i32>Began.Round);
  same("slot", rounds.slot, 1);
  same("first", rounds.first, 2);
  same("again", <i32>rounds.begin(601), <i32>Began.Still);
  same("60 s back", <i32>rounds.begin(541), <i32>Began.Still);
  same("61 s back", <i32>rounds.begin(540), <i32>Began.Back);
  same("time", rounds.time, 540);
}

export function testOptions(): void {
  setOption("signal", "cpi");
  setOption("hits", "5");
  setOption("report_unattributed", "true");
  const options = new Options();
  check("signal", options.signal == Signal.Cpi);
  same("hits", options.hits, 5);
  same("sigmas", options.sigmas, 2);
  same("min_usage", options.minUsage, NaN);
  check("report_unattributed", options.reportUnattributed);
}

let secs: f64 = 0;
let victimUsage: f64 = 0;
let victimPressure: f64 = 0;
let batchUsage: f64 = 0;

/** Another second, in which the victim waited and the batch job ran for those shares of it. */
function play(pressure: f64, batch: f64): void {
  secs += 1;
  victimUsage += 0.5;
  victimPressure += pressure;
  batchUsage += batch;
  setInput(
    `{"timeMs":${secs * 1000.0},"intervalSecs":1,"tasks":{"id":["victim","batch"],"identity":[1,2]},` +
      `"columns":[["task_cpu_usage_seconds"],["task_pressure_seconds_total","cpu","some"]],` +
      `"values":[[${victimUsage},${batchUsage}],[${victimPressure},null]]}`,
  );
  same("status", detect(), 0);
}

function gauge(name: string, value: string, label: string, text: string): string {
  return `{"name":"${name}","value":${value},"labels":{"${label}":"${text}"},"type":"gauge"}`;
}

/** What is told of the victim; the rest is the same whenever something is. */
function victim(state: string, severity: string, value: string): string {
  const metrics = [
    gauge("cpi_outlier_value", value, "signal", "psi"),
    gauge("cpi_outlier_mean", "0.25", "signal", "psi"),
    gauge("cpi_outlier_threshold", "0.5", "signal", "psi"),
    gauge("cpi_outlier_correlation", "0.5", "contending_task_id", "batch"),
  ];
  return (
    `{"resource":"cpus","contendedTaskId":"victim","contendingTaskIds":["batch"],"state":"${state}",` +
    `"severity":${severity},"confidence":0.5,"metrics":[${metrics.join(",")}]}`
  );
}

/** The answer of the last round: anomalies, and how many tasks are learning, watched and contended. */
function told(anomalies: string, learning: string, watched: string, contended: string): void {
  const census = [
    gauge("cpi_outlier_tasks", learning, "state", "learning"),
    gauge("cpi_outlier_tasks", watched, "state", "watched"),
    gauge("cpi_outlier_tasks", contended, "state", "contended"),
  ];
  answers(`{"anomalies":[${anomalies}],"metrics":[${census.join(",")}]}`);
}

/**
 * Mean 0.25 and standard deviation 0.125 after two samples, so the threshold is 0.25 + 2 * 0.125. The batch job uses
 * 0.25 in good rounds; the two bad ones in which it uses 1 more weigh 1 - 0.5 / 1 each.
 */
export function testJudgesRoundsWorkedOutByHand(): void {
  setOption("signal", "psi");
  setOption("hits", "2");
  setOption("min_samples", "2");
  setOption("clear_after", "2");
  play(0, 0.25);
  play(0.125, 0.25);
  told("", "2", "0", "0");
  play(0.375, 0.25);
  told("", "1", "1", "0");
  play(1, 1.25);
  told("", "1", "1", "0");
  play(1, 1.25);
  told(victim("onset", "1", "1"), "1", "0", "1");
  play(0.625, 0.25);
  told(victim("ongoing", "0.75", "0.625"), "1", "0", "1");
  play(0.25, 0.25);
  told(victim("ongoing", "0.75", "0.625"), "1", "0", "1");
  play(0.5, 0.25);
  told(victim("clear", "0", "0.625"), "1", "1", "0");
}

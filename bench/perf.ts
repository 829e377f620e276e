/*
 * What perf events cost: the CPU time that the collector takes in a round with 100 tasks and 4 software
 * events. Run as root: bun bench/perf.ts [tasks] [rounds]
 */
import * as fs from "node:fs";
import { z } from "zod";
import { PERF_OPTIONS } from "../src/collectors/perf/options.ts";
import { PerfCollector } from "../src/collectors/perf/perf.ts";
import { StorageDeliveries } from "../src/delivery/deliveries.ts";
import { readLayout } from "../src/kernel/cgroup/layout.ts";
import { KernelHost } from "../src/kernel/host.ts";
import { PerfHierarchy } from "../src/kernel/perf/hierarchy.ts";
import { readPlatform } from "../src/kernel/platform.ts";
import { Catalogue } from "../src/model/catalogue.ts";
import { LOG_LEVELS, type Log } from "../src/model/log.ts";
import type { Measurement } from "../src/model/metric.ts";
import { makeCgroup, removeCgroup } from "./cgroups.ts";

const EVENTS = ["task_cpu_clock_seconds", "task_page_faults", "task_context_switches", "task_cpu_migrations"];
/** The same for all programs of bench/, whose leftovers `bench/run.ts --clean` removes. */
const PREFIX = "wcabench-perf-";
/** Rounds in which the engine compiles. */
const WARM_UP = 200;
const PAUSE_MS = 10;

const [tasks = 100, rounds = 500] = process.argv.slice(2).map(Number);
const host = new KernelHost();
const { mount } = new PerfHierarchy(host, readLayout(host));
const platform = readPlatform(host);
const log = Object.fromEntries(
  LOG_LEVELS.map((level) => [level, (text: string) => console.error(text)]),
) as Log;
const collector = new PerfCollector(z.object(PERF_OPTIONS).parse({ event_names: EVENTS }), {
  ...{ host, log, hostname: host.hostname, catalogue: new Catalogue(), version: "bench" },
  deliveries: new StorageDeliveries(() => log),
  now: () => host.now(),
  logCounts: () => new Map(),
});

const names = Array.from({ length: tasks }, (_, index) => `${PREFIX}${index}`);
const sleepers: Bun.Subprocess[] = [];
try {
  const entries = names.map((name) => {
    const directory = makeCgroup(mount, name);
    const sleeper = Bun.spawn(["sleep", "3600"], { stdio: ["ignore", "ignore", "ignore"] });
    sleepers.push(sleeper);
    fs.writeFileSync(`${directory}/cgroup.procs`, String(sleeper.pid));
    const task = {
      ...{ id: name, name, cgroupPath: `/${name}`, subcgroupPaths: [], labels: {}, resources: {} },
      identity: fs.statSync(directory).ino,
    };
    return { task, measurements: {} as Record<string, Measurement> };
  });
  const round = { timeMs: 0, platform, platformMeasurements: {}, tasks: entries, drop: () => {} };

  const opening = process.cpuUsage();
  collector.measure(round);
  const opened = cpuMs(opening);
  for (let count = 0; count < WARM_UP; count++) collector.measure(round);

  // Back to back, and as in an agent that sleeps in between, which finds its caches cold.
  const backToBack = measure(() => collector.measure(round), rounds);
  const paused: number[] = [];
  for (let count = 0; count < rounds / 5; count++) {
    await Bun.sleep(PAUSE_MS);
    paused.push(measure(() => collector.measure(round), 1));
  }
  const cpus = platform.onlineCpus.length;
  console.log(
    `${tasks} cgroups x ${cpus} CPUs x ${EVENTS.length} software events = ${tasks * cpus * EVENTS.length} descriptors`,
  );
  console.log(`first round, which opens them: ${opened.toFixed(1)} ms of CPU`);
  console.log(`back to back, ${rounds} rounds: ${backToBack.toFixed(3)} ms of CPU a round`);
  console.log(
    `after pauses of ${PAUSE_MS} ms, ${paused.length} rounds: ${median(paused).toFixed(3)} ms of CPU a round (median; worst ${Math.max(...paused).toFixed(3)})`,
  );
} finally {
  collector.close();
  for (const sleeper of sleepers) sleeper.kill("SIGKILL");
  await Promise.all(sleepers.map(({ exited }) => exited));
  for (const name of names) removeCgroup(`${mount}/${name}`);
}

/** Mean CPU time, user and system, of this process, milliseconds. */
function measure(action: () => void, times: number): number {
  const before = process.cpuUsage();
  for (let count = 0; count < times; count++) action();
  return cpuMs(before) / times;
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

import * as fs from "node:fs";
import type { Contender } from "./contenders.ts";
import type { CpuTime, MeasuredCgroup } from "./measured-cgroup.ts";
import { machineCpuTime, openFiles, proportional, readCalls, resident } from "./process-figures.ts";
import { Rounds } from "./rounds.ts";

/** Joins the cgroup before it becomes the program, so that no CPU time is missed. */
const JOIN = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"';
const LOOK_MS = 10;
const SAMPLE_MS = 500;
/** For the first round, and for each further one. */
const PATIENCE_MS = 30_000;
const MEGABYTE = 1e6;

export interface MeasureOptions {
  readonly windowSecs: number;
  readonly warmUpSecs: number;
}

/** What one run of one program gave; milliseconds are CPU time per round. */
export interface Run {
  readonly program: Contender["name"];
  readonly tasks: number;
  readonly cpu_ms: number;
  readonly user_ms: number;
  readonly system_ms: number;
  readonly rounds: number;
  readonly period_s: number;
  readonly rss_mb: number;
  readonly rss_peak_mb: number;
  readonly anonymous_mb: number;
  readonly pss_mb: number;
  readonly reads: number;
  readonly descriptors: number;
  readonly bytes: number;
  /** CPUs that the rest of the machine used meanwhile: how noisy the run was. */
  readonly other_cpus: number;
}

interface State {
  readonly time: number;
  readonly cpu: CpuTime;
  readonly machine: number;
  readonly reads: number;
  readonly rounds: number;
}

/** Starts the program, lets it warm up, measures a window that starts and ends just after a round, stops it. */
export async function measure(
  contender: Contender,
  cgroup: MeasuredCgroup,
  { windowSecs, warmUpSecs, tasks }: MeasureOptions & { readonly tasks: number },
): Promise<Run> {
  fs.rmSync(contender.output, { force: true });
  const program = Bun.spawn(["sh", "-c", JOIN, "sh", cgroup.directory, ...contender.command], {
    stdio: ["ignore", 2, 2],
  });
  const rounds = new Rounds(contender.output);
  const samples: number[] = [];
  async function watch(milliseconds: number, sampling: boolean): Promise<void> {
    const end = performance.now() + milliseconds;
    let nextSample = 0;
    for (;;) {
      const now = performance.now();
      if (program.exitCode !== null) throw new Error(`${contender.name} ended with ${program.exitCode}`);
      if (now > end + PATIENCE_MS) throw new Error(`${contender.name} makes no rounds`);
      if (sampling && now >= nextSample) {
        samples.push(resident(program.pid).now);
        nextSample = now + SAMPLE_MS;
      }
      if (rounds.look() && now >= end) return;
      await Bun.sleep(LOOK_MS);
    }
  }
  function state(): State {
    return {
      time: performance.now(),
      cpu: cgroup.cpuTime(),
      machine: machineCpuTime(),
      reads: readCalls(program.pid),
      rounds: rounds.count,
    };
  }
  try {
    await watch(0, false);
    await watch(warmUpSecs * 1000, false);
    const before = state();
    await watch(windowSecs * 1000, true);
    const after = state();
    return {
      program: contender.name,
      tasks,
      ...perRound(before, after),
      rss_mb: rounded(median(samples) / MEGABYTE),
      rss_peak_mb: rounded(resident(program.pid).peak / MEGABYTE),
      anonymous_mb: rounded(resident(program.pid).anonymous / MEGABYTE),
      pss_mb: rounded(proportional(program.pid) / MEGABYTE),
      descriptors: openFiles(program.pid).length,
      bytes: rounds.bytes,
    };
  } finally {
    program.kill("SIGTERM");
    const killer = setTimeout(() => program.kill("SIGKILL"), PATIENCE_MS);
    await program.exited;
    clearTimeout(killer);
  }
}

function perRound(before: State, after: State) {
  const rounds = after.rounds - before.rounds;
  const secs = (after.time - before.time) / 1000;
  const cpu = after.cpu.total - before.cpu.total;
  return {
    cpu_ms: rounded((cpu / rounds) * 1000),
    user_ms: rounded(((after.cpu.user - before.cpu.user) / rounds) * 1000),
    system_ms: rounded(((after.cpu.system - before.cpu.system) / rounds) * 1000),
    rounds,
    period_s: rounded(secs / rounds),
    reads: Math.round((after.reads - before.reads) / rounds),
    other_cpus: rounded((after.machine - before.machine - cpu) / secs),
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

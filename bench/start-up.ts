import * as fs from "node:fs";
import type { Cleanup } from "./cleanup.ts";
import type { Contender } from "./contenders.ts";
import { median } from "./measure.ts";

const LOOK_MS = 0.5;
const PATIENCE_MS = 30_000;

/** Milliseconds from exec to the first whole file, and of CPU from exec to exit after one round. */
export interface StartUp {
  readonly program: Contender["name"];
  readonly tasks: number;
  readonly first_file_ms: number;
  readonly first_file_min_ms: number;
  readonly first_file_max_ms: number;
  readonly cpu_ms: number;
  readonly starts: number;
}

export interface StartUpOptions {
  readonly starts: number;
  readonly tasks: number;
  readonly cleanup: Cleanup;
}

/** Starts the program several times for one round each. */
export async function startUp(
  contender: Contender,
  { starts, tasks, cleanup }: StartUpOptions,
): Promise<StartUp> {
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let start = 0; start < starts; start++) {
    const once = await startOnce(contender, cleanup);
    wall.push(once.wall);
    cpu.push(once.cpu);
  }
  return {
    program: contender.name,
    tasks,
    first_file_ms: tenths(median(wall)),
    first_file_min_ms: tenths(Math.min(...wall)),
    first_file_max_ms: tenths(Math.max(...wall)),
    cpu_ms: tenths(median(cpu)),
    starts,
  };
}

async function startOnce(
  contender: Contender,
  cleanup: Cleanup,
): Promise<{ readonly wall: number; readonly cpu: number }> {
  fs.rmSync(contender.output, { force: true });
  const started = performance.now();
  const program = Bun.spawn([...contender.rounds(1)], { stdio: ["ignore", 2, 2] });
  const kill = cleanup.add(() => program.kill("SIGKILL"));
  while (!fs.existsSync(contender.output)) {
    if (performance.now() - started > PATIENCE_MS) throw new Error(`${contender.name} wrote nothing`);
    Bun.sleepSync(LOOK_MS);
  }
  const wall = performance.now() - started;
  await program.exited;
  kill();
  const microseconds = program.resourceUsage()?.cpuTime.total ?? 0;
  return { wall, cpu: Number(microseconds) / 1000 };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

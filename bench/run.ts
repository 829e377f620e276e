/*
 * bun bench/run.ts: what a round of the agent costs, beside the least it can cost. Needs root, cgroup v1
 * controllers and a C compiler. Prints a line of JSON for each run on standard output and the report on
 * standard error. See README.md.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { PREFIX, removeLeftovers, taskMounts } from "./cgroups.ts";
import { Cleanup } from "./cleanup.ts";
import { compileAgent, compileLimit } from "./contenders.ts";
import { measure, type Run } from "./measure.ts";
import { MeasuredCgroup } from "./measured-cgroup.ts";
import { type BenchOptions, parseBenchOptions, USAGE } from "./options.ts";
import { growthOf, ratioOf, table, verdicts } from "./report.ts";
import { setStage } from "./stage.ts";
import { type StartUp, startUp } from "./start-up.ts";

const EXIT_USAGE = 2;
const PROGRAMS = ["agent", "limit"] as const;

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) return void process.stdout.write(USAGE);
  const options = parseBenchOptions(args);
  if (options.clean) {
    console.error(`Removed ${removeLeftovers(taskMounts())} cgroups`);
    for (const name of fs.readdirSync(options.scratch)) {
      if (name.startsWith(PREFIX)) fs.rmSync(path.join(options.scratch, name), { recursive: true });
    }
    return;
  }
  const cleanup = new Cleanup();
  const scratch = fs.mkdtempSync(path.join(options.scratch, PREFIX));
  cleanup.add(() => fs.rmSync(scratch, { recursive: true, force: true }));
  if (!options.source && options.agent === undefined) compileAgent();
  compileLimit(scratch);
  const runs: Run[] = [];
  const starts: StartUp[] = [];
  for (const tasks of options.taskCounts) await compare(tasks, { options, cleanup, scratch, runs, starts });
  report(options, runs, starts);
}

interface Comparison {
  readonly options: BenchOptions;
  readonly cleanup: Cleanup;
  readonly scratch: string;
  readonly runs: Run[];
  readonly starts: StartUp[];
}

/** Both programs on the same cgroups, in turn. */
async function compare(
  tasks: number,
  { options, cleanup, scratch, runs, starts }: Comparison,
): Promise<void> {
  const stage = await setStage({ ...options, tasks, scratch, cleanup });
  if (options.starts > 0) {
    for (const contender of stage.contenders)
      tell(starts, await startUp(contender, { starts: options.starts, tasks, cleanup }));
  }
  const cgroup = new MeasuredCgroup();
  const closeCgroup = cleanup.add(() => cgroup.close());
  for (let pair = 0; pair < options.pairs; pair++) {
    for (const contender of stage.contenders) {
      tell(runs, await measure(contender, cgroup, { ...options, tasks }));
    }
  }
  closeCgroup();
  stage.close();
}

function tell<T>(list: T[], result: T): void {
  list.push(result);
  console.log(JSON.stringify(result));
}

function report({ taskCounts }: BenchOptions, runs: readonly Run[], starts: readonly StartUp[]): void {
  const ratios = taskCounts.map((tasks) => ratioOf(runs, tasks));
  const growths = taskCounts.length < 2 ? [] : PROGRAMS.map((program) => growthOf(runs, program));
  for (const line of [...ratios, ...growths]) console.log(JSON.stringify(line));
  console.error(`\n${table(runs)}\n\n${verdicts({ runs, starts, ratios, growths })}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = error instanceof TypeError ? EXIT_USAGE : 1;
}
process.exit();

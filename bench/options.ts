import * as os from "node:os";
import { parseArgs } from "node:util";

export const USAGE = `bun bench/run.ts [options]: what a round of the agent costs, beside the least it can cost (limit.c)
  --tasks N          number of tasks (500)
  --scaling          100, 500 and 1000 tasks
  --pairs N          how often agent and limit are run in turn (2)
  --window SECS      length of a measurement (20)
  --warm-up SECS     before it (5)
  --starts N         starts to time for each program, 0 for none (5)
  --descriptors N    limit of open files for both programs (as it is)
  --agent FILE       measure this executable instead of building dist/wca
  --source           run the agent from source instead of compiling it
  --scratch DIR      where output goes (${os.tmpdir()})
  --clean            only remove what a benchmark that was killed has left
`;

export interface BenchOptions {
  readonly taskCounts: readonly number[];
  readonly pairs: number;
  readonly windowSecs: number;
  readonly warmUpSecs: number;
  readonly starts: number;
  readonly descriptors: number | undefined;
  readonly agent: string | undefined;
  readonly source: boolean;
  readonly scratch: string;
  readonly clean: boolean;
}

/** Throws TypeError. */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tasks: { type: "string", default: "500" },
      scaling: { type: "boolean", default: false },
      pairs: { type: "string", default: "2" },
      window: { type: "string", default: "20" },
      "warm-up": { type: "string", default: "5" },
      starts: { type: "string", default: "5" },
      descriptors: { type: "string" },
      agent: { type: "string" },
      source: { type: "boolean", default: false },
      scratch: { type: "string", default: os.tmpdir() },
      clean: { type: "boolean", default: false },
    },
  });
  return {
    taskCounts: values.scaling ? [100, 500, 1000] : [positive("tasks", values.tasks)],
    pairs: positive("pairs", values.pairs),
    windowSecs: positive("window", values.window),
    warmUpSecs: positive("warm-up", values["warm-up"]),
    starts: positive("starts", values.starts, 0),
    descriptors: values.descriptors === undefined ? undefined : positive("descriptors", values.descriptors),
    agent: values.agent,
    source: values.source,
    scratch: values.scratch,
    clean: values.clean,
  };
}

function positive(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new TypeError(`option --${name}: saw "${text}", wanted a whole number of ${least} or more`);
}

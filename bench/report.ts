import type { Run } from "./measure.ts";
import type { StartUp } from "./start-up.ts";

/** What the issue asks for at that number of tasks; growth at any. */
const AIMS = { tasks: 500, ratio: 1.5, residentMb: 60, firstFileMs: 150 } as const;

const COLUMNS = {
  program: (run: Run) => run.program,
  tasks: (run: Run) => String(run.tasks),
  "CPU ms/round": (run: Run) => run.cpu_ms.toFixed(2),
  user: (run: Run) => run.user_ms.toFixed(2),
  system: (run: Run) => run.system_ms.toFixed(2),
  "reads/round": (run: Run) => String(run.reads),
  "RSS MB": (run: Run) => run.rss_mb.toFixed(1),
  peak: (run: Run) => run.rss_peak_mb.toFixed(1),
  anon: (run: Run) => run.anonymous_mb.toFixed(1),
  "PSS MB": (run: Run) => run.pss_mb.toFixed(1),
  files: (run: Run) => String(run.descriptors),
  "kB/round": (run: Run) => (run.bytes / 1000).toFixed(0),
  "other CPUs": (run: Run) => run.other_cpus.toFixed(2),
} as const;

export function table(runs: readonly Run[]): string {
  const rows = [
    Object.keys(COLUMNS),
    ...runs.map((run) => Object.values(COLUMNS).map((column) => column(run))),
  ];
  const widths = Object.keys(COLUMNS).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "))
    .join("\n");
}

export interface Results {
  readonly runs: readonly Run[];
  readonly starts: readonly StartUp[];
  readonly ratios: readonly Ratio[];
  readonly growths: readonly Growth[];
}

export interface Growth {
  readonly growth: Run["program"];
  readonly from: number;
  readonly to: number;
  readonly factor: number;
  readonly linear: number;
}

export interface Ratio {
  readonly ratio: "agent/limit";
  readonly tasks: number;
  readonly pairs: number;
  readonly geomean: number;
  readonly min: number;
  readonly max: number;
}

/** CPU per round of the agent by that of limit, pair by pair. */
export function ratioOf(runs: readonly Run[], tasks: number): Ratio {
  const agents = runs.filter((run) => run.tasks === tasks && run.program === "agent");
  const limits = runs.filter((run) => run.tasks === tasks && run.program === "limit");
  const ratios = agents.map(({ cpu_ms }, pair) => cpu_ms / (limits[pair]?.cpu_ms ?? Number.NaN));
  return {
    ratio: "agent/limit",
    tasks,
    pairs: ratios.length,
    geomean: thousandths(geomean(ratios)),
    min: thousandths(Math.min(...ratios)),
    max: thousandths(Math.max(...ratios)),
  };
}

/** How CPU per round grew from the fewest to the most tasks; linear growth is the ratio of the numbers of tasks. */
export function growthOf(runs: readonly Run[], program: Run["program"]): Growth {
  const own = runs.filter((run) => run.program === program);
  const [fewest, most] = [
    Math.min(...own.map(({ tasks }) => tasks)),
    Math.max(...own.map(({ tasks }) => tasks)),
  ];
  function mean(tasks: number): number {
    return geomean(own.filter((run) => run.tasks === tasks).map(({ cpu_ms }) => cpu_ms));
  }
  return {
    growth: program,
    from: fewest,
    to: most,
    factor: thousandths(mean(most) / mean(fewest)),
    linear: most / fewest,
  };
}

/** A line for each figure, those that the issue has an aim for with the verdict. */
export function verdicts({ runs, starts, ratios, growths }: Results): string {
  return [
    ...ratios.map(({ tasks, geomean: mean, min, max }) =>
      verdict(`CPU of agent by that of limit, ${tasks} tasks: ${mean} (${min} to ${max})`, {
        value: mean,
        aim: tasks === AIMS.tasks ? AIMS.ratio : undefined,
      }),
    ),
    ...ratios.map(({ tasks }) => {
      const resident = runs.filter((run) => run.program === "agent" && run.tasks === tasks);
      const value = Math.max(...resident.map(({ rss_mb }) => rss_mb));
      const aim = tasks === AIMS.tasks ? AIMS.residentMb : undefined;
      return verdict(`resident memory of agent, ${tasks} tasks: ${value} MB`, { value, aim });
    }),
    ...starts.map((start) => {
      const { program, tasks, first_file_ms: value, first_file_min_ms: min, first_file_max_ms: max } = start;
      const text = `first file of ${program}, ${tasks} tasks: ${value} ms (${min} to ${max}), CPU ${start.cpu_ms} ms`;
      const aimed = program === "agent" && tasks === AIMS.tasks;
      return verdict(text, { value, aim: aimed ? AIMS.firstFileMs : undefined });
    }),
    ...growths.map(({ growth: program, from, to, factor, linear }) => {
      const text = `growth of CPU of ${program}, ${from} to ${to} tasks: ${factor} times`;
      return verdict(text, { value: factor, aim: program === "agent" ? linear : undefined });
    }),
  ].join("\n");
}

function verdict(text: string, { value, aim }: { readonly value: number; readonly aim: number | undefined }) {
  if (aim === undefined) return `        ${text}`;
  return `${value <= aim ? "met    " : "NOT MET"} ${text}, aim ${aim}`;
}

function geomean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/**
 * `npm run demo`: the agent on this host for a few rounds, and what it found in plain words. The agent is
 * started as a user would start it; the numbers below are read from the text that it printed.
 */
import * as os from "node:os";
import * as path from "node:path";

const ROOT = path.resolve(import.meta.dir, "..");
const CONFIG = "configs/quickstart.yaml";
const ROUNDS = 4;
const MOST_TASKS = 15;
const MEBIBYTE = 1024 * 1024;

/** Samples of one metric: labels and value, of the first and of the last round. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly first: number;
  last: number;
  /** Milliseconds between the two. */
  readonly firstMs: number;
  lastMs: number;
}

async function main(): Promise<number> {
  const args = ["src/main.ts", "-c", CONFIG, "--root", "-n", String(ROUNDS), "-l", "warning"];
  console.log(
    `WCA measures this host for ${ROUNDS} rounds, a second apart:\n\n  npm run wca -- ${args.slice(1).join(" ")}\n`,
  );
  const agent = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
  });
  const text = await new Response(agent.stderr).text();
  const exitCode = await agent.exited;
  if (exitCode !== 0) {
    console.error(`${text}\nThe agent ended with exit code ${exitCode}.`);
    return exitCode;
  }
  const metrics = parseSamples(text);
  printPlatform(metrics);
  printTasks(metrics);
  printExcerpt(text, metrics);
  printWhatNext();
  return 0;
}

type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Samples by metric name, each series once with its first and last value. */
function parseSamples(text: string): Samples {
  const bySeries = new Map<string, { readonly name: string; readonly sample: Sample }>();
  for (const line of text.split("\n")) {
    const found = /^([a-zA-Z_:][\w:]*)({.*})? (\S+) (\d+)$/.exec(line);
    if (found === null) continue;
    const [, name = "", labelText = "", value = "", timeMs = ""] = found;
    const known = bySeries.get(name + labelText);
    if (known === undefined) {
      const sample = {
        labels: parseLabels(labelText),
        first: Number(value),
        last: Number(value),
        firstMs: Number(timeMs),
        lastMs: Number(timeMs),
      };
      bySeries.set(name + labelText, { name, sample });
    } else {
      known.sample.last = Number(value);
      known.sample.lastMs = Number(timeMs);
    }
  }
  const byName = Map.groupBy(bySeries.values(), ({ name }) => name);
  return new Map([...byName].map(([name, entries]) => [name, entries.map(({ sample }) => sample)]));
}

function parseLabels(text: string): Record<string, string> {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries(
    [...pairs].map(([, name = "", value = ""]) => [name, value.replace(/\\(.)/g, "$1")]),
  );
}

function printPlatform(metrics: Samples): void {
  const [information] = metrics.get("wca_information") ?? [];
  const { sockets, cores, cpus, cpu_model: model } = information?.labels ?? {};
  const ticks = sum(metrics.get("platform_cpu_usage"), increase);
  const seconds = span(metrics.get("platform_cpu_usage"));
  const memory = mebibytes(metrics.get("platform_mem_usage_bytes")?.[0]?.last ?? 0);
  console.log(
    `THIS HOST  ${os.hostname()}: ${sockets} socket(s), ${cores} core(s), ${cpus} CPU(s), ${model}`,
  );
  console.log(`           ${percent(ticks / 100 / seconds)} of a CPU busy, ${memory} of memory used\n`);
}

function printTasks(metrics: Samples): void {
  const tasks = metrics.get("task_up") ?? [];
  console.log(
    `TASKS      ${tasks.length} cgroup(s) that hold processes (the root cgroup is the host itself and no task)\n`,
  );
  if (tasks.length === 0) {
    console.log(
      "           All processes of this host are in the root cgroup, as in a bare container. Start something",
    );
    console.log(
      "           in a systemd unit, a container or a cgroup of your own, and run the demo again.\n",
    );
    return;
  }
  const rows = tasks.map(({ labels }) => {
    const id = labels["task_id"];
    const cpu = find(metrics, "task_cpu_usage_seconds", id);
    const usage = find(metrics, "task_mem_usage_bytes", id);
    const pressure = (metrics.get("task_pressure_seconds_total") ?? []).find(
      (sample) =>
        sample.labels["task_id"] === id &&
        sample.labels["resource"] === "cpu" &&
        sample.labels["kind"] === "some",
    );
    return {
      name: labels["task_name"] ?? "",
      share: cpu === undefined ? Number.NaN : increase(cpu) / span([cpu]),
      cells: [
        cpu === undefined ? "-" : percent(increase(cpu) / span([cpu])),
        usage === undefined ? "-" : mebibytes(usage.last),
        pressure === undefined ? "-" : percent(increase(pressure) / span([pressure])),
      ],
    };
  });
  rows.sort((a, b) => (Number.isNaN(b.share) ? -1 : b.share) - (Number.isNaN(a.share) ? -1 : a.share));
  printRow("TASK", ["CPU", "MEMORY", "WAITED FOR CPU"]);
  for (const { name, cells } of rows.slice(0, MOST_TASKS)) printRow(name, cells);
  if (rows.length > MOST_TASKS) console.log(`           … and ${rows.length - MOST_TASKS} more`);
  console.log('\n           "-": that cgroup has no file that tells it.\n');
}

function printRow(name: string, cells: readonly string[]): void {
  const shown = name.length > 56 ? `${name.slice(0, 55)}…` : name;
  console.log(`           ${shown.padEnd(58)}${cells.map((cell) => cell.padStart(15)).join("")}`);
}

function printExcerpt(text: string, metrics: Samples): void {
  const series = [...metrics.values()].reduce((count, samples) => count + samples.length, 0);
  console.log(
    `METRICS    ${metrics.size} metrics, ${series} series, as Prometheus text. A part of the last round:\n`,
  );
  const lastRound = text.slice(text.lastIndexOf("# HELP platform_cpu_usage"));
  const wanted = /^(# (HELP|TYPE) )?(platform_mem_usage_bytes|task_mem_usage_bytes|wca_tasks)\b/;
  const lines = lastRound.split("\n").filter((line) => wanted.test(line));
  for (const line of lines.slice(0, 10)) console.log(`           ${line}`);
}

function printWhatNext(): void {
  console.log(`
READ ON    ${CONFIG.padEnd(28)} the configuration that was run
           docs/metrics.md              what each metric means and which kernel file it is from
           docs/components.md           what a configuration can say
           npm run wca -- doctor        what this host supports, and what is missing
           npm run wca -- -c ${CONFIG} --root    the same, until Ctrl-C
           With Bun on the PATH "bun run wca" does the same as "npm run wca --".`);
}

function find(metrics: Samples, name: string, id: string | undefined): Sample | undefined {
  return metrics.get(name)?.find(({ labels }) => labels["task_id"] === id);
}

function increase({ first, last }: Sample): number {
  return last - first;
}

function sum(samples: readonly Sample[] = [], of: (sample: Sample) => number): number {
  return samples.reduce((total, sample) => total + of(sample), 0);
}

/** Seconds between the first and the last round that have the series. */
function span(samples: readonly Sample[] = []): number {
  const [sample] = samples;
  return sample === undefined ? Number.NaN : (sample.lastMs - sample.firstMs) / 1000;
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : "-";
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}

process.exit(await main());

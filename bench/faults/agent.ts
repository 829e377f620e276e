import * as fs from "node:fs";
import * as path from "node:path";

const MAIN = path.join(import.meta.dirname, "../../src/main.ts");
export const INTERVAL_SECS = 0.25;

/** What a run of the agent has left. */
export interface Faulted {
  /** All batches in the Prometheus text format, as a second storage wrote them. */
  readonly text: string;
  /** Metrics that the storage under test was handed, delivered and lost, by its last log line. */
  readonly taken: number;
  readonly delivered: number;
  readonly dropped: number;
  /** When the fault began and ended, milliseconds since the epoch. */
  readonly faultMs: readonly [number, number];
  readonly log: string;
}

/** Runs the real agent with the storage, beside a file that takes all batches, for as long as `faults` takes. */
export async function runAgent(
  directory: string,
  storage: string,
  faults: () => Promise<readonly [number, number]>,
): Promise<Faulted> {
  const file = path.join(directory, "all.prom");
  const config = path.join(directory, "agent.yaml");
  fs.rmSync(file, { force: true });
  fs.writeFileSync(
    config,
    `runner: !MeasurementRunner
  interval: ${INTERVAL_SECS}
  node: !CgroupNode {depth: 1}
  metrics_storage: !FilterStorage
    storages:
      - ${storage}
      - !LogStorage {output_filename: ${file}}
`,
    { mode: 0o600 },
  );
  const agent = Bun.spawn([process.execPath, MAIN, "-c", config, "--root"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reading = new Response(agent.stdout).text();
  try {
    const faultMs = await faults();
    agent.kill("SIGTERM");
    const log = await reading;
    const status = await agent.exited;
    if (status !== 0) throw new Error(`The agent ended with ${status}:\n${log}`);
    const name = /!(\w+)/.exec(storage)?.[1] ?? "";
    const found = new RegExp(`${name}: (\\d+) metrics taken, (\\d+) delivered, (\\d+) dropped`).exec(log);
    if (found === null) throw new Error(`The agent did not say what became of metrics:\n${log}`);
    const [taken = 0, delivered = 0, dropped = 0] = found.slice(1).map(Number);
    return { text: fs.readFileSync(file, "utf8"), taken, delivered, dropped, faultMs, log };
  } finally {
    agent.kill("SIGKILL");
  }
}

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { contextMaker, deliveriesOf, runAgent } from "../../src/agent.ts";
import { COMPONENTS } from "../../src/components.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createRegistry } from "../../src/config/registry.ts";
import { Logging } from "../../src/log.ts";
import { VERSION } from "../../src/version.ts";
import { type MACHINES, machineHost } from "../machines/machine.ts";
import { fakeClock } from "../support/fake-clock.ts";

export type Machine = (typeof MACHINES)[number];

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const LONGEST_ROUNDS_MS = 5000;

/** Which runner, and which of its storages the file is. */
export interface GoldenRunner {
  readonly tag: string;
  readonly storage: string;
  /** A storage whose metrics are not looked at. */
  readonly discarded?: string;
}

const MEASUREMENT: GoldenRunner = { tag: "MeasurementRunner", storage: "metrics_storage" };

/** Runs the whole agent on a machine, from the text of its configuration to the file, which it returns. */
export async function goldenAgent(
  machine: Machine,
  runner: string,
  { tag, storage, discarded }: GoldenRunner = MEASUREMENT,
): Promise<string> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-golden-"));
  using cleanup = new DisposableStack();
  cleanup.defer(() => fs.rmSync(directory, { recursive: true }));
  const config = path.join(directory, "config.yaml");
  const output = path.join(directory, "wca.prom");
  const storages = [
    [storage, output],
    ...(discarded === undefined ? [] : [[discarded, `${output}.discarded`]]),
  ]
    .map(([option, file]) => `  ${option}: !LogStorage {output_filename: ${file}, overwrite: true}\n`)
    .join("");
  fs.writeFileSync(config, `runner: !${tag}\n${runner}${storages}`, { mode: 0o600 });
  // The agent's durations are 0 as long as no time passes in a round.
  using clock = fakeClock();
  const host = machineHost(machine, { now: () => NOW });
  const logging = new Logging({ now: () => NOW, write: () => {} });
  const deliveries = deliveriesOf(logging);
  const configuration = loadConfig(config, {
    registry: createRegistry(COMPONENTS),
    contextFor: contextMaker({ host, logging, deliveries, iterations: 2 }),
    env: {},
    hostname: host.hostname,
  });
  const { signal } = new AbortController();
  const running = runAgent(configuration, { log: logging.logger("wca"), deliveries, signal });
  await clock.pass(LONGEST_ROUNDS_MS);
  const exitCode = await running;
  if (exitCode !== 0) throw new Error(`The agent on ${machine} ended with ${exitCode}`);
  return masked(fs.readFileSync(output, "utf8"));
}

/** The two things that the machine's files do not decide. */
function masked(text: string): string {
  return text
    .replace(/^(wca_(?:mem|memory)_usage_bytes\{.*\}) \d+$/m, "$1 0")
    .replaceAll(`wca_version="${VERSION}"`, 'wca_version="0.0.0"');
}

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { PluginError, type PluginFailure } from "../../../src/model/errors.ts";
import { wat } from "../../support/wat.ts";
import { type Round, TrialAgent } from "./agent.ts";
import { Heart } from "./heart.ts";
import type { HostileModule } from "./hostile-module.ts";
import { children, descriptorsLeft, openDescriptors, residentAtRest, within } from "./own-process.ts";

/** What became of an agent with a hostile module, and of another agent beside it in the same process. */
export interface Verdict {
  /** Of the start of the agent, when the module could not be opened, and of its calls. */
  readonly failures: readonly (PluginFailure | "none")[];
  readonly isOpened: boolean;
  /** Milliseconds that the longest round took beyond its deadline; of `open` when that failed, beyond its own. */
  readonly delayMs: number;
  /** The longest time for which the thread of the agent was busy with one thing. */
  readonly stallMs: number;
  /** Bytes of resident memory: at rest afterwards, and at the worst moment, beyond before. */
  readonly growth: number;
  readonly peak: number;
  readonly moduleBytes: number;
  /** Different lines of level warning and above that are the agent's own, and how many came from the module. */
  readonly lines: readonly string[];
  readonly moduleLines: number;
  readonly rounds: readonly Round[];
  /** Anomalies that the agent beside it told meanwhile; in each of its rounds it should be the same one. */
  readonly others: readonly (readonly string[])[];
  readonly childrenLeft: number;
  readonly descriptorsLeft: readonly string[];
}

/** Of a trial. */
export const ROUNDS = 3;
/** `start_seconds` of {@link TrialAgent}: describing takes a start and a call of at most that. */
const START_DEADLINE_MS = 2000;
/** What the agent itself says begins like this; everything else was said by the module. */
const OWN = /^(WasmDetector |The module |The sandbox |Cannot )/;

/** Writes the module where an agent reads it. The caller removes it. */
export function moduleFile({ module }: HostileModule): string {
  const made = module();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "wca-hostile-"));
  const file = path.join(folder, "hostile.wasm");
  fs.writeFileSync(file, typeof made === "string" ? wat(made) : made, { mode: 0o600 });
  return file;
}

/** Some rounds of the real runner with the module, in the process of another agent that goes on meanwhile. */
export async function trial(file: string, bystander: TrialAgent): Promise<Verdict> {
  const roundsBefore = bystander.rounds.length;
  const childrenBefore = children();
  const before = await residentAtRest();
  const descriptorsBefore = openDescriptors();
  const heart = new Heart();
  const agent = new TrialAgent(file);
  const opened = performance.now();
  const failures: (PluginFailure | "none")[] = [];
  let isOpened = false;
  let delayMs = 0;
  let refusal: string[] = [];
  try {
    await agent.open();
    isOpened = true;
    agent.start(ROUNDS);
    await agent.done();
    const late = agent.rounds.map(
      ({ askedMs = Number.POSITIVE_INFINITY, toldMs, deadlineMs }) => toldMs - askedMs - deadlineMs,
    );
    delayMs = Math.max(0, ...late);
    failures.push(...failuresIn(agent));
  } catch (error) {
    if (isOpened) throw error;
    delayMs = Math.max(0, performance.now() - opened - START_DEADLINE_MS);
    failures.push(error instanceof PluginError ? error.failure : "load");
    refusal = [(error as Error).message];
  }
  await agent.stop();
  const { stallMs, peak } = heart.stop();
  const after = await residentAtRest();
  const areGone = await within(2000, () => left(childrenBefore).length === 0);
  await within(1000, () => descriptorsLeft(descriptorsBefore).length === 0);
  const severe = agent.context.logged
    .filter(([level]) => level === "warning" || level === "error" || level === "critical")
    .map(([, message]) => message);
  return {
    failures,
    isOpened,
    delayMs,
    stallMs,
    growth: after - before,
    peak: Math.max(0, peak - before),
    moduleBytes: fs.statSync(file).size,
    lines: [...new Set([...refusal, ...severe.filter((line) => OWN.test(line))])],
    moduleLines: severe.filter((line) => !OWN.test(line)).length,
    rounds: agent.rounds,
    others: bystander.rounds.slice(roundsBefore).map(({ anomalies }) => anomalies),
    childrenLeft: areGone ? 0 : left(childrenBefore).length,
    descriptorsLeft: descriptorsLeft(descriptorsBefore),
  };
}

/** Kinds of failures that the plugin counted, in the order of their names. */
function failuresIn({ detector }: TrialAgent): readonly (PluginFailure | "none")[] {
  const { wca_plugin_failures_total: failures } = detector.selfMeasurements();
  const [counts = {}] = typeof failures === "object" ? Object.values(failures) : [];
  const met = Object.entries(counts).flatMap(([kind, count]) => (count === 0 ? [] : [kind as PluginFailure]));
  const own = met.filter((kind) => kind !== "waiting");
  return own.length === 0 ? ["none"] : own;
}

function left(before: ReadonlySet<number>): readonly number[] {
  return [...children()].filter((pid) => !before.has(pid));
}

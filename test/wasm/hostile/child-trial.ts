import * as path from "node:path";
import { PluginError } from "../../../src/model/errors.ts";
import { Sandbox } from "../../../src/wasm/sandbox.ts";
import { SandboxGroup } from "../../../src/wasm/sandbox-group.ts";
import { testContext } from "../../support/context.ts";
import { tempTree } from "../../support/tree.ts";
import { Heart } from "./heart.ts";
import { CALL_DEADLINE_MS } from "./loops.ts";
import { children, descriptorsLeft, openDescriptors, residentAtRest, within } from "./own-process.ts";

/** What a sandbox makes of a process that is not what it should be. */
export interface ChildVerdict {
  /** Of the calls that were made, without those that had to wait. */
  readonly failures: readonly string[];
  readonly messages: readonly string[];
  /** Of each call: what was held from before the first to after the last. */
  readonly inputBytes: number;
  /** Lines of level warning and above. */
  readonly lines: readonly string[];
  readonly delayMs: number;
  readonly stallMs: number;
  readonly growth: number;
  readonly peak: number;
  readonly childrenLeft: number;
  readonly descriptorsLeft: readonly string[];
}

const ROUNDS = 3;
const ROUND_MS = 50;
const START_SECS = 0.5;
const INPUT_BYTES = 4 << 20;

/** Some calls of a sandbox whose process is `child.ts`. */
export async function childTrial(behaviour: string): Promise<ChildVerdict> {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  const input = new Uint8Array(INPUT_BYTES);
  const childrenBefore = children();
  const before = await residentAtRest();
  const descriptorsBefore = openDescriptors();
  const heart = new Heart();
  const command = [process.execPath, path.join(import.meta.dirname, "child.ts"), behaviour];
  const sandbox = new Sandbox({
    name: "hostile",
    bytes: Uint8Array.of(0),
    limits: { callSecs: CALL_DEADLINE_MS / 1000, startSecs: START_SECS },
    log,
    group: new SandboxGroup({ command }),
  });
  const failures: string[] = [];
  const messages: string[] = [];
  let delayMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const asked = performance.now();
    const isStart = sandbox.health().pid === undefined;
    try {
      await sandbox.call("detect", input);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      if (error.failure !== "waiting") {
        failures.push(error.failure);
        messages.push(error.message);
      }
    }
    const deadline = CALL_DEADLINE_MS + (isStart ? START_SECS * 1000 : 0);
    delayMs = Math.max(delayMs, performance.now() - asked - deadline);
    await Bun.sleep(ROUND_MS);
  }
  await sandbox.close();
  const { stallMs, peak } = heart.stop();
  await within(2000, () => [...children()].every((pid) => childrenBefore.has(pid)));
  await within(1000, () => descriptorsLeft(descriptorsBefore).length === 0);
  const after = await residentAtRest();
  return {
    inputBytes: input.length,
    failures,
    messages,
    lines: logged
      .filter(([level]) => level === "warning" || level === "error" || level === "critical")
      .map(([, text]) => text),
    delayMs,
    stallMs,
    growth: after - before,
    peak: Math.max(0, peak - before),
    childrenLeft: [...children()].filter((pid) => !childrenBefore.has(pid)).length,
    descriptorsLeft: descriptorsLeft(descriptorsBefore),
  };
}

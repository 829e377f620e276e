import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { TrialAgent } from "./hostile/agent.ts";
import { HOSTILE_MODULES } from "./hostile/all.ts";
import { bystander, FINDING } from "./hostile/bystander.ts";
import { childTrial } from "./hostile/child-trial.ts";
import { HOSTILE_CHILDREN } from "./hostile/children.ts";
import type { HostileModule } from "./hostile/hostile-module.ts";
import { moduleFile, ROUNDS, trial, type Verdict } from "./hostile/trial.ts";

/*
 * The aims are 10 ms and 5 MB: `bun bench/hostile.ts` prints the figures. Here other work may share the machine
 * and the process has done other tests before, so what is asserted is far above noise and far below harm.
 */
const MOST_DELAY_MS = 100;
const MOST_GROWTH = 32 << 20;
const MOST_PEAK = 64 << 20;
/** Of a call, by default. */
const MOST_LINES = 20;
const TIMEOUT_MS = 30_000;

let other: TrialAgent;
beforeAll(async () => {
  other = await bystander();
});
afterAll(() => other.stop());

async function verdictOf(module: HostileModule): Promise<Verdict> {
  const file = moduleFile(module);
  try {
    return await trial(file, other);
  } finally {
    fs.rmSync(path.dirname(file), { recursive: true });
  }
}

function isAsListed({ failures, delayMs, lines }: Verdict, module: HostileModule): boolean {
  const isOnlyLate = lines.length === 1 && isLate(lines[0]);
  const isListed = failures.every((failure) => allowedOf(module).includes(failure));
  return isListed && !isOnlyLate && delayMs < MOST_DELAY_MS;
}

/** The runner's own deadline was over first. */
function isLate(line = ""): boolean {
  return line.includes("not done within");
}

function allowedOf({ fails }: HostileModule): readonly string[] {
  return fails.length === 0 ? ["none"] : fails;
}

/** Failures of the sandbox are seen by the agent as they are listed; without any, nothing may be said. */
function expectHarmless(verdict: Verdict, module: HostileModule): void {
  const { failures, lines } = verdict;
  const { says } = module;
  expect(failures.filter((failure) => !allowedOf(module).includes(failure))).toEqual([]);
  const told = lines.length > 1 ? lines.filter((line) => !isLate(line)) : lines;
  // Without a failure there is nothing to say, unless its answer is valid and cannot be used.
  const isSilent = failures.includes("none") && (says === undefined || module.fails.length > 0);
  const said = isSilent ? [] : [expect.stringMatching(says ?? /./)];
  expect(told).toEqual(said);
  expect(verdict.delayMs).toBeLessThan(MOST_DELAY_MS);
  expect(verdict.growth - verdict.moduleBytes).toBeLessThan(MOST_GROWTH);
  expect(verdict.peak - 3 * verdict.moduleBytes).toBeLessThan(MOST_PEAK);
  expect(verdict.moduleLines).toBeLessThanOrEqual(ROUNDS * MOST_LINES);
  expect([verdict.childrenLeft, verdict.descriptorsLeft]).toEqual([0, []]);
  expect(verdict.rounds.map(({ series }) => series > 0)).toEqual(
    Array.from({ length: verdict.isOpened ? ROUNDS : 0 }, () => true),
  );
  // One round of the other agent may be late on a busy machine; what it tells is right.
  expect(verdict.others.filter((anomalies) => anomalies.some((resource) => resource !== FINDING))).toEqual(
    [],
  );
  expect(verdict.others.length - verdict.others.flat().length).toBeLessThan(verdict.others.length || 1);
}

describe("An agent and the one beside it are not harmed by a plugin with", () => {
  test.each(Object.entries(HOSTILE_MODULES))(
    "%s",
    async (_, module) => {
      let verdict = await verdictOf(module);
      // On a busy machine a call or a start can be too late that otherwise is not, though not each time.
      for (let again = 0; again < 2 && !isAsListed(verdict, module); again++)
        verdict = await verdictOf(module);
      expectHarmless(verdict, module);
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect("polluted" in {}).toBe(false);
    },
    TIMEOUT_MS,
  );
});

describe("An agent is not harmed by a process of a sandbox that", () => {
  test.each(Object.entries(HOSTILE_CHILDREN))(
    "%s",
    async (behaviour, { fails, says }) => {
      const verdict = await childTrial(behaviour);
      expect(verdict.failures.filter((failure) => !(fails as readonly string[]).includes(failure))).toEqual(
        [],
      );
      expect([...verdict.messages, ...verdict.lines].find((line) => says.test(line))).toMatch(says);
      expect(verdict.delayMs).toBeLessThan(MOST_DELAY_MS);
      expect(verdict.growth).toBeLessThan(MOST_GROWTH);
      expect(verdict.peak).toBeLessThan(MOST_PEAK);
      expect([verdict.childrenLeft, verdict.descriptorsLeft]).toEqual([0, []]);
    },
    TIMEOUT_MS,
  );
});

import { expect, test } from "bun:test";
import * as path from "node:path";
import { PluginError } from "../../src/model/errors.ts";
import { Sandbox } from "../../src/wasm/sandbox.ts";
import { SandboxGroup } from "../../src/wasm/sandbox-group.ts";
import { testLog } from "../support/test-log.ts";

const FAKE = path.join(import.meta.dir, "fake-guest.ts");
const LATE_MS = 100;
const GROWTH_BYTES = 5 * 1024 * 1024;
/** More than a pipe holds. */
const INPUT = new Uint8Array(16 * 1024 * 1024);
const LIMITS = { callSecs: 0.4, startSecs: 3 };

interface Row {
  readonly mode: string;
  readonly failure: PluginError["failure"];
  readonly message: string;
}

/** What a process in the hands of an attacker may do, and what comes of it. */
const ROWS: readonly Row[] = [
  {
    mode: "garbage",
    failure: "output",
    message: "its process sent a message of kind 255 that was not asked for, and was killed",
  },
  {
    mode: "garbage after ready",
    failure: "output",
    message: "its process sent a message of kind 255 that was not asked for, and was killed",
  },
  {
    mode: "flood of logs",
    failure: "output",
    message: "its process sent a message of kind 2 that was not asked for, and was killed",
  },
  {
    mode: "oversized frame",
    failure: "output",
    message: "its process sent a message of 2147483647 bytes, wanted at most 3145746, and was killed",
  },
  {
    mode: "answer to another request",
    failure: "output",
    message: "its process sent an answer to request 4, wanted one to 3, and was killed",
  },
  {
    mode: "second ready",
    failure: "output",
    message: "its process sent a message of kind 1 that was not asked for, and was killed",
  },
  {
    mode: "unknown kind",
    failure: "output",
    message: "its process sent a message of kind 77 that was not asked for, and was killed",
  },
  {
    mode: "lying variables",
    failure: "output",
    message: "its process sent an answer of another form, and was killed",
  },
  { mode: "too many variables", failure: "output", message: "variables have more than 1048576 bytes" },
  { mode: "silent", failure: "timeout", message: "no answer within 3 s, its process was killed" },
  {
    mode: "deaf to its input",
    failure: "timeout",
    message: "no answer within 0.4 s, its process was killed",
  },
  {
    mode: "one byte at a time",
    failure: "output",
    message: "its process sent its answer in tiny pieces, and was killed",
  },
  { mode: "exit", failure: "died", message: "its process ended by itself: exit code 7" },
  { mode: "closed output", failure: "died", message: "its process closed its output, and was killed" },
];

test.each(ROWS)(
  "a process that does this is killed, and the agent goes on: $mode",
  async ({ mode, failure, message }) => {
    let seen = await callOf(mode);
    // A busy machine delays the agent as well, though not each time.
    for (let again = 0; again < 3 && seen.longestTurnMs >= LATE_MS; again++) seen = await callOf(mode);
    const { error, lateMs, longestTurnMs, grownBytes, sandbox, pid } = seen;
    expect([error.failure, error.message]).toEqual([failure, `Cannot call "detect" of "fake": ${message}`]);
    expect(lateMs).toBeLessThan(LIMITS.startSecs * 1000 + LIMITS.callSecs * 1000);
    expect(longestTurnMs).toBeLessThan(LATE_MS);
    expect(grownBytes).toBeLessThan(GROWTH_BYTES);
    await sandbox.close();
    expect(isAlive(pid)).toBe(false);
  },
);

test("a process that takes too much memory is killed before its deadline", async () => {
  const { error } = await callOf("much memory", { callSecs: 10, startSecs: 5 });
  expect(error.failure).toBe("memory");
  expect(error.message).toMatch(
    /^Cannot call "detect" of "fake": its process took \d{9} bytes of memory, wanted at most 268435456, and was killed$/,
  );
});

test("a second answer ends the process, and the first one counts", async () => {
  const { sandbox, logged } = sandboxOf("second answer");
  expect(await sandbox.call("detect", new Uint8Array(0))).toEqual(Uint8Array.of(49));
  await until(() => sandbox.health().pid === undefined);
  expect(logged.filter(([level]) => level === "warning")).toEqual([
    [
      "warning",
      'The sandbox of "fake" was ended between two calls: its process sent a message of kind 3 that was not asked for, and was killed',
    ],
  ]);
  await sandbox.close();
});

test("an answer that comes while nobody waits ends the process", async () => {
  const { sandbox, logged } = sandboxOf("answer nobody asked for");
  expect(await sandbox.call("detect", new Uint8Array(0))).toEqual(new Uint8Array(0));
  await until(() => sandbox.health().pid === undefined);
  expect(logged.filter(([level]) => level === "warning")).toHaveLength(1);
  expect(sandbox.health()).toMatchObject({ state: "waiting", failures: 1, calls: 1 });
  await sandbox.close();
});

async function callOf(
  mode: string,
  limits: { readonly callSecs: number; readonly startSecs: number } = LIMITS,
) {
  const { sandbox } = sandboxOf(mode, limits);
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  const started = performance.now();
  let longestTurn = 0;
  let last = started;
  let most = before;
  let pid: number | undefined;
  const turns = setInterval(() => {
    const now = performance.now();
    longestTurn = Math.max(longestTurn, now - last);
    last = now;
    most = Math.max(most, process.memoryUsage.rss());
    pid ??= sandbox.health().pid;
  }, 1);
  const call = sandbox.call("detect", INPUT);
  const error = await call.catch((thrown: unknown) => thrown);
  const lateMs = performance.now() - started;
  clearInterval(turns);
  await sandbox.close();
  if (!(error instanceof PluginError)) throw error;
  return { error, lateMs, sandbox, pid: pid ?? 0, longestTurnMs: longestTurn, grownBytes: most - before };
}

function sandboxOf(mode: string, limits: { readonly callSecs: number; readonly startSecs: number } = LIMITS) {
  const { log, logged } = testLog();
  const group = new SandboxGroup({ limits, command: [process.execPath, FAKE, mode] });
  return { sandbox: new Sandbox({ name: "fake", bytes: new Uint8Array(8), log, limits, group }), logged };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition() && waited < 200; waited++) await Bun.sleep(10);
}

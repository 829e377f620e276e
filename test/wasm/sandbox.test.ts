import { afterEach, describe, expect, test } from "bun:test";
import { PluginError, type PluginFailure } from "../../src/model/errors.ts";
import { Sandbox, type SandboxOptions } from "../../src/wasm/sandbox.ts";
import { SandboxGroup } from "../../src/wasm/sandbox-group.ts";
import { type TestLog, testLog } from "../support/test-log.ts";
import { EMIT, EXTISM, wat } from "../support/wat.ts";

const NOTHING = new Uint8Array(0);
const UTF8 = new TextDecoder();
const open: Sandbox[] = [];

afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.close();
});

/** A module with these functions, which may use the memory from 1024 on and the texts below that. */
function moduleOf(functions: string, texts: readonly string[] = []): Uint8Array {
  const data = texts.map((text, index) => `(data (i32.const ${index * 64}) "${text}")`).join("\n");
  return wat(`(module ${EXTISM} (memory (export "memory") 32) ${data} ${EMIT} ${functions})`);
}

const SAMPLE = moduleOf(
  `(global $calls (mut i32) (i32.const 48))
  (func (export "echo") (result i32) (call $emit (i32.const 1024) (call $read (i32.const 1024))) (i32.const 0))
  (func (export "count") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store8 (i32.const 1024) (global.get $calls)) (call $emit (i32.const 1024) (i32.const 1)) (i32.const 0))
  (func (export "trap") (result i32) unreachable)
  (func (export "outside") (result i32) (i32.load (i32.const -8)))
  (func $deep (export "deep") (result i32) (i32.add (call $deep) (i32.const 1)))
  (func (export "fail") (result i32) (call $error_set (call $block (i32.const 0) (i32.const 8))) (i32.const 1))
  (func (export "seven") (result i32) (i32.const 7))
  (func (export "loop") (result i32) (loop $l (br $l)) (i32.const 0))
  (func (export "loop with host calls") (result i32) (loop $l (drop (call $input_length)) (br $l)) (i32.const 0))
  (func (export "setting") (result i32) (local $a i64)
    (local.set $a (call $config_get (call $block (i32.const 64) (i32.const 3))))
    (call $output_set (local.get $a) (call $length (local.get $a))) (i32.const 0))
  (func (export "remember") (result i32)
    (call $var_set (call $block (i32.const 64) (i32.const 3)) (call $block (i32.const 1024) (call $read (i32.const 1024))))
    (i32.const 0))
  (func (export "recall") (result i32) (local $a i64)
    (local.set $a (call $var_get (call $block (i32.const 64) (i32.const 3))))
    (call $output_set (local.get $a) (call $length (local.get $a))) (i32.const 0))
  (func (export "say") (result i32) (local $i i32)
    (loop $l (call $log_warn (call $block (i32.const 0) (i32.const 8)))
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 50))))
    (i32.const 0))
  (func (export "large output") (result i32)
    (call $output_set (call $alloc (i64.const 2000000)) (i64.const 2000000)) (i32.const 0))
  (func (export "output that is nowhere") (result i32) (call $output_set (i64.const 99) (i64.const 536870912)) (i32.const 0))
  (func (export "blocks without end") (result i32) (loop $l (drop (call $alloc (i64.const 1000000))) (br $l)) (i32.const 0))
  (func (export "memory without end") (result i32) (local $p i32)
    (loop $l (local.set $p (memory.grow (i32.const 16))) (br_if $l (i32.ne (local.get $p) (i32.const -1))))
    (memory.size))
  (func (export "parameters") (param i32) (result i32) (i32.const 0))`,
  ["bad news", "key"],
);

function sandboxOf(
  bytes: Uint8Array,
  options: Partial<SandboxOptions> = {},
): { readonly sandbox: Sandbox } & TestLog {
  const { log, logged } = testLog();
  const sandbox = new Sandbox({ name: "sample", bytes, log, ...options });
  open.push(sandbox);
  return { sandbox, log, logged };
}

async function text(call: Promise<Uint8Array>): Promise<string> {
  return UTF8.decode(await call);
}

/** `[failure, message]` of a call that is to fail. */
async function failing(call: Promise<unknown>): Promise<readonly [PluginFailure, string]> {
  const error = await call.catch((thrown: unknown) => thrown);
  if (!(error instanceof PluginError)) throw new Error(`Cannot see a PluginError: ${Bun.inspect(error)}`);
  return [error.failure, error.message];
}

describe("Sandbox", () => {
  test.each([0, 1, 7, 8, 9, 10_000, 1_000_000])(
    "call() gives %d bytes to the module and its output back",
    async (length) => {
      const { sandbox } = sandboxOf(SAMPLE);
      const input = Uint8Array.from({ length }, (_, index) => index % 251);
      expect(await sandbox.call("echo", input)).toEqual(input);
      expect(await sandbox.call("echo", input.subarray(1))).toEqual(input.subarray(1));
    },
  );

  test("a process that cannot be started is a failure like others, and is tried again later", async () => {
    const group = new SandboxGroup({ command: ["/nowhere/to/be/found"] });
    const { sandbox } = sandboxOf(SAMPLE, { group });
    const [failure, message] = await failing(sandbox.call("echo", new Uint8Array(0)));
    expect([failure, message]).toEqual([
      "died",
      expect.stringMatching(/^Cannot call "echo" of "sample": its process cannot be started: .*nowhere/),
    ]);
    expect((await failing(sandbox.call("echo", new Uint8Array(0))))[0]).toBe("waiting");
  });

  test("exports are known after the start, which runs nothing that was not asked for", async () => {
    const { sandbox } = sandboxOf(
      moduleOf(`(func (export "a") (result i32) unreachable) (func (export "b")) `),
    );
    expect([...sandbox.exports]).toEqual([]);
    await sandbox.start();
    expect([...sandbox.exports]).toEqual(["a", "b"]);
    expect(sandbox.health()).toEqual({
      state: "idle",
      starts: 1,
      failures: 0,
      calls: 0,
      pid: expect.any(Number),
    });
  });

  test("config reaches the module; a key that objects have by nature is none", async () => {
    const { sandbox } = sandboxOf(SAMPLE, { config: { key: "wert" } });
    expect(await text(sandbox.call("setting", NOTHING))).toBe("wert");
    expect(await text(sandboxOf(SAMPLE).sandbox.call("setting", NOTHING))).toBe("");
  });

  test.each<readonly [string, PluginFailure, string]>([
    ["trap", "trap", "Unreachable code should not be executed"],
    ["outside", "trap", "Out of bounds memory access"],
    ["deep", "trap", "Maximum call stack size exceeded."],
    ["fail", "error", "bad news"],
    ["seven", "error", '"seven" returned 7'],
    ["nowhere", "error", 'it has no function "nowhere"'],
    ["parameters", "error", 'its function "parameters" takes parameters'],
    ["large output", "output", "it answered 2000000 bytes, wanted at most 1048576"],
    ["output that is nowhere", "trap", "Unreachable code should not be executed"],
    ["blocks without end", "memory", "more than 83886080 bytes of Extism memory"],
    ["memory without end", "error", '"memory without end" returned 1024'],
  ])("call() says what a module did: %s", async (name, failure, message) => {
    const { sandbox } = sandboxOf(SAMPLE, { now: () => 0 });
    expect(await failing(sandbox.call(name, NOTHING))).toEqual([
      failure,
      `Cannot call "${name}" of "sample": ${message}`,
    ]);
  });

  test("a trap costs the instance and not the process; an error costs neither", async () => {
    const { sandbox } = sandboxOf(SAMPLE);
    const counts: string[] = [];
    for (const between of ["echo", "fail", "trap"]) {
      counts.push(await text(sandbox.call("count", NOTHING)));
      await sandbox.call(between, NOTHING).catch(() => undefined);
    }
    counts.push(await text(sandbox.call("count", NOTHING)));
    expect(counts).toEqual(["1", "2", "3", "1"]);
    expect(sandbox.health()).toMatchObject({ starts: 1, failures: 2, calls: 5 });
  });

  test.each(["loop", "loop with host calls"])(
    "a call that does not end is killed at its deadline: %s",
    async (name) => {
      let now = 0;
      const { sandbox } = sandboxOf(SAMPLE, { now: () => now, limits: { callSecs: 0.3 } });
      await sandbox.start();
      const { pid = 0 } = sandbox.health();
      const started = performance.now();
      expect(await failing(sandbox.call(name, NOTHING))).toEqual([
        "timeout",
        `Cannot call "${name}" of "sample": no answer within 0.3 s, its process was killed`,
      ]);
      expect(performance.now() - started).toBeLessThan(310);
      expect(await failing(sandbox.call("count", NOTHING))).toEqual([
        "waiting",
        'Cannot call "count" of "sample": it failed and is tried again in 0.5 s: no answer within 0.3 s, its process was killed',
      ]);
      now = 500;
      expect(await text(sandbox.call("count", NOTHING))).toBe("1");
      expect(sandbox.health().pid).not.toBe(pid);
      expect(sandbox.health()).toMatchObject({ state: "idle", starts: 2, failures: 1, calls: 1 });
    },
  );

  test("timeoutSecs can shorten the limit of a call and not lengthen it", async () => {
    const { sandbox } = sandboxOf(SAMPLE, { limits: { callSecs: 0.2 }, now: () => 0 });
    await sandbox.start();
    const [, long] = await failing(sandbox.call("loop", NOTHING, { timeoutSecs: 9 }));
    const { sandbox: other } = sandboxOf(SAMPLE, { now: () => 0 });
    await other.start();
    const [, short] = await failing(other.call("loop", NOTHING, { timeoutSecs: 0.1 }));
    expect([long, short]).toEqual([
      'Cannot call "loop" of "sample": no answer within 0.2 s, its process was killed',
      'Cannot call "loop" of "sample": no answer within 0.1 s, its process was killed',
    ]);
  });

  test("a hundred traps in a row leave the process as it was", async () => {
    const { sandbox } = sandboxOf(SAMPLE);
    const seen: string[] = [];
    for (let turn = 0; turn < 100; turn++) {
      seen.push((await failing(sandbox.call("trap", NOTHING)))[0]);
      // A success in between, or it would be put off.
      await sandbox.call("echo", NOTHING);
    }
    expect(new Set(seen)).toEqual(new Set(["trap"]));
    expect(sandbox.health()).toMatchObject({ starts: 1, failures: 100, calls: 100, state: "idle" });
  });

  test("a second call is refused while one is under way", async () => {
    const { sandbox } = sandboxOf(SAMPLE);
    const first = text(sandbox.call("echo", Uint8Array.of(104, 105)));
    expect(await failing(sandbox.call("echo", NOTHING))).toEqual([
      "waiting",
      'Cannot call "echo" of "sample": the call before has not been answered',
    ]);
    expect(sandbox.health()).toMatchObject({ state: "running" });
    expect(await first).toBe("hi");
  });

  test("variables survive a trap and another process", async () => {
    let now = 0;
    const { sandbox } = sandboxOf(SAMPLE, { now: () => now, limits: { callSecs: 0.2 } });
    await sandbox.call("remember", new TextEncoder().encode("state"));
    await sandbox.call("trap", NOTHING).catch(() => undefined);
    const afterTrap = await text(sandbox.call("recall", NOTHING));
    await sandbox.call("loop", NOTHING).catch(() => undefined);
    now = 10_000;
    expect([afterTrap, await text(sandbox.call("recall", NOTHING))]).toEqual(["state", "state"]);
    expect(sandbox.health().starts).toBe(2);
  });

  test("a variable that does not fit fails the call", async () => {
    const { sandbox } = sandboxOf(SAMPLE, { limits: { variableBytes: 1000 } });
    expect(await failing(sandbox.call("remember", new Uint8Array(1001)))).toEqual([
      "memory",
      'Cannot call "remember" of "sample": the variable "key" of 1001 bytes does not fit beside the 0 bytes of variables',
    ]);
  });

  test("lines of the module go to the logger, so many of a call, and the rest is counted", async () => {
    const { sandbox, logged } = sandboxOf(SAMPLE, { limits: { logLines: 2 } });
    await sandbox.call("say", NOTHING);
    await sandbox.call("say", NOTHING);
    const call = [
      ["warning", "bad news"],
      ["warning", "bad news"],
      ["info", 'The module "sample" logged more: 48 lines left out'],
    ];
    expect(logged.filter(([level]) => level !== "debug").map((line) => [...line])).toEqual([
      ...call,
      ...call,
    ]);
  });

  test("an input that is too large is refused before it is sent", async () => {
    const { sandbox } = sandboxOf(SAMPLE, { limits: { inputBytes: 10 } });
    expect(await failing(sandbox.call("echo", new Uint8Array(11)))).toEqual([
      "output",
      'Cannot call "echo" of "sample": an input of 11 bytes, wanted at most 10',
    ]);
  });

  test("a module that cannot be used is off for good, and says so to who starts it", async () => {
    let now = 0;
    const { sandbox, logged } = sandboxOf(wat(`(module (memory 65536))`), { now: () => now });
    const why = "it begins with a memory of 65536 pages of 64 KiB, wanted at most 1024";
    expect(await failing(sandbox.start())).toEqual(["load", `Cannot start "sample": ${why}`]);
    now = 1e9;
    expect(await failing(sandbox.start())).toEqual([
      "waiting",
      `Cannot start "sample": it failed and is tried again at the next start of the agent: ${why}`,
    ]);
    expect(sandbox.health()).toMatchObject({ state: "off", starts: 1, failures: 1 });
    expect(logged.filter(([level]) => level === "error")).toEqual([]);
  });

  test.each(["(start $s)", '(export "_initialize" (func $s))'])(
    "the time for a start holds for %s",
    async (how) => {
      const bytes = wat(`(module (memory 1) (func $s (loop $l (br $l))) ${how})`);
      const { sandbox } = sandboxOf(bytes, { limits: { startSecs: 0.3 } });
      const [failure, message] = await failing(sandbox.start());
      expect([failure, message]).toEqual([
        "timeout",
        'Cannot start "sample": no answer within 0.3 s, its process was killed',
      ]);
    },
  );

  test("init is called in each fresh instance, with its input", async () => {
    const bytes = moduleOf(`(global $n (mut i32) (i32.const 0))
      (func (export "init") (result i32) (global.set $n (i32.add (global.get $n) (call $read (i32.const 1024)))) (i32.const 0))
      (func (export "trap") (result i32) unreachable)
      (func (export "show") (result i32)
        (i32.store8 (i32.const 0) (i32.add (global.get $n) (i32.const 48))) (call $emit (i32.const 0) (i32.const 1)) (i32.const 0))`);
    const { sandbox } = sandboxOf(bytes, { init: new Uint8Array(3) });
    const first = await text(sandbox.call("show", NOTHING));
    await sandbox.call("trap", NOTHING).catch(() => undefined);
    expect([first, await text(sandbox.call("show", NOTHING))]).toEqual(["3", "3"]);
    const { sandbox: without } = sandboxOf(bytes);
    expect(await text(without.call("show", NOTHING))).toBe("0");
  });

  test("after five failures in a row it is off, said once, and tried again after ten minutes", async () => {
    let now = 0;
    const { sandbox, logged } = sandboxOf(SAMPLE, { now: () => now });
    const pauses: number[] = [];
    for (let failure = 1; failure <= 7; failure++) {
      const before = now;
      while ((await failing(sandbox.call("trap", NOTHING)))[0] === "waiting") now += 500;
      pauses.push(now - before);
    }
    expect(pauses).toEqual([0, 0, 500, 1000, 2000, 600_000, 600_000]);
    expect(logged.filter(([level]) => level === "error")).toHaveLength(1);
    expect(sandbox.health().state).toBe("off");
    now += 600_000;
    expect(await text(sandbox.call("count", NOTHING))).toBe("1");
    expect(sandbox.health()).toMatchObject({ state: "idle", failures: 7 });
    expect(logged.at(-1)).toEqual(["info", 'The module "sample" works again']);
  });

  test("close() ends the process, is safe twice and unstarted, and nothing can be called any more", async () => {
    const { sandbox, logged } = sandboxOf(SAMPLE);
    await sandbox.start();
    const { pid = 0 } = sandbox.health();
    const call = failing(sandbox.call("loop", NOTHING));
    await Bun.sleep(50);
    await sandbox.close();
    await sandbox.close();
    expect(await call).toEqual(["died", 'Cannot call "loop" of "sample": it was closed']);
    expect(await failing(sandbox.call("echo", NOTHING))).toEqual([
      "died",
      'Cannot call "echo" of "sample": it was closed',
    ]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(logged.filter(([level]) => level !== "debug")).toEqual([]);
    await sandboxOf(SAMPLE).sandbox.close();
  });

  test("modules of a group share a process; one that is killed takes the others' instances along, not their state", async () => {
    const group = new SandboxGroup({});
    let now = 0;
    const options = { group, now: () => now, limits: { callSecs: 0.3 } };
    const { sandbox: a } = sandboxOf(SAMPLE, options);
    const { sandbox: b } = sandboxOf(SAMPLE, options);
    await Promise.all([a.call("remember", Uint8Array.of(97)), b.call("remember", Uint8Array.of(98))]);
    expect(a.health().pid).toBe(b.health().pid);
    expect(await failing(a.call("loop", NOTHING))).toEqual([
      "timeout",
      'Cannot call "loop" of "sample": no answer within 0.3 s, its process was killed',
    ]);
    expect(await text(b.call("recall", NOTHING))).toBe("b");
    expect(b.health()).toMatchObject({ failures: 0, state: "idle" });
    expect(a.health().state).toBe("waiting");
    now = 1000;
    expect(await text(a.call("recall", NOTHING))).toBe("a");
    await a.close();
    expect(await text(b.call("recall", NOTHING))).toBe("b");
  });
});

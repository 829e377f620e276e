import { describe, expect, test } from "bun:test";
import { generateKeyPairSync, sign } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { PluginError } from "../../src/model/errors.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import { WasmDetector } from "../../src/wasm/detector.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { DESCRIPTION, type PluginParts, pluginModule } from "../support/plugin-wat.ts";
import { tempTree } from "../support/tree.ts";

const TASK = {
  id: "a",
  name: "a",
  cgroupPath: "/a",
  subcgroupPaths: [],
  labels: {},
  resources: {},
  identity: 1,
};

function snapshot(): Snapshot {
  return {
    timeMs: Date.now(),
    intervalSecs: 5,
    platform: undefined,
    platformMeasurements: { load: 1 },
    tasks: [{ task: TASK, measurements: { seen: 1, unseen: { cpu: 2 } } }],
  };
}

/** A detector of a module in a file; `using` removes the file. */
async function detectorOf(parts: PluginParts | Uint8Array, options: Readonly<Record<string, unknown>> = {}) {
  const tree = tempTree({});
  const module = path.join(tree.root, "finder.wasm");
  fs.writeFileSync(module, parts instanceof Uint8Array ? parts : pluginModule(parts), { mode: 0o644 });
  const context = { ...testContext(tree.host), now: Date.now };
  const parsed = z.object(WasmDetector.component.options).parse({ module, ...options });
  const detector = new WasmDetector(parsed, context);
  return {
    detector,
    context,
    module,
    [Symbol.asyncDispose]: async () => {
      await detector.close();
      tree[Symbol.dispose]();
    },
  };
}

/** What was logged but for details. */
function said({ context }: { readonly context: TestContext }): TestContext["logged"] {
  return context.logged.filter(([level]) => level !== "debug");
}

/** What is said of a module that cannot be opened. */
async function refusal(
  parts: PluginParts | Uint8Array,
  options: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  await using made = await detectorOf(parts, options);
  try {
    await made.detector.open();
    return "opened";
  } catch (error) {
    return (error as Error).message.replaceAll(made.module, "FILE");
  }
}

async function failureOf(promise: Promise<unknown>): Promise<readonly [string, string]> {
  try {
    await promise;
    return ["none", ""];
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return [error.failure, error.message];
  }
}

const ANOMALY = { resource: "cpus", contendedTaskId: "a", contendingTaskIds: [] };
const OPTIONS = {
  type: "object",
  properties: {
    threshold: { type: "number", minimum: 0, default: 3, description: "How many sigma." },
    mode: { enum: ["slow", "fast"] },
    name: { type: "string" },
    deep: { type: "object", properties: { list: { type: "array", items: { type: "integer" } } } },
  },
  required: ["name"],
  additionalProperties: false,
};

describe("WasmDetector", () => {
  test("gives what the module says", async () => {
    await using made = await detectorOf({
      detect: { anomalies: [ANOMALY], metrics: [{ name: "m", value: 1 }] },
    });
    await made.detector.open();
    expect(await made.detector.detect(snapshot())).toEqual({
      anomalies: [{ resource: "cpus", contendedTaskId: "a", contendingTaskIds: [] }],
      metrics: [{ name: "m", value: 1, labels: {} }],
    });
    expect(said(made)).toEqual([["info", "Runs finder: Finds what it is told to find."]]);
  });

  test("shows the module the measurements that it wants", async () => {
    const wanting = { ...DESCRIPTION, measurements: ["seen"], platformMeasurements: [] };
    await using made = await detectorOf({ describe: wanting, before: "(call $say_input)" });
    await made.detector.open();
    const seen = snapshot();
    await made.detector.detect(seen);
    expect(JSON.parse(said(made)[1]?.[1] ?? "")).toEqual({
      timeMs: seen.timeMs,
      intervalSecs: 5,
      platformMeasurements: {},
      tasks: [{ ...TASK, measurements: { seen: 1 } }],
    });
  });

  test("gives init and Extism's config the options with defaults filled in", async () => {
    await using made = await detectorOf(
      {
        describe: { ...DESCRIPTION, version: "1.2", options: OPTIONS },
        init: "(call $say_input) (call $say_config (i32.const 8) (i32.const 9)) (call $say_config (i32.const 20) (i32.const 4))",
        more: '(data (i32.const 8) "threshold") (data (i32.const 20) "name")',
      },
      { config: { name: "x y" } },
    );
    await made.detector.open();
    const lines = said(made).map(([, text]) => text);
    const options = { threshold: 3, name: "x y" };
    const message = { protocol: 1, options, hostname: made.context.hostname, agentVersion: "0.0.0-test" };
    expect(JSON.parse(lines[0] ?? "")).toEqual(message);
    expect(lines.slice(1)).toEqual(["3", "x y", "Runs finder 1.2: Finds what it is told to find."]);
  });

  test("tells all faults of its config with their paths", async () => {
    const described = { describe: { ...DESCRIPTION, options: OPTIONS } };
    const config = { treshold: 1, threshold: -1, mode: "fest", deep: { list: [1, "2"] } };
    expect((await refusal(described, { config })).split("; ")).toEqual([
      "config.threshold: saw number -1, wanted a number of at least 0",
      'config.mode: saw text "fest", wanted one of "slow", "fast", did you mean "fast"?',
      'config.name: missing "name", wanted text',
      'config.deep.list[1]: saw text "2", wanted an integer: leave out the quotes',
      'config.treshold: unknown key "treshold", did you mean "threshold"? known are threshold, mode, name, deep',
    ]);
  });

  const refused: readonly (readonly [string, PluginParts, string])[] = [
    [
      "another version of the protocol",
      { describe: { ...DESCRIPTION, protocol: 2 } },
      "Cannot use the module: saw version 2 of the protocol, wanted 1",
    ],
    [
      "an allocator",
      {
        describe: { ...DESCRIPTION, role: "allocator" },
        more: '(func (export "allocate") (result i32) (i32.const 0))',
      },
      "Cannot use the module finder: it is an allocator, and no runner of this version takes one; wanted a detector",
    ],
    [
      "an unknown role",
      { describe: { ...DESCRIPTION, role: "storage" } },
      'Cannot use the answer of "describe": role: saw text "storage", wanted one of "detector", "allocator"',
    ],
    [
      "no JSON",
      { describe: "hello" },
      'Cannot use the answer of "describe": saw "hello", wanted JSON: Unexpected identifier "hello"',
    ],
    [
      "no describe",
      { without: ["describe"] },
      'Cannot use the module: there is no export "describe", it exports detect',
    ],
    [
      "no detect",
      { without: ["detect"] },
      'Cannot use the module: there is no export "detect", it exports describe',
    ],
    [
      "options with a regular expression",
      { describe: { ...DESCRIPTION, options: { properties: { a: { type: "string", pattern: "(a+)+$" } } } } },
      'Cannot use the options of the module: options.properties.a: saw the keyword "pattern", which options cannot have; wanted some of $schema, $comment, title, description, unit, default, examples, deprecated, const, enum, type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, minItems, maxItems, items, properties, required, additionalProperties, anyOf, oneOf',
    ],
    [
      "a default that does not fit",
      { describe: { ...DESCRIPTION, options: { properties: { a: { type: "number", default: "x" } } } } },
      'Cannot use the options of the module: options.properties.a: its default "x" is not one of its values',
    ],
  ];
  test.each(refused)("does not open with %s", async (_, parts, message) => {
    expect(await refusal(parts)).toBe(message);
  });

  test("ends a call with the kind of the failure, and goes on", async () => {
    await using made = await detectorOf({ detect: { anomalies: {} } });
    await made.detector.open();
    for (let round = 0; round < 2; round++) {
      expect(await failureOf(made.detector.detect(snapshot()))).toEqual([
        "output",
        'Cannot use the answer of "detect": anomalies: saw an object, wanted a list',
      ]);
    }
    const { wca_plugin_memory_bytes, ...rest } = made.detector.selfMeasurements();
    const { finder: memory = 0 } = wca_plugin_memory_bytes as Record<string, number>;
    expect(memory).toBeGreaterThan(10e6);
    expect(rest).toEqual({
      wca_plugin_up: { finder: 1 },
      wca_plugin_calls_total: { finder: 2 },
      wca_plugin_failures_total: {
        finder: { timeout: 0, trap: 0, error: 0, died: 0, memory: 0, output: 2, load: 0, waiting: 0 },
      },
      wca_plugin_restarts_total: { finder: 0 },
    });
  });

  test("ends a call that traps", async () => {
    await using made = await detectorOf({ before: "unreachable" });
    await made.detector.open();
    const [failure] = await failureOf(made.detector.detect(snapshot()));
    expect(failure).toBe("trap");
  });

  test("ends a call that does not answer within its limit, and says when it may be tried again", async () => {
    const limits = { call_seconds: 0.2 };
    await using made = await detectorOf({ before: "(loop (br 0))" }, { limits });
    await made.detector.open();
    const started = performance.now();
    const [failure, message] = await failureOf(made.detector.detect(snapshot()));
    expect(failure).toBe("timeout");
    expect(message).toContain("0.2 s");
    expect(performance.now() - started).toBeLessThan(1000);
    expect((await failureOf(made.detector.detect(snapshot())))[0]).toBe("waiting");
    const { wca_plugin_up, wca_plugin_failures_total } = made.detector.selfMeasurements();
    expect(wca_plugin_up).toEqual({ finder: 0 });
    expect(wca_plugin_failures_total).toMatchObject({ finder: { timeout: 1, waiting: 1 } });
  });

  test("ends a call before a runner goes on, with the same words after a restart", async () => {
    await using made = await detectorOf({ before: "(loop (br 0))" });
    await made.detector.open();
    const round = () => made.detector.detect({ ...snapshot(), intervalSecs: 1, timeMs: Date.now() });
    const [failure, message] = await failureOf(round());
    expect([failure, message]).toEqual(["timeout", expect.stringContaining("no answer within 0.48 s")]);
    await Bun.sleep(600);
    expect(await failureOf(round())).toEqual([failure, message]);
    expect(made.detector.selfMeasurements()["wca_plugin_restarts_total"]).toEqual({ finder: 1 });
  });

  test("gives a call no more than what is left of the interval", async () => {
    await using made = await detectorOf({ before: "(loop (br 0))" }, { limits: { call_seconds: 10 } });
    await made.detector.open();
    const started = performance.now();
    const late = { ...snapshot(), intervalSecs: 0.5, timeMs: Date.now() - 300 };
    expect((await failureOf(made.detector.detect(late)))[0]).toBe("timeout");
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("does not wait longer than its limit for a module that never says what it is", async () => {
    const limits = { start_seconds: 0.3 };
    const looping = { more: "(func $loop (loop (br 0))) (start $loop)" };
    const started = performance.now();
    expect(await refusal(looping, { limits })).toContain('Cannot start "finder"');
    expect(performance.now() - started).toBeLessThan(4000);
  });

  test("shares a process with others only where it is asked to", async () => {
    const bytes = pluginModule();
    const tree = tempTree({});
    fs.writeFileSync(path.join(tree.root, "m.wasm"), bytes, { mode: 0o644 });
    const context = { ...testContext(tree.host), now: Date.now };
    const options = (process?: string) =>
      z.object(WasmDetector.component.options).parse({ module: `${tree.root}/m.wasm`, process });
    const detectors = [options("both"), options("both"), options()].map(
      (each) => new WasmDetector(each, context),
    );
    for (const detector of detectors) await detector.open();
    // Each is described in a process of its own before; then one for two, and one.
    const starts = context.logged.filter(
      ([level, text]) => level === "debug" && text.startsWith("Started a sandbox"),
    );
    expect(starts).toHaveLength(3 + 2);
    for (const detector of detectors) expect(await detector.detect(snapshot())).toEqual({ anomalies: [] });
    for (const detector of detectors) await detector.close();
    tree[Symbol.dispose]();
  });

  test("closes unopened and twice", async () => {
    await using made = await detectorOf({});
    await made.detector.close();
    await made.detector.open();
    await made.detector.close();
    await made.detector.close();
    expect(await failureOf(made.detector.detect(snapshot()))).toEqual([
      "waiting",
      "Cannot call the module: it is not open",
    ]);
  });
});

describe("WasmDetector, whose module is checked", () => {
  const bytes = pluginModule();
  const digest = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const spki = publicKey.export({ type: "spki", format: "der" });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const signature = sign(null, bytes, privateKey).toString("base64");
  const other = sign(null, pluginModule({ detect: "{}" }), privateKey).toString("base64");

  test.each([
    ["by its digest", { sha256: digest }],
    ["by its digest in capitals", { sha256: digest.toUpperCase() }],
    ["by its signature and a key in PEM", { signature, public_key: pem }],
    [
      "by its signature and a key of 32 bytes",
      { signature, public_key: spki.subarray(12).toString("base64") },
    ],
    ["by its signature and a key as SPKI", { signature, public_key: spki.toString("base64") }],
  ])("opens %s", async (_, options) => {
    expect(await refusal(bytes, options)).toBe("opened");
  });

  const zeros = "0".repeat(64);
  test.each([
    ["another digest", { sha256: zeros }, `Cannot use the module: saw SHA-256 ${digest}, wanted ${zeros}`],
    [
      "a signature of other bytes",
      { signature: other, public_key: pem },
      "Cannot use the module: its signature is not one of these bytes with this key",
    ],
    [
      "no key",
      { signature, public_key: Buffer.from("short").toString("base64") },
      "c2hvcnQ=: Cannot open the file: there is no such file",
    ],
    [
      "no signature",
      { signature: "nowhere", public_key: pem },
      "nowhere: Cannot open the file: there is no such file",
    ],
  ])("does not open with %s", async (_, options, message) => {
    expect(await refusal(bytes, options)).toBe(message);
  });

  test("takes signature and key from files", async () => {
    using tree = tempTree({ "key.pem": pem, "module.sig": `${signature}\n` });
    fs.chmodSync(path.join(tree.root, "key.pem"), 0o644);
    const files = { signature: `${tree.root}/module.sig`, public_key: `${tree.root}/key.pem` };
    expect(await refusal(bytes, files)).toBe("opened");
    fs.chmodSync(path.join(tree.root, "key.pem"), 0o664);
    expect(await refusal(bytes, files)).toBe(
      `${tree.root}/key.pem: saw mode 0664, wanted a file that only its owner can write: chmod go-w ${tree.root}/key.pem`,
    );
  });

  test("may be writable by others with a digest, and not without", async () => {
    async function withMode(options: Readonly<Record<string, unknown>>): Promise<string> {
      await using made = await detectorOf(bytes, options);
      fs.chmodSync(made.module, 0o664);
      return await made.detector.open().then(
        () => "opened",
        (error: Error) => error.message.replaceAll(made.module, "FILE"),
      );
    }
    expect(await withMode({ sha256: digest })).toBe("opened");
    expect(await withMode({})).toBe(
      "FILE: saw mode 0664, wanted a file that only its owner can write: chmod go-w FILE",
    );
  });

  test("needs a key for a signature", () => {
    expect(detectorOf(bytes, { signature })).rejects.toThrow('option "signature" needs "public_key"');
    expect(detectorOf(bytes, { public_key: pem })).rejects.toThrow('option "public_key" needs "signature"');
  });
});

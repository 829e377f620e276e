/*
 * bun bench/wasm.ts [calls]: what a call of a plugin costs. The sandbox and Extism's own SDK in this process call
 * the same module in turn; then start, memory, and a round of 500 tasks in each form of the input. See README.md.
 */
import * as fs from "node:fs";
import createPlugin from "@extism/extism";
import { LOG_LEVELS, type Log } from "../src/model/log.ts";
import type { Measurements } from "../src/model/metric.ts";
import { encoderOf } from "../src/protocol/encoder.ts";
import { INPUT_FORMS, type SnapshotMessage } from "../src/protocol/messages.ts";
import { Sandbox } from "../src/wasm/sandbox.ts";
import { EXTISM, wat } from "../test/support/wat.ts";

const WARM_UP = 60;
const STARTS = 15;
const KIB = 1024;
const TASKS = 500;
const MEASUREMENTS = 40;
const SIZES = [
  { name: "10 KB", bytes: 10 * KIB, aimMs: 0.3 },
  { name: "100 KB", bytes: 100 * KIB, aimMs: 1 },
  { name: "1 MB", bytes: 1024 * KIB, aimMs: 5 },
] as const;
const AIM_START_MS = 100;
const AIM_PRIVATE_MB = 10;

const [calls = 300] = process.argv.slice(2).map(Number);

/** Reads the whole input into its memory by words of 8 bytes, as PDKs do, and answers two bytes. */
const READER = wat(`(module ${EXTISM} (memory (export "memory") 64)
  (func (export "run") (result i32) (local $n i32) (local $i i32) (local $a i64)
    (local.set $n (i32.wrap_i64 (call $input_length)))
    (block $done (loop $next
      (br_if $done (i32.gt_u (i32.add (local.get $i) (i32.const 8)) (local.get $n)))
      (i64.store (i32.add (i32.const 1024) (local.get $i)) (call $input_load_u64 (i64.extend_i32_u (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br $next)))
    (local.set $a (call $alloc (i64.const 2)))
    (call $store_u8 (local.get $a) (i32.const 123))
    (call $store_u8 (i64.add (local.get $a) (i64.const 1)) (i32.const 125))
    (call $output_set (local.get $a) (i64.const 2))
    (i32.const 0)))`);

const log = Object.fromEntries(LOG_LEVELS.map((level) => [level, () => undefined])) as unknown as Log;

function sandbox(): Sandbox {
  return new Sandbox({ name: "reader", bytes: READER, log, limits: { callSecs: 10 } });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await call();
  return performance.now() - started;
}

function verdict(value: number, aim: number): string {
  return value <= aim ? "met" : "**not met**";
}

/** A, B, A, B: what else the machine does is the same for both. */
async function compare(): Promise<void> {
  const ours = sandbox();
  const sdk = await createPlugin({ wasm: [{ data: READER.slice() }] }, {});
  console.log(
    "| input | sandbox median ms | p99 | Extism SDK in process median ms | p99 | SDK by sandbox | aim |",
  );
  console.log("|---|--:|--:|--:|--:|--:|---|");
  for (const { name, bytes, aimMs } of SIZES) {
    const input = new Uint8Array(bytes).fill(97);
    const times = { ours: [] as number[], sdk: [] as number[] };
    for (let call = 0; call < WARM_UP + calls; call++) {
      const ourMs = await timed(() => ours.call("run", input));
      const sdkMs = await timed(() => sdk.call("run", input));
      if (call < WARM_UP) continue;
      times.ours.push(ourMs);
      times.sdk.push(sdkMs);
    }
    const [median, p99] = [quantile(times.ours, 0.5), quantile(times.ours, 0.99)];
    const [sdkMedian, sdkP99] = [quantile(times.sdk, 0.5), quantile(times.sdk, 0.99)];
    const cells = [
      name,
      ...[median, p99, sdkMedian, sdkP99].map((value) => value.toFixed(2)),
      (sdkMedian / median).toFixed(1),
      `${aimMs}: ${verdict(median, aimMs)}`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  await ours.close();
  await sdk.close();
}

async function startAndMemory(): Promise<void> {
  const starts: number[] = [];
  const memory: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const fresh = sandbox();
    starts.push(await timed(() => fresh.call("run", new Uint8Array(KIB))));
    memory.push(privateMb(fresh.health().pid ?? 0));
    await fresh.close();
  }
  const [startMs, mb] = [quantile(starts, 0.5), quantile(memory, 0.5)];
  console.log(
    `\nstart to first answer: ${startMs.toFixed(0)} ms (${Math.min(...starts).toFixed(0)} to ${Math.max(...starts).toFixed(0)}), aim ${AIM_START_MS}: ${verdict(startMs, AIM_START_MS)}`,
  );
  console.log(
    `private memory of an idle process: ${mb.toFixed(1)} MB (${Math.min(...memory).toFixed(1)} to ${Math.max(...memory).toFixed(1)}), aim ${AIM_PRIVATE_MB}: ${verdict(mb, AIM_PRIVATE_MB)}`,
  );
}

/** proc_pid_smaps(5) */
function privateMb(pid: number): number {
  const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  const kb = [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].map(([, value]) => Number(value));
  return kb.reduce((sum, value) => sum + value, 0) / 1000;
}

/** 500 tasks as the agent measures them: half of the measurements by themselves, half below two levels. */
function snapshot(round: number): SnapshotMessage {
  const tasks = Array.from({ length: TASKS }, (_, index) => {
    const measurements: Record<string, Measurements[string]> = {};
    for (let each = 0; each < MEASUREMENTS / 2; each++) {
      measurements[`task_measurement_${each}_seconds_total`] = round * 1.37 + index * 0.11 + each;
    }
    for (let each = 0; each < MEASUREMENTS / 4; each++) {
      measurements[`task_level_${each}_bytes`] = { 0: (round + index + each) * 4096, 1: index * 4096 };
    }
    const id = `task-${index}`;
    return {
      id,
      name: `workload/${id}`,
      cgroupPath: `/kubepods/burstable/pod-${index}`,
      subcgroupPaths: [],
      labels: { app: "service", workload_instance: `${id}-1` },
      resources: { cpus: 2, mem: 4e9 },
      identity: 4000 + index,
      measurements,
    };
  });
  return { timeMs: 1.7e12 + round * 1000, intervalSecs: 1, platformMeasurements: { load: round }, tasks };
}

async function forms(): Promise<void> {
  console.log(
    `\n| form, ${TASKS} tasks of ${MEASUREMENTS} values | bytes | encoding ms | call ms | both, median | p99 |`,
  );
  console.log("|---|--:|--:|--:|--:|--:|");
  const running = INPUT_FORMS.map((form) => ({
    form,
    encoder: encoderOf(form),
    sandbox: sandbox(),
    bytes: 0,
    encoding: [] as number[],
    both: [] as number[],
  }));
  for (let round = 0; round < WARM_UP + calls / 3; round++) {
    const message = snapshot(round);
    for (const each of running) {
      const started = performance.now();
      const input = each.encoder.encode(message);
      const encoded = performance.now();
      await each.sandbox.call("run", input);
      each.bytes = input.length;
      if (round < WARM_UP) continue;
      each.encoding.push(encoded - started);
      each.both.push(performance.now() - started);
    }
  }
  for (const { form, bytes, encoding, both, sandbox: done } of running) {
    const calling = both.map((ms, index) => ms - (encoding[index] ?? 0));
    const cells = [
      quantile(encoding, 0.5),
      quantile(calling, 0.5),
      quantile(both, 0.5),
      quantile(both, 0.99),
    ].map((value) => value.toFixed(2));
    console.log(`| ${[form, bytes, ...cells].join(" | ")} |`);
    await done.close();
  }
}

await compare();
await startAndMemory();
await forms();
process.exit();

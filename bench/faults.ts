/*
 * bun bench/faults.ts [storage…]
 *
 * What becomes of metrics when the receiver of a storage fails: the real agent, real servers, and the faults
 * down at start, down mid-run, slow, rejecting and back again. Counts every sample, and how long rounds took.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Account, accountOf } from "./faults/account.ts";
import { runAgent } from "./faults/agent.ts";
import { fileReceiver } from "./faults/file-receiver.ts";
import { httpReceiver } from "./faults/http-receiver.ts";
import { kafkaReceiver } from "./faults/kafka-receiver.ts";
import { otelReceiver } from "./faults/otel-receiver.ts";
import { prometheusReceiver } from "./faults/prometheus-receiver.ts";
import type { Receiver, ReceiverMaker } from "./faults/receiver.ts";

const RECEIVERS: Readonly<Record<string, ReceiverMaker>> = {
  LogStorage: fileReceiver,
  HTTPStorage: httpReceiver,
  KafkaStorage: kafkaReceiver,
  RemoteWriteStorage: prometheusReceiver,
  OtlpStorage: otelReceiver,
};

/** How long all is well before a fault and after it; how long faults last. */
const WELL_MS = 5_000;
const FAULT_MS = 6_000;
/** Of a receiver that comes back: the longest pause of the delivery, and the time of servers to find themselves. */
const RECOVERY_MS = 12_000;

type Fault = (receiver: Receiver) => Promise<readonly [number, number]>;

const FAULTS: Readonly<Record<string, Fault>> = {
  "no fault": async (receiver) => {
    await receiver.start();
    await Bun.sleep(WELL_MS);
    return [Date.now(), Date.now()];
  },
  "down at start": (receiver) => during(undefined, () => receiver.start()),
  "down mid-run": async (receiver) => {
    await receiver.start();
    await Bun.sleep(WELL_MS);
    return during(
      () => receiver.kill(),
      () => receiver.start(),
    );
  },
  slow: async (receiver) => {
    await receiver.start();
    await Bun.sleep(WELL_MS);
    return during(
      async () => receiver.pause?.(),
      async () => receiver.resume?.(),
    );
  },
  rejecting: async (receiver) => {
    await receiver.start();
    await Bun.sleep(WELL_MS);
    return during(
      () => receiver.reject?.(),
      () => receiver.accept?.(),
    );
  },
};

/** The times between which the fault lasted. */
async function during(
  begin: (() => Promise<void> | undefined) | undefined,
  end: () => Promise<void> | undefined,
): Promise<readonly [number, number]> {
  await begin?.();
  const from = Date.now();
  await Bun.sleep(FAULT_MS);
  const to = Date.now();
  await end();
  await Bun.sleep(RECOVERY_MS);
  return [from, to];
}

async function measured(name: string, fault: string): Promise<Account | undefined> {
  const make = RECEIVERS[name];
  const inject = FAULTS[fault];
  if (make === undefined || inject === undefined) throw new TypeError(`Cannot find ${name} or ${fault}`);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-faults-"));
  try {
    await using receiver = await make(directory);
    if (fault === "rejecting" && receiver.reject === undefined) return undefined;
    if (fault === "slow" && receiver.pause === undefined) return undefined;
    const faulted = await runAgent(directory, receiver.storage, () => inject(receiver));
    return accountOf(faulted, await receiver.arrivals());
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const wanted = process.argv.slice(2);
  const names = wanted.length > 0 ? wanted : Object.keys(RECEIVERS);
  let wrong = 0;
  console.log(
    "| storage | fault | sent | received once | again | dropped, counted | unaccounted | median round before, during, after ms | latest start before, during, after ms |",
  );
  console.log("|---|---|--:|--:|--:|--:|--:|---|---|");
  for (const name of names) {
    for (const fault of Object.keys(FAULTS)) {
      const account = await measured(name, fault);
      if (account === undefined) continue;
      const { sent, receivedOnce, receivedAgain, dropped, unaccounted, strange, rounds } = account;
      if (unaccounted !== 0 || strange !== 0) wrong++;
      const cells = [
        name,
        fault,
        sent,
        receivedOnce,
        receivedAgain,
        dropped,
        `${unaccounted}${strange > 0 ? ` (${strange} strange)` : ""}`,
        rounds.map(({ medianMs }) => shown(medianMs, 1)).join(", "),
        rounds.map(({ latestMs }) => shown(latestMs, 0)).join(", "),
      ];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
  return wrong === 0 ? 0 : 1;
}

function shown(milliseconds: number, digits: number): string {
  return Number.isNaN(milliseconds) ? "–" : milliseconds.toFixed(digits);
}

process.exit(await main());

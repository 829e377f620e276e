/* The storage behind the agent's queue, and receivers that fail: what is counted as delivered is there once. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorageDeliveries } from "../../../src/delivery/deliveries.ts";
import type { PrometheusServer } from "../../support/prometheus-server.ts";
import { allSamples, type Front, receivers, startFront, startReceiver, writeUrl } from "./receivers.ts";
import { metric, type Sample, storageOf } from "./storage-of.ts";

const SLOW_MS = 180_000;
const PATIENCE_MS = 90_000;
const SERIES = 250;

interface Counts {
  readonly offered: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly queued: number;
  /** Calls that failed. */
  readonly failures: number;
}

interface Scene {
  readonly server: PrometheusServer;
  readonly front: Front;
  /** Of the server. */
  readonly pid: () => number;
  /** Offers one batch; each has a later time and other values. */
  readonly round: (options?: { readonly timeMs: number }) => void;
  readonly counts: () => Counts;
  /** Until nothing waits, or so many have been delivered. */
  readonly until: (done: (counts: Counts) => boolean) => Promise<void>;
}

const nothingWaits = ({ queued }: Counts): boolean => queued === 0;

/** Through the front a server that is away would be one that answers. */
const NEEDS_FRONT = new Set(["says 503 and 429, and loses answers", "refuses a batch for good"]);

/** Each fault, as a story; rounds that were offered in it are checked afterwards. */
const FAULTS: Readonly<Record<string, (scene: Scene) => Promise<{ readonly dropped: number }>>> = {
  "is down at the start": async ({ server, round, until }) => {
    await server.kill();
    for (let i = 0; i < 4; i++) round();
    await until(({ failures }) => failures > 0);
    await server.restart();
    await until(nothingWaits);
    return { dropped: 0 };
  },
  "is killed and started again": async ({ server, round, until }) => {
    round();
    await until(({ delivered }) => delivered === SERIES);
    for (let i = 0; i < 3; i++) round();
    await server.kill();
    for (let i = 0; i < 3; i++) round();
    await until(({ failures }) => failures > 0);
    await server.restart();
    round();
    await until(nothingWaits);
    return { dropped: 0 };
  },
  "stands still": async ({ pid, round, until }) => {
    round();
    await until(nothingWaits);
    process.kill(pid(), "SIGSTOP");
    // Its threads stop one after the other.
    while (!threadStates(pid()).every((state) => state === "T")) await Bun.sleep(1);
    for (let i = 0; i < 3; i++) round();
    await until(({ failures }) => failures > 0);
    process.kill(pid(), "SIGCONT");
    await until(nothingWaits);
    return { dropped: 0 };
  },
  "says 503 and 429, and loses answers": async ({ front, round, until }) => {
    round();
    await until(nothingWaits);
    let count = 0;
    front.misbehave = () => {
      count++;
      if (count % 3 === 1) return new Response("busy", { status: 503, headers: { "retry-after": "1" } });
      return count % 3 === 2 ? new Response("slow down", { status: 429 }) : undefined;
    };
    front.loseAnswers = true;
    for (let i = 0; i < 3; i++) round();
    while (count < 4) await Bun.sleep(20);
    front.misbehave = undefined;
    front.loseAnswers = false;
    await until(nothingWaits);
    return { dropped: 0 };
  },
  "refuses a batch for good": async ({ front, round, until }) => {
    round();
    await until(nothingWaits);
    front.misbehave = () => new Response("no", { status: 403 });
    round();
    await until(nothingWaits);
    front.misbehave = undefined;
    // Older than what it has.
    round({ timeMs: Date.now() - 3000_000 });
    await until(nothingWaits);
    round();
    await until(nothingWaits);
    return { dropped: 2 * SERIES };
  },
};

/** `T`: stopped. proc_pid_stat(5) */
function threadStates(pid: number): (string | undefined)[] {
  return readdirSync(`/proc/${pid}/task`).map(
    (thread) => /\) (\S)/.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8"))?.[1],
  );
}

async function play(receiver: Awaited<ReturnType<typeof receivers>>[number], name: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "wca-receiver-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rmSync(directory, { recursive: true, force: true }));
  const pidFile = join(directory, "pid");
  const noting = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', pidFile, ...receiver.program];
  const server = cleanup.use(await startReceiver({ ...receiver, program: noting }));
  const front = cleanup.use(startFront(server.url));
  const { storage, logged } = cleanup.use(
    storageOf({
      url: writeUrl(NEEDS_FRONT.has(name) ? front : server),
      max_samples_per_send: 100,
      timeout: 1,
      metadata: false,
    }),
  );
  const log = { error() {}, warning() {}, info() {}, debug() {} } as never;
  const deliveries = new StorageDeliveries(() => log);
  cleanup.defer(() => deliveries.settle(0));
  await storage.open();
  const outlet = deliveries.to(storage);
  const metrics: Sample[] = Array.from({ length: SERIES }, (_, index) =>
    metric("m", 0, { labels: { n: `${index}` } }),
  );
  const firstMs = Date.now() - 100_000;
  let rounds = 0;
  const count = (what: string): number =>
    (deliveries.measurements()[`wca_${what}`] as Record<string, number>)["RemoteWriteStorage"] ?? 0;
  const counts = (): Counts => ({
    offered: count("metrics_offered_total"),
    delivered: count("metrics_delivered_total"),
    dropped: count("metrics_dropped_total"),
    queued: count("metrics_queued"),
    failures: count("component_failures_total"),
  });
  const fault = FAULTS[name];
  if (fault === undefined) throw new Error(`No fault "${name}"`);
  const { dropped } = await fault({
    server,
    front,
    counts,
    pid: () => Number(readFileSync(pidFile, "utf8")),
    round({ timeMs } = { timeMs: firstMs + rounds * 1000 }) {
      metrics.forEach((one, index) => {
        one.value = timeMs + index;
      });
      outlet.offer(metrics, timeMs);
      rounds++;
    },
    async until(done) {
      for (const end = Date.now() + PATIENCE_MS; !done(counts()); await Bun.sleep(10)) {
        if (Date.now() > end) throw new Error(`Waited in vain: ${JSON.stringify([counts(), logged])}`);
      }
    },
  });
  const offered = rounds * SERIES;
  expect(counts()).toMatchObject({ offered, delivered: offered - dropped, dropped, queued: 0 });
  const there = await allSamples(server, "m");
  expect(there.size).toBe(offered - dropped);
  for (const [key, value] of there) {
    const [, n, timeMs] = /"n":"(\d+)".*@(\d+)$/.exec(key) ?? [];
    expect(Number(value)).toBe(Number(timeMs) + Number(n));
  }
}

describe.each([...(await receivers())])("Every sample is at $name once or counted as dropped", (receiver) => {
  test.each(Object.keys(FAULTS))("when it %s", (name) => play(receiver, name), SLOW_MS);
});

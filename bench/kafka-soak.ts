/*
 * bun bench/kafka-soak.ts [options]: the real agent with KafkaStorage beside a real broker that is killed and
 * comes back every minute. Reads the topic back with kcat and accounts for every metric; ends with 1 when one
 * is missing or there twice. Needs root, Java, Maven and apt. See docs/kafka.md.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { KAFKA_VERSIONS, type KafkaNode, type KafkaVersion, startKafka } from "../test/support/kafka.ts";
import { kcatProgram } from "../test/support/kcat.ts";
import { resident } from "./process-figures.ts";

const USAGE = `bun bench/kafka-soak.ts [options]
  --minutes N      how long (30)
  --every SECS     from one death of the broker to the next (60)
  --down SECS      how long it is dead (10)
  --interval SECS  of the agent (1)
  --agent FILE     measure this executable instead of the source
  --kafka VERSION  ${KAFKA_VERSIONS.join(" or ")}
`;
const MAIN = path.join(import.meta.dirname, "../src/main.ts");
const TOPIC = "wca-soak";
/** Between two looks at the agent's memory. */
const SAMPLE_MS = 2_000;
/** Once the broker is back for good: the longest pause of the delivery, and the time to send what waited. */
const RECOVERY_MS = 45_000;
const MIB = 2 ** 20;

interface Options {
  readonly minutes: number;
  readonly everyMs: number;
  readonly downMs: number;
  readonly intervalSecs: number;
  readonly agent: readonly string[];
  readonly version: KafkaVersion;
}

/** Resident memory at a time, milliseconds since the start. */
interface MemorySample {
  readonly atMs: number;
  readonly bytes: number;
}

/** From when to when the broker was away, milliseconds since the epoch. */
type Outage = readonly [number, number];

/** The last words of the agent. */
interface Account {
  readonly taken: number;
  readonly delivered: number;
  readonly dropped: number;
}

/** What kcat read. */
interface Arrivals {
  readonly samples: number;
  readonly twice: number;
  readonly messages: number;
  /** How long rounds took, in seconds, by the time of the batch that tells it. */
  readonly rounds: readonly { readonly timeMs: number; readonly seconds: number }[];
  /** Times of batches, in order. */
  readonly batches: readonly number[];
}

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === undefined) return;
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-soak-"));
  try {
    // Some settings of a broker that has a load; the rest is as it comes.
    await using kafka = await startKafka({
      version: options.version,
      settings: { "log.segment.bytes": "104857600" },
    });
    const { account, memory, outages, log } = await runAgent(directory, kafka.node, options);
    const arrivals = await readBack(kafka.node.address);
    report({ options, account, memory, outages, arrivals, log });
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "30" },
      every: { type: "string", default: "60" },
      down: { type: "string", default: "10" },
      interval: { type: "string", default: "1" },
      agent: { type: "string" },
      kafka: { type: "string", default: KAFKA_VERSIONS[0] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return undefined;
  }
  const version = KAFKA_VERSIONS.find((each) => each === values.kafka);
  if (version === undefined) throw new TypeError(`Cannot run Kafka "${values.kafka}"\n${USAGE}`);
  return {
    minutes: Number(values.minutes),
    everyMs: Number(values.every) * 1000,
    downMs: Number(values.down) * 1000,
    intervalSecs: Number(values.interval),
    agent: values.agent === undefined ? [process.execPath, MAIN] : [values.agent],
    version,
  };
}

function configuration(address: string, intervalSecs: number): string {
  return `runner: !MeasurementRunner
  interval: ${intervalSecs}
  node: !CgroupNode {depth: 1}
  metrics_storage: !KafkaStorage
    topic: ${TOPIC}
    brokers_ips: ["${address}"]
    max_message_bytes: 100000
`;
}

async function runAgent(directory: string, node: KafkaNode, options: Options) {
  const config = path.join(directory, "agent.yaml");
  fs.writeFileSync(config, configuration(node.address, options.intervalSecs), { mode: 0o600 });
  const agent = Bun.spawn([...options.agent, "-c", config, "--root"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const reading = Promise.all([agent.stdout.text(), agent.stderr.text()]);
  const memory: MemorySample[] = [];
  const startedAt = performance.now();
  const sampling = setInterval(() => {
    try {
      memory.push({ atMs: performance.now() - startedAt, bytes: resident(agent.pid).now });
    } catch {
      // It has ended; its status tells why.
    }
  }, SAMPLE_MS);
  try {
    const outages = await outagesOf(node, options, agent.exited);
    await Promise.race([Bun.sleep(RECOVERY_MS), agent.exited]);
    agent.kill("SIGTERM");
    const log = (await reading).join("");
    const status = await agent.exited;
    if (status !== 0) throw new Error(`The agent ended with ${status}:\n${log}`);
    return { account: accountOf(log), memory, outages, log };
  } finally {
    clearInterval(sampling);
    agent.kill("SIGKILL");
  }
}

async function outagesOf(
  node: KafkaNode,
  options: Options,
  ended: Promise<unknown>,
): Promise<readonly Outage[]> {
  const { minutes, everyMs, downMs } = options;
  const until = Date.now() + minutes * 60_000;
  const outages: Outage[] = [];
  let alive = true;
  ended.then(() => {
    alive = false;
  });
  const pause = (ms: number) => Promise.race([Bun.sleep(ms), ended]);
  while (Date.now() < until) {
    await pause(Math.min(everyMs - downMs, until - Date.now()));
    if (Date.now() >= until || !alive) break;
    const from = Date.now();
    await node.kill();
    await pause(downMs);
    await node.start();
    outages.push([from, Date.now()]);
    console.error(`${new Date().toISOString()} outage ${outages.length} is over`);
  }
  return outages;
}

function accountOf(log: string): Account {
  const found = /KafkaStorage: (\d+) metrics taken, (\d+) delivered, (\d+) dropped/.exec(log);
  if (found === null) throw new Error(`The agent did not say what became of metrics:\n${log}`);
  const [taken = 0, delivered = 0, dropped = 0] = found.slice(1).map(Number);
  return { taken, delivered, dropped };
}

async function readBack(address: string): Promise<Arrivals> {
  const command = [
    ...(await kcatProgram()),
    "-C",
    "-q",
    "-e",
    "-u",
    "-o",
    "beginning",
    "-b",
    address,
    "-t",
    TOPIC,
  ];
  const kcat = Bun.spawn([...command, "-f", "%s#message\n"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const seen = new Set<number>();
  const batches = new Set<number>();
  const rounds: { timeMs: number; seconds: number }[] = [];
  let twice = 0;
  let messages = 0;
  for await (const line of linesOf(kcat.stdout)) {
    if (line === "#message") messages++;
    if (line === "" || line.startsWith("#")) continue;
    const [, series = "", value = "", time = ""] = /^(.*) (\S+) (\d+)$/.exec(line) ?? [];
    // 53 bits of a good hash: the names themselves would take gigabytes.
    const key = Number(BigInt(Bun.hash(`${series}@${time}`)) & 0x1fffffffffffffn);
    if (seen.has(key)) twice++;
    seen.add(key);
    batches.add(Number(time));
    if (series.startsWith("wca_duration_seconds{") && series.includes('function="iteration"')) {
      rounds.push({ timeMs: Number(time), seconds: Number(value) });
    }
  }
  if ((await kcat.exited) !== 0) throw new Error("Cannot read the topic back");
  return { samples: seen.size, twice, messages, rounds, batches: [...batches].sort((a, b) => a - b) };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

interface Findings {
  readonly options: Options;
  readonly account: Account;
  readonly memory: readonly MemorySample[];
  readonly outages: readonly Outage[];
  readonly arrivals: Arrivals;
  readonly log: string;
}

function report({ options, account, memory, outages, arrivals, log }: Findings): void {
  const missing = account.taken - account.dropped - arrivals.samples;
  const isDuring = (timeMs: number) => outages.some(([from, to]) => timeMs >= from && timeMs <= to);
  // The first round is start-up.
  const rounds = arrivals.rounds.slice(1);
  const during = rounds.filter(({ timeMs }) => isDuring(timeMs)).map(({ seconds }) => seconds * 1000);
  const otherwise = rounds.filter(({ timeMs }) => !isDuring(timeMs)).map(({ seconds }) => seconds * 1000);
  const gaps = arrivals.batches.slice(1).map((time, index) => time - (arrivals.batches[index] as number));
  const findings = {
    kafka: options.version,
    minutes: options.minutes,
    outages: outages.length,
    metrics: account,
    readBack: { metrics: arrivals.samples, messages: arrivals.messages, batches: arrivals.batches.length },
    duplicates: arrivals.twice,
    missing,
    rssMiB: memoryByPart(memory),
    rssGrowthMiBPerHour: growthPerHour(memory),
    roundMs: { otherwise: spread(otherwise), duringOutages: spread(during) },
    betweenRoundsMs: spread(gaps),
  };
  console.log(JSON.stringify(findings, undefined, 2));
  const spoken = log.split("\n").filter((line) => /level=(?:warning|error)/.test(line));
  console.error(`\n${spoken.length} lines of warnings and errors; the last:\n${spoken.slice(-5).join("\n")}`);
  if (missing !== 0 || arrivals.twice !== 0) process.exitCode = 1;
}

/** Mean of each tenth of the run. */
function memoryByPart(memory: readonly MemorySample[]): readonly number[] {
  const size = Math.max(1, Math.ceil(memory.length / 10));
  const parts: number[] = [];
  for (let start = 0; start < memory.length; start += size) {
    const part = memory.slice(start, start + size);
    parts.push(part.reduce((sum, { bytes }) => sum + bytes, 0) / part.length / MIB);
  }
  return parts.map((value) => Math.round(value * 10) / 10);
}

/** Slope of a line through the samples of the second half, when caches are warm. */
function growthPerHour(memory: readonly MemorySample[]): number {
  const half = memory.slice(Math.floor(memory.length / 2));
  const meanAt = half.reduce((sum, { atMs }) => sum + atMs, 0) / half.length;
  const meanBytes = half.reduce((sum, { bytes }) => sum + bytes, 0) / half.length;
  const across = half.reduce((sum, { atMs, bytes }) => sum + (atMs - meanAt) * (bytes - meanBytes), 0);
  const along = half.reduce((sum, { atMs }) => sum + (atMs - meanAt) ** 2, 0);
  return Math.round(((across / along) * 3_600_000) / MIB);
}

function spread(values: readonly number[]): Readonly<Record<"median" | "p99" | "most", number>> {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) * 10) /
    10;
  return { median: at(0.5), p99: at(0.99), most: at(1) };
}

await main(process.argv.slice(2));

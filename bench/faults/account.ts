import { type Faulted, INTERVAL_SECS } from "./agent.ts";

/** Samples by series and time, `name{a="b"}@1531729598000`, with the number of times that each arrived. */
export type Arrivals = ReadonlyMap<string, number>;

/** What became of every sample of one run. */
export interface Account {
  /** What the agent measured: the samples in the file that a second storage of the same run wrote. */
  readonly sent: number;
  readonly receivedOnce: number;
  readonly receivedAgain: number;
  /** Counted as dropped by the agent. */
  readonly dropped: number;
  /** Neither received nor counted as dropped; negative when samples arrived that are counted as dropped. */
  readonly unaccounted: number;
  /** Arrived, but was never measured. */
  readonly strange: number;
  /** Before the fault, during it and afterwards, while what waited is worked off. */
  readonly rounds: readonly [before: Rounds, during: Rounds, after: Rounds];
}

/** Of the rounds of some time; NaN when there were none. In milliseconds. */
export interface Rounds {
  /** Median of how long they took. */
  readonly medianMs: number;
  /** Longest by which one started later than it should have, to the millisecond. */
  readonly latestMs: number;
}

/** The key of a sample whose labels may come in any order. */
export function sampleKey(name: string, labels: Readonly<Record<string, string>>, timeMs: number): string {
  const sorted = Object.keys(labels)
    .sort()
    .map((label) => `${label}=${JSON.stringify(labels[label])}`);
  return `${name}{${sorted.join(",")}}@${timeMs}`;
}

/** Samples of a Prometheus text with timestamps. */
export function samplesOf(text: string): readonly string[] {
  const keys: string[] = [];
  for (const line of text.split("\n")) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+ (\d+)$/.exec(line);
    if (found === null) continue;
    const [, name = "", inner = "", time] = found;
    const labels: Record<string, string> = {};
    for (const [, label = "", value] of inner.matchAll(/([a-zA-Z_]\w*)=("(?:[^"\\]|\\.)*")/g)) {
      labels[label] = JSON.parse(value ?? '""') as string;
    }
    keys.push(sampleKey(name, labels, Number(time)));
  }
  return keys;
}

export function counted(keys: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

export function accountOf({ text, taken, dropped, faultMs }: Faulted, arrivals: Arrivals): Account {
  const sent = new Set(samplesOf(text));
  let receivedOnce = 0;
  let receivedAgain = 0;
  let strange = 0;
  for (const [key, times] of arrivals) {
    if (!sent.has(key)) strange++;
    else if (times === 1) receivedOnce++;
    else receivedAgain++;
  }
  const rounds = roundsOf(text);
  const [from, to] = faultMs;
  return {
    sent: taken,
    receivedOnce,
    receivedAgain,
    dropped,
    unaccounted: taken - receivedOnce - receivedAgain - dropped,
    strange,
    rounds: [
      figuresOf(rounds.filter(({ timeMs }) => timeMs < from)),
      figuresOf(rounds.filter(({ timeMs }) => timeMs >= from && timeMs <= to)),
      figuresOf(rounds.filter(({ timeMs }) => timeMs > to)),
    ],
  };
}

interface Round {
  readonly timeMs: number;
  readonly tookMs: number;
  readonly lateMs: number;
}

/** A round tells how long the one before it took. The first one is start-up, and the last one nobody tells of. */
function roundsOf(text: string): readonly Round[] {
  const told = [...text.matchAll(/^wca_duration_seconds\{.*function="iteration".*\} (\S+) (\d+)$/gm)].map(
    ([, seconds, timeMs]) => ({ timeMs: Number(timeMs), beforeTookMs: Number(seconds) * 1000 }),
  );
  return told.slice(1, -1).map(({ timeMs }, index) => ({
    timeMs,
    tookMs: told[index + 2]?.beforeTookMs ?? Number.NaN,
    lateMs: timeMs - (told[index]?.timeMs ?? Number.NaN) - INTERVAL_SECS * 1000,
  }));
}

function figuresOf(rounds: readonly Round[]): Rounds {
  return {
    medianMs: median(rounds.map(({ tookMs }) => tookMs)),
    latestMs: rounds.length === 0 ? Number.NaN : Math.max(...rounds.map(({ lateMs }) => lateMs)),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

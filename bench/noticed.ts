import * as fs from "node:fs";

/** An anomaly as it left the agent in one round, for one contender. */
export interface Noticed {
  readonly timeMs: number;
  readonly contended: string;
  readonly contending: string;
  readonly state: string;
}

export interface Truth {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly victim: string;
  readonly neighbour: string;
}

export interface Verdict {
  /** Anomalies that began before the neighbour did. */
  readonly falseOnsets: number;
  /** Pairs that were named, `victim < neighbour`, with the rounds in which they were. */
  readonly named: Readonly<Record<string, number>>;
  /** Absent: the right ones were not named. */
  readonly onsetSecs?: number;
  /** After the neighbour stopped; absent: it did not end. */
  readonly clearSecs?: number;
  readonly isFine: boolean;
}

const MOST_ONSET_SECS = 15;
const SAMPLE = /^anomaly\{(.*)\} \S+ (\d+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** What stands in a file of LogStorage with times. */
export function readNoticed(file: string): readonly Noticed[] {
  const lines = fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n") : [];
  return lines.flatMap((line) => {
    const [, labels = "", time] = SAMPLE.exec(line) ?? [];
    if (time === undefined) return [];
    const by = Object.fromEntries([...labels.matchAll(LABEL)].map(([, name, value]) => [name, value]));
    const { contended_task_id: contended = "", contending_task_id: contending = "", state = "" } = by;
    return [{ timeMs: Number(time), contended, contending, state }];
  });
}

export function verdictOf(noticed: readonly Noticed[], truth: Truth): Verdict {
  const { beganMs, endedMs, victim, neighbour } = truth;
  const named: Record<string, number> = {};
  for (const { contended, contending } of noticed) {
    const pair = `${shortly(contended)} < ${shortly(contending)}`;
    named[pair] = (named[pair] ?? 0) + 1;
  }
  const falseOnsets = noticed.filter(({ timeMs, state }) => state === "onset" && timeMs < beganMs).length;
  const isRight = ({ contended, contending }: Noticed) => contended === victim && contending === neighbour;
  const since = noticed.filter(({ timeMs }) => timeMs >= beganMs);
  const onset = since.find((one) => one.state === "onset" && isRight(one));
  const clear = since.find((one) => one.state === "clear" && one.timeMs >= endedMs && isRight(one));
  const onsetSecs = onset && (onset.timeMs - beganMs) / 1000;
  return {
    falseOnsets,
    named,
    ...(onsetSecs !== undefined && { onsetSecs }),
    ...(clear && { clearSecs: (clear.timeMs - endedMs) / 1000 }),
    isFine:
      falseOnsets === 0 &&
      noticed.every(isRight) &&
      onsetSecs !== undefined &&
      onsetSecs <= MOST_ONSET_SECS &&
      clear !== undefined,
  };
}

function shortly(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
